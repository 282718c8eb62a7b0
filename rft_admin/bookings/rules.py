"""What an order must satisfy: the form's own rules first, then those of the date."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from rft_admin.bookings import settings
from rft_admin.bookings.models import CustomerType, PaymentChoice, RequirementType
from rft_admin.bookings.orders import (
    LONGEST_TEXT,
    AttendeeDetails,
    BookingOrder,
    Incomplete,
    limit_text,
    normalise_email,
    normalise_phone,
    require_text,
)
from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus
from rft_admin.catalogue.service import NoSuchSchedule
from rft_admin.core.clock import end_of_london_day, london_date
from rft_admin.core.errors import DomainError

#: Consumer Contracts Regulations 2013, regulation 30: 14 days after the day of the contract.
COOLING_OFF_DAYS = 14


class BookingClosed(DomainError):
    """Bookings for this date are closed. Please choose another date, or send us an inquiry."""

    status = 409


class TooManyPlaces(DomainError):
    """That is more places than one booking may take. Please send us an inquiry."""

    field = "number_of_places"


class TooManyAttendees(DomainError):
    """There are more people than places. Please book more places or remove a person."""

    field = "number_of_places"


class TermsNotAccepted(DomainError):
    """Please accept the terms to book."""

    field = "accept_terms"


class EarlyStartNeeded(DomainError):
    """The course starts inside your 14 days to withdraw. Please ask us to start early."""

    field = "early_start_request"


class InvoiceNotPossible(DomainError):
    """Payment by invoice is for business customers. Please choose payment by card."""

    field = "payment_method"


class ConsentNeeded(DomainError):
    """Please agree that we keep these details, or leave the field empty."""

    field = "health_consent"


class OnlyForYourself(DomainError):
    """Please give such details only for yourself; tick "may have needs" for others."""

    field = "requirement_details"


def tidy(order: BookingOrder) -> BookingOrder:
    """Return the order with every text in the form in which it is kept.

    :raises DomainError: for the first field that is missing or wrong, naming the field.
    """
    tidied = replace(
        order,
        contact_first_name=require_text(order.contact_first_name, "first_name"),
        contact_last_name=require_text(order.contact_last_name, "last_name"),
        email=normalise_email(order.email),
        phone=_phone(order),
        company_name=_company(order),
        purchase_order=limit_text(order.purchase_order, "purchase_order"),
        requirement_details=limit_text(
            order.requirement_details, "requirement_details", longest=LONGEST_TEXT
        ),
        discount_code=limit_text(order.discount_code, "discount_code"),
        attendees=tuple(tidy_attendees(order.attendees)),
    )
    _check_choices(tidied)
    _check_party(tidied)
    _check_requirement(tidied)
    if tidied.is_public and not tidied.accept_terms:
        raise TermsNotAccepted
    return tidied


def check_date(order: BookingOrder, schedule: CourseSchedule, *, now: datetime) -> None:
    """Refuse an order that this date does not take; the schedule is locked.

    The office is bound neither by notice nor by publication.

    :raises NoSuchSchedule: for a visitor, if the date is not published.
    :raises BookingClosed: if it has begun, is over, cancelled, or the notice is too short.
    :raises EarlyStartNeeded: if a consumer's cooling-off time reaches into the course.
    :raises InvoiceNotPossible: if a visitor may not pay by invoice.
    """
    if schedule.status in {ScheduleStatus.CANCELLED, ScheduleStatus.COMPLETED}:
        raise BookingClosed
    if not order.is_public:
        return
    if not schedule.is_published:
        raise NoSuchSchedule
    if not settings.online_booking_enabled() or is_closed(schedule, now=now):
        raise BookingClosed
    days = int(order.terms.get("consumer_cooling_off_days", COOLING_OFF_DAYS))
    early = needs_early_start(schedule, order.customer_type, now=now, cooling_off_days=days)
    if early and not order.early_start_requested:
        raise EarlyStartNeeded
    refuse_invoice_for_consumers(order)


def refuse_invoice_for_consumers(order: BookingOrder) -> None:
    """Refuse payment by invoice but for businesses, and while the office has switched it off.

    :raises InvoiceNotPossible: if so.
    """
    by_invoice = order.payment_method == PaymentChoice.INVOICE
    if by_invoice and not (order.is_business and order.terms.get("invoice_enabled")):
        raise InvoiceNotPossible


def is_closed(schedule: CourseSchedule, *, now: datetime) -> bool:
    """Return whether the public can no longer book: too late, begun, or not going to run.

    The last day to book is `booking.booking_buffer_days` London calendar days before the start.
    """
    if not schedule.is_open or schedule.start_datetime <= now:
        return True
    notice = (london_date(schedule.start_datetime) - london_date(now)).days
    return notice < settings.booking_buffer_days()


def needs_early_start(
    schedule: CourseSchedule,
    customer_type: str,
    *,
    now: datetime,
    cooling_off_days: int = COOLING_OFF_DAYS,
) -> bool:
    """Return whether a consumer must ask for the course inside the cooling-off time.

    Consumer Contracts Regulations 2013, regulation 36: without the request we may not begin.
    """
    if customer_type == CustomerType.BUSINESS:
        return False
    last_day = london_date(now) + timedelta(days=cooling_off_days)
    return schedule.start_datetime < end_of_london_day(last_day)


def invoice_due_at(order: BookingOrder, schedule: CourseSchedule, *, now: datetime) -> datetime:
    """Return when an invoice is to be paid: by the terms, and before a visitor's course starts."""
    due = now + timedelta(days=int(order.terms.get("invoice_terms_days", COOLING_OFF_DAYS)))
    return min(due, schedule.start_datetime) if order.is_public else due


def tidy_attendees(attendees: Iterable[AttendeeDetails]) -> Iterable[AttendeeDetails]:
    """Yield each person with the texts in the form in which they are kept.

    :raises DomainError: naming the field, such as `attendees-0-email`.
    """
    for number, person in enumerate(attendees):
        field = f"attendees-{number}-"
        try:
            email = normalise_email(person.email) if person.email.strip() else ""
        except DomainError as error:
            error.field = f"{field}email"
            raise
        yield replace(
            person,
            first_name=limit_text(person.first_name, f"{field}first_name"),
            last_name=limit_text(person.last_name, f"{field}last_name"),
            email=email,
        )


def _phone(order: BookingOrder) -> str:
    if order.is_public:
        require_text(order.phone, "phone")
    return normalise_phone(order.phone)


def _company(order: BookingOrder) -> str:
    if order.is_public and order.is_business:
        return require_text(order.company_name, "company_name")
    return limit_text(order.company_name, "company_name")


def _check_choices(order: BookingOrder) -> None:
    choices = (
        (order.customer_type, CustomerType, "customer_type"),
        (order.payment_method, PaymentChoice, "payment_method"),
        (order.requirement_type or RequirementType.OTHER, RequirementType, "requirement_type"),
    )
    for value, kinds, field in choices:
        if value not in {member.value for member in kinds}:
            raise Incomplete("Please choose one of the options.", field=field)
    if order.is_public and order.payment_method == PaymentChoice.OFFLINE:
        raise Incomplete("Please choose one of the options.", field="payment_method")


def _check_party(order: BookingOrder) -> None:
    if order.number_of_places < 1:
        raise Incomplete("Please book at least one place.", field="number_of_places")
    refuse_large_party(order.number_of_places)
    if len(order.attendees) + order.booker_attends > order.number_of_places:
        raise TooManyAttendees


def refuse_large_party(number_of_places: int) -> None:
    """Refuse a party larger than one booking may bring.

    :raises TooManyPlaces: if it is.
    """
    if number_of_places > settings.max_places_per_booking():
        raise TooManyPlaces


def _check_requirement(order: BookingOrder) -> None:
    if not order.requirement_details:
        return
    if order.is_public and not order.booker_attends:
        raise OnlyForYourself
    if not order.health_consent:
        raise ConsentNeeded
