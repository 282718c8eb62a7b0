"""The public forms: they check the shape of what was typed; the services check the rules."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from rft_admin.bookings.models import RequirementType
from rft_admin.bookings.orders import (
    LONGEST_NAME,
    LONGEST_TEXT,
    EmailInvalid,
    PhoneInvalid,
    normalise_email,
    normalise_phone,
)
from rft_admin.core.errors import DomainError
from rft_admin.core.formats import label_of

MOST_PEOPLE = 12
LONGEST_EMAIL = 254
LONGEST_KEY = 200

CHOOSE = "Please choose one of the options."
KINDS_OF_NEED = {kind.value: label_of(kind) for kind in RequirementType}


def check_email(_form: Form, field: Field) -> None:
    """Refuse an address that mail could not reach.

    :raises ValidationError: saying so.
    """
    try:
        normalise_email(field.data)
    except EmailInvalid as error:
        raise ValidationError(error.message) from error


def check_phone(_form: Form, field: Field) -> None:
    """Refuse what cannot be a phone number; nothing is fine.

    :raises ValidationError: saying so.
    """
    try:
        normalise_phone(field.data or "")
    except PhoneInvalid as error:
        raise ValidationError(error.message) from error


def check_text(_form: Form, field: Field) -> None:
    """Refuse characters that no text column can keep.

    :raises ValidationError: saying so.
    """
    if "\x00" in (field.data or ""):
        raise ValidationError("Please remove the unreadable character.")


def strip(typed: Any) -> Any:
    """Return the text without space around it."""
    return typed.strip() if isinstance(typed, str) else typed


def text(
    label: str,
    ask: str = "",
    *,
    longest: int = LONGEST_NAME,
    kind: type[StringField] = StringField,
    checks: tuple[Any, ...] = (),
) -> StringField:
    """Return a text field; with `ask` it must be filled in, and that is the sentence."""
    must = DataRequired(ask) if ask else Optional(strip_whitespace=True)
    length = Length(max=longest, message=f"Please use at most {longest} characters.")
    return kind(label, validators=[must, length, check_text, *checks], filters=[strip])


def tick(label: str) -> BooleanField:
    """Return a box to tick."""
    return BooleanField(label, false_values=(False, "false", "", "0", "n", "no"))


class WholeNumberField(IntegerField):
    """A whole number; what is none gets a sentence of our own."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number.

        :raises ValueError: with the sentence, if it is none.
        """
        try:
            super().process_formdata([typed.strip() for typed in valuelist])
        except ValueError as error:
            raise ValueError("Please enter a whole number.") from error


class PublicForm(FlaskForm):
    """A form whose faults can be listed above it, each linked to its field."""

    class Meta(FlaskForm.Meta):
        """The page's language decides nothing: our sentences are our own."""

        locales = False

    def fault_list(self) -> list[tuple[str, str]]:
        """Return each fault as the id of its field and its sentence, in the form's order."""
        own = [("content", str(words)) for words in self.form_errors]
        return own + [fault for field in self for fault in _faults(field)]

    def refuse(self, error: DomainError) -> bool:
        """Put a rule's refusal beside its field; return False when it belongs to none."""
        name = error.field or ""
        if name not in self:
            return False
        self[name].errors = [*self[name].errors, error.message]
        return True


def _faults(field: Field) -> list[tuple[str, str]]:
    if isinstance(field, FieldList):
        return [fault for entry in field.entries for fault in _faults(entry)]
    if isinstance(field, FormField):
        return [fault for inner in field.form for fault in _faults(inner)]
    return [(field.id, str(field.errors[0]))] if field.errors else []


class PersonForm(Form):
    """One person besides the booker; what is not known yet stays open."""

    first_name = text("First name")
    last_name = text("Last name")
    email = text("E-mail", kind=EmailField, longest=LONGEST_EMAIL, checks=(check_email,))
    may_have_needs = tick("This person may have needs. We write and ask.")


class BookingForm(PublicForm):
    """The booking form; which choices it has, its page sets from the settings."""

    first_name = text("First name", "Please enter your first name.")
    last_name = text("Last name", "Please enter your last name.")
    email = text(
        "E-mail",
        "Please enter your e-mail address.",
        kind=EmailField,
        longest=LONGEST_EMAIL,
        checks=(check_email,),
    )
    phone = text(
        "Phone", "Please enter your phone number.", kind=TelField, longest=30, checks=(check_phone,)
    )
    customer_type = RadioField(
        "I am booking as",
        choices={"individual": "A private person", "business": "A business"},
        default="individual",
        invalid_choice_message=CHOOSE,
    )
    company_name = text("Business name", longest=200)
    number_of_places = WholeNumberField(
        "How many places?",
        default=1,
        validators=[
            InputRequired("Please enter how many places you need."),
            NumberRange(
                min=1, max=MOST_PEOPLE, message=f"Please enter a number from 1 to {MOST_PEOPLE}."
            ),
        ],
    )
    booker_attends = tick("I am taking one of the places myself")
    attendees = FieldList(FormField(PersonForm), max_entries=MOST_PEOPLE)
    requirement_type = SelectField(
        "What is it about?",
        choices={"": "Nothing", **KINDS_OF_NEED},
        default="",
        invalid_choice_message=CHOOSE,
    )
    requirement_details = text("Details", kind=TextAreaField, longest=LONGEST_TEXT)
    health_consent = tick("I agree that you store these details about me to run the course safely.")
    payment_method = RadioField(
        "How do you want to pay?", default="card", invalid_choice_message=CHOOSE
    )
    purchase_order = text("Purchase order number")
    discount_code = text("Discount code", longest=50)
    early_start_request = tick("Please give the course inside the cooling-off time.")
    accept_terms = tick("I accept the terms.")
    reminders_opt_out = tick("Do not remind me when my certificate is about to expire.")
    idempotency_key = HiddenField(validators=[Length(max=LONGEST_KEY)])

    def validate_company_name(self, field: Field) -> None:
        """Ask a business for its name."""
        if self.customer_type.data == "business" and not field.data:
            raise ValidationError("Please enter the name of the business.")

    def validate_health_consent(self, field: Field) -> None:
        """Ask for consent where details about health are given."""
        if self.requirement_details.data and not field.data:
            raise ValidationError("Please agree, or leave the details empty.")

    def validate_accept_terms(self, field: Field) -> None:
        """Ask for the terms to be accepted."""
        if not field.data:
            raise ValidationError("Please accept the terms.")


class InquiryForm(PublicForm):
    """The inquiry form."""

    first_name = text("First name", "Please enter your first name.")
    last_name = text("Last name", "Please enter your last name.")
    email = text(
        "E-mail",
        "Please enter your e-mail address.",
        kind=EmailField,
        longest=LONGEST_EMAIL,
        checks=(check_email,),
    )
    phone = text("Phone", kind=TelField, longest=30, checks=(check_phone,))
    company_name = text("Business name", longest=200)
    course_id = SelectField("Course", default="", invalid_choice_message=CHOOSE)
    number_of_people = WholeNumberField(
        "How many people?",
        default=1,
        validators=[
            InputRequired("Please enter how many people it is for."),
            NumberRange(min=1, max=500, message="Please enter a number from 1 to 500."),
        ],
    )
    questions = text("Your question", kind=TextAreaField, longest=LONGEST_TEXT)


class FindForm(PublicForm):
    """Asks for the link to one's bookings."""

    email = text(
        "E-mail",
        "Please enter your e-mail address.",
        kind=EmailField,
        longest=LONGEST_EMAIL,
        checks=(check_email,),
    )


class VerifyForm(PublicForm):
    """Asks for a certificate by its number."""

    number = text("Certificate number", "Please enter the number.", longest=40)


class CancelForm(PublicForm):
    """Confirms a cancellation."""

    reason = text("Why do you cancel?", longest=500)
    confirm = HiddenField(default="1")


class TransferForm(PublicForm):
    """Chooses another date of the booked course; the page fills in the dates with room."""

    schedule_id = RadioField(
        "Dates with room", coerce=int, validate_choice=True, invalid_choice_message=CHOOSE
    )
    early_start_request = tick("Please give the course inside the cooling-off time.")


class QuoteForm(PublicForm):
    """Accepts the quote of a private course."""

    payment_method = RadioField("How do you want to pay?", invalid_choice_message=CHOOSE)
    purchase_order = text("Purchase order number")
    early_start_request = tick("Please give the course inside the cooling-off time.")
    accept_terms = tick("I accept this quote and the terms.")

    def validate_accept_terms(self, field: Field) -> None:
        """Ask for the terms to be accepted."""
        if not field.data:
            raise ValidationError("Please accept the quote and the terms.")


class NamesForm(PublicForm):
    """The names of a booking's people."""

    attendees = FieldList(FormField(PersonForm), max_entries=MOST_PEOPLE)


class NeedsForm(PublicForm):
    """What one attendee says about himself."""

    requirement_type = SelectField(
        "What is it about?",
        choices=KINDS_OF_NEED,
        invalid_choice_message=CHOOSE,
    )
    requirement_details = text(
        "Details", "Please tell us what you need.", kind=TextAreaField, longest=LONGEST_TEXT
    )
    health_consent = tick("I agree that you store these details about me to run the course safely.")

    def validate_health_consent(self, field: Field) -> None:
        """Ask for consent: without it nothing is stored."""
        if not field.data:
            raise ValidationError("Please agree: without your consent we store nothing.")
