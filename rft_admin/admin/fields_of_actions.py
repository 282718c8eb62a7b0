"""The small forms inside actions: a reason, an amount, a way of payment."""

from calendar import day_name
from datetime import timedelta
from typing import Any

from flask_admin.form import BaseForm
from wtforms import DateField, IntegerField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional, ValidationError

from rft_admin.admin.fields import (
    LondonDateTimeField,
    LongTextField,
    PoundsField,
    ReferenceField,
    TextField,
)
from rft_admin.admin.lookup import find_row, look_up
from rft_admin.core import clock
from rft_admin.payments.service import MANUAL_METHODS

METHODS = [SelectChoice(method, method.capitalize()) for method in MANUAL_METHODS]
NEEDED = "Please fill this in."
#: Beside a reason that stands in a letter.
READ = "The customer reads it."
FURTHEST = timedelta(days=3 * 365)


class ReasonForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """Why it is done, kept in the audit."""

    reason = LongTextField("Reason", validators=[InputRequired(NEEDED)])


class ToldReasonForm(BaseForm):  # type: ignore[misc] # as above
    """Why it is done, kept in the audit and told to the customer."""

    reason = LongTextField("Reason", description=READ, validators=[InputRequired(NEEDED)])


class PaymentForm(BaseForm):  # type: ignore[misc] # as above
    """Money that came by another way than the card."""

    amount = PoundsField(
        "Amount",
        validators=[InputRequired(NEEDED), NumberRange(min=0.01, message="Please enter more.")],
    )
    payment_method = SelectField("Paid by", choices=METHODS)
    reference = TextField("Reference on the statement", validators=[Optional()])


class RefundForm(BaseForm):  # type: ignore[misc] # as above
    """A refund: by the tariff, or another amount with a reason."""

    amount = PoundsField(
        "Amount to send",
        description="Empty: by the tariff shown above.",
        validators=[Optional(), NumberRange(min=0.01, message="Please enter more.")],
    )
    reason = LongTextField("Reason", description=READ, validators=[InputRequired(NEEDED)])


class ApprovalForm(BaseForm):  # type: ignore[misc] # as above
    """Approval as reckoned, or of another amount with a reason."""

    amount = PoundsField(
        "Another amount to send",
        description="Empty: as reckoned.",
        validators=[Optional(), NumberRange(min=0.01, message="Please enter more.")],
    )
    reason = LongTextField(
        "Reason", description="Needed for another amount.", validators=[Optional()]
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Return whether it makes sense: another amount has its reason, asked before any row."""
        is_sound: bool = super().validate(extra_validators)
        if is_sound and self.amount.data is not None and not (self.reason.data or "").strip():
            self.reason.errors = ["Please give a reason; the customer reads it."]
            return False
        return is_sound


class ResponseForm(BaseForm):  # type: ignore[misc] # as above
    """An answer to an inquiry."""

    response = LongTextField("Answer", validators=[InputRequired(NEEDED)])


class ConversionForm(BaseForm):  # type: ignore[misc] # as above
    """How the new booking is to be paid."""

    payment_method = SelectField(
        "Pays by",
        choices=[
            SelectChoice("card", "Card, by the link in the letter"),
            SelectChoice("invoice", "Invoice"),
        ],
    )


class StartForm(BaseForm):  # type: ignore[misc] # as above
    """When the repeated date begins."""

    starts_at = LondonDateTimeField("Starts", validators=[InputRequired(NEEDED)])

    def validate_starts_at(self, field: Any) -> None:
        """Refuse a beginning in the past or years away.

        :raises ValidationError: if it lies there.
        """
        now = clock.now()
        if field.data is not None and not now < field.data < now + FURTHEST:
            raise ValidationError("Please choose a time to come, within three years.")


class PublicationForm(BaseForm):  # type: ignore[misc] # as above
    """Publishing; a date shorter than its course needs a reason."""

    reason = LongTextField(
        "Reason for fewer hours",
        description="Only for a date with fewer contact hours than its course; kept in the audit.",
        validators=[Optional()],
    )


class SeriesForm(BaseForm):  # type: ignore[misc] # as above
    """Which weekday, how often, until when."""

    weekday = SelectField(
        "On every", choices=[SelectChoice(str(n), day) for n, day in enumerate(day_name)]
    )
    every_weeks = IntegerField(
        "Weeks from one to the next",
        default=1,
        validators=[InputRequired(NEEDED), NumberRange(1, 52)],
    )
    until = DateField("Last day on which one may begin", validators=[InputRequired(NEEDED)])

    def validate_until(self, field: Any) -> None:
        """Refuse a day years away.

        :raises ValidationError: if it lies there.
        """
        if field.data is not None and field.data > clock.london_date(clock.now() + FURTHEST):
            raise ValidationError("Please choose a day within three years.")


class LetterForm(BaseForm):  # type: ignore[misc] # as above
    """A letter to everybody on a date."""

    subject = TextField("Subject", validators=[InputRequired(NEEDED)])
    message = LongTextField("Message", validators=[InputRequired(NEEDED)])


class TransferForm(BaseForm):  # type: ignore[misc] # as above
    """Another date for a booking."""

    schedule_id = ReferenceField(
        "New date",
        find=lambda row_id: find_row("course_schedules", row_id),
        look_up=lambda text: look_up("course_schedules", text, limit=6),
        table="course_schedules",
        validators=[InputRequired(NEEDED)],
    )
