"""What a person asks for: the orders that doors fill in, and the shape they must have."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rft_admin.core.contacts import read_email, read_phone
from rft_admin.core.errors import DomainError

LONGEST_NAME = 100
LONGEST_TEXT = 4000


class Incomplete(DomainError):
    """Please fill in this field."""


class EmailInvalid(DomainError):
    """Please check the e-mail address: letters could not reach it."""

    field = "email"


class PhoneInvalid(DomainError):
    """Please check the phone number, for example 07700 900123."""

    field = "phone"


@dataclass(frozen=True, kw_only=True)
class AttendeeDetails:
    """A person who is to sit in the room, as far as the booker knows."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    #: The booker says that this person may have needs; the person is asked, not the booker.
    may_have_needs: bool = False


@dataclass(frozen=True, kw_only=True)
class BookingOrder:
    """A filled-in booking form, from the public page or the office."""

    schedule_id: int
    contact_first_name: str
    contact_last_name: str
    email: str
    phone: str = ""
    #: individual or business; in doubt an individual, who has a consumer's rights.
    customer_type: str = "individual"
    company_name: str = ""
    purchase_order: str = ""
    #: card, invoice or offline.
    payment_method: str = "card"
    number_of_places: int = 1
    #: The booker takes the first place; `attendees` are then the others.
    booker_attends: bool = False
    attendees: tuple[AttendeeDetails, ...] | list[AttendeeDetails] = ()
    requirement_type: str = ""
    requirement_details: str = ""
    health_consent: bool = False
    discount_code: str = ""
    early_start_requested: bool = False
    reminders_opt_out: bool = False
    accept_terms: bool = False
    idempotency_key: str | None = None
    #: public, admin, inquiry or import.
    source: str = "public"
    #: The terms as offered, from `payments.tariff.current_terms`; the keys read in this room are
    #: `consumer_cooling_off_days`, `words`, `invoice_enabled` and `invoice_terms_days`. Kept on
    #: the booking.
    terms: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether a visitor orders: the office is not bound by notice and publication."""
        return self.source == "public"

    @property
    def is_business(self) -> bool:
        """Whether the customer says that he books as a business."""
        return self.customer_type == "business"

    def fingerprint(self) -> str:
        """Return a digest of what is asked for, to tell a repeated form from an edited one."""
        content = asdict(self)
        del content["idempotency_key"], content["terms"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class InquiryOrder:
    """A filled-in inquiry form; without a schedule it is a general or on-site inquiry."""

    first_name: str
    last_name: str
    email: str
    phone: str = ""
    company_name: str = ""
    schedule_id: int | None = None
    course_id: int | None = None
    number_of_people: int = 1
    questions: str = ""


def normalise_email(typed: str) -> str:
    """Return the address in the one form in which it is kept.

    :raises EmailInvalid: if it is no address that mail could reach.
    """
    try:
        return read_email(typed)
    except ValueError as error:
        raise EmailInvalid from error


def normalise_phone(typed: str) -> str:
    """Return the number as +44…; a number without a country is British. Nothing stays nothing.

    :raises PhoneInvalid: if it is no possible number.
    """
    try:
        return read_phone(typed)
    except ValueError as error:
        raise PhoneInvalid from error


def require_text(value: str, name: str, *, longest: int = LONGEST_NAME) -> str:
    """Return the text without space around it.

    :raises Incomplete: if it is empty or too long; the fault belongs to the named field.
    """
    text = value.strip()
    if not text:
        raise Incomplete(field=name)
    return limit_text(text, name, longest=longest)


def limit_text(value: str, name: str, *, longest: int = LONGEST_NAME) -> str:
    """Return the text without space around it; it may be empty.

    :raises Incomplete: if it is too long or holds a NUL, which no text column can keep.
    """
    text = value.strip()
    if len(text) > longest:
        raise Incomplete(f"Please use at most {longest} characters.", field=name)
    if "\x00" in text:
        raise Incomplete("Please remove the unreadable character.", field=name)
    return text
