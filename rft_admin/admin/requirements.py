"""The screen of what people need on the day."""

from typing import Any

from flask_admin.form import BaseForm
from markupsafe import Markup
from wtforms import BooleanField
from wtforms.validators import InputRequired, Optional

from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.bookings import NEEDED, reference_to
from rft_admin.admin.fields import LongTextField, StatusField
from rft_admin.admin.registry import screen
from rft_admin.bookings import requirements
from rft_admin.bookings.models import (
    Booking,
    ConsentBy,
    RequirementType,
    Severity,
    SpecialRequirement,
)
from rft_admin.core import clock
from rft_admin.core.database import db, unit_of_work


class NewRequirementForm(BaseForm):  # type: ignore[misc] # as above
    """What somebody told the office, with his consent."""

    booking_id = reference_to("bookings", "Booking", validators=[NEEDED])
    requirement_type = StatusField("Kind", RequirementType)
    details = LongTextField("Details", validators=[NEEDED])
    severity = StatusField("Severity", Severity, may_be_empty=True, validators=[Optional()])
    share_with_trainer = BooleanField("Share with the trainer")
    consent = BooleanField(
        "The person agreed that this is kept until the course is over",
        validators=[InputRequired("It may be kept with the person's consent only.")],
    )


@screen(SpecialRequirement)
class SpecialRequirementView(TableView):
    """Needs on the day; the details are encrypted and each look is logged."""

    group, icon, title, singular = "Bookings", "heart", "Requirements", "requirement"
    is_sought = False
    can_delete = False
    question = "Who needs something special, and is it taken care of?"
    column_list = (
        "requirement_type",
        "booking_id",
        "user_id",
        "severity",
        "requires_action",
        "action_completed",
        "share_with_trainer",
        "purge_after",
    )
    column_searchable_list = ("booking.booking_reference", "user.full_name")
    column_filters = (
        "requirement_type",
        "severity",
        "requires_action",
        "action_completed",
        "booking_id",
    )
    default_order = (("id", True),)
    scopes = {
        "todo": ListScope(
            "To do",
            lambda: (
                SpecialRequirement.requires_action.is_(True)
                & SpecialRequirement.action_completed.is_(False)
            ),
        )
    }
    new_form = NewRequirementForm
    form_columns = (
        "severity",
        "requires_action",
        "action_completed",
        "is_confidential",
        "share_with_trainer",
    )
    not_in_form = {
        name: reason
        for names, reason in (
            (("booking_id", "user_id", "attendee_id", "requirement_type", "details"), "as told"),
            (
                ("handled_by_id", "consent_given_at", "consent_by", "purge_after"),
                "written by the system",
            ),
        )
        for name in names
    }

    def extra_facts(self, row: Any) -> list[tuple[str, Any]]:
        """Show the details to whoever may see them; the look is logged."""
        try:
            with unit_of_work(by=self.actor()):
                plain = requirements.read(row, by=self.actor())
        except requirements.DetailsPurged as error:
            plain = error.message
        return [("Details", Markup("{}").format(plain))]

    def save_new(self, form: BaseForm) -> Any:
        """Keep what was told, encrypted; the office's word for the consent."""
        return requirements.add(
            db.session.get_one(Booking, form.booking_id.data),
            requirement_type=form.requirement_type.data.value,
            details=form.details.data,
            consent_by=ConsentBy.OFFICE,
            severity=form.severity.data,
            share_with_trainer=form.share_with_trainer.data,
            now=clock.now(),
            by=self.actor(),
        )

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Change what the office decides; doing it is written down with the person's name."""
        is_done = form.action_completed.data and not row.action_completed
        if is_done:
            requirements.mark_handled(row, by=self.actor())
        super().save_changes(form, row)
