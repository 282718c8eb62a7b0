"""Private courses: an inquiry is answered by a quote, and a quote accepted by its link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from rft_admin.accounts import audit, people
from rft_admin.bookings import inquiries, letters, rules
from rft_admin.bookings.models import Booking, BookingInquiry, InquiryStatus, PaymentChoice
from rft_admin.bookings.orders import LONGEST_TEXT, BookingOrder, Incomplete, limit_text
from rft_admin.catalogue import schedules
from rft_admin.catalogue.limits import refuse_short
from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus
from rft_admin.catalogue.schedules import DayTimes
from rft_admin.core.actor import Actor
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.tokens import read_row
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority

LINK = letters.QUOTE_LINK
MAX_AGE_SECONDS = 400 * 24 * 3600
NOT_ACCEPTED = "The quote was not accepted in time."
REPLACED = "Replaced by a later quote."


class QuoteOver(DomainError):
    """This quote is no longer open. Please write to us, and we make you a new one."""

    status = 409


class ValidityWrong(DomainError):
    """Please choose a day from today on, and before the course starts."""

    field = "quoted_until"


@dataclass(frozen=True, kw_only=True)
class QuoteOffer:
    """What the office offers: which course, when, where, by whom, and for how much."""

    #: None is the course that was asked about.
    course_id: int | None = None
    days: Sequence[DayTimes]
    site_address: str = ""
    venue_id: int | None = None
    trainer_id: int | None = None
    #: Pounds for the whole group.
    total: Decimal
    valid_until: date
    #: A few words of our own in the letter.
    note: str = ""
    #: Why the days may be shorter than the course's contact hours.
    hours_override_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What the client says on accepting."""

    #: card or invoice.
    payment_method: str
    purchase_order: str = ""
    accept_terms: bool = False
    early_start_requested: bool = False
    #: The terms as offered, those of private courses.
    terms: Mapping[str, Any]


def send_quote(
    inquiry: BookingInquiry, offer: QuoteOffer, *, now: datetime, by: Actor
) -> BookingInquiry:
    """Keep an unpublished date for the client and send the quote; a later one replaces it.

    :raises InquiryClosed: if the inquiry is closed or converted.
    :raises ValidityWrong: if it could not be accepted before the course.
    :raises DomainError: as :func:`schedules.create_schedule` and `refuse_short` refuse.
    """
    note = limit_text(offer.note, "note", longest=LONGEST_TEXT)
    inquiry = inquiries.lock_inquiry(inquiry)
    if inquiry.status is not InquiryStatus.RESPONDED:
        inquiries.require_change(inquiry, InquiryStatus.RESPONDED)
    _check(inquiry, offer, now=now)
    with audit.acting("quoted"):
        inquiries.give_up_quoted_date(inquiry, reason=REPLACED, by=by)
        inquiry.quoted_schedule = _keep_date(inquiry, offer, now=now, by=by)
        inquiry.quoted_total = offer.total
        inquiry.quoted_until = offer.valid_until
        inquiry.status = InquiryStatus.RESPONDED
        inquiry.response = note or inquiry.response
        inquiry.responded_by_id = by.user_id
        inquiry.responded_at = now
    letters.quote(inquiry, now=now)
    return inquiry


def find_quote(reference: str, token: str) -> BookingInquiry | None:
    """Return the inquiry whose latest quote the link opens, or None without a hint why not."""
    signed = read_row(LINK, token, max_age_seconds=MAX_AGE_SECONDS)
    inquiry = db.session.get(BookingInquiry, signed.row_id) if signed else None
    if signed is None or inquiry is None or inquiry.inquiry_reference != reference.upper():
        return None
    return inquiry if inquiry.quoted_schedule_id == signed.version else None


def is_open(inquiry: BookingInquiry, *, now: datetime) -> bool:
    """Return whether the quote can be accepted at that moment."""
    schedule, until = inquiry.quoted_schedule, inquiry.quoted_until
    if schedule is None or until is None or not inquiry.can_become(InquiryStatus.CONVERTED):
        return False
    return schedule.is_open and now < schedule.start_datetime and london_date(now) <= until


def accept(inquiry: BookingInquiry, acceptance: Acceptance, *, now: datetime, by: Actor) -> Booking:
    """Make the booking of an accepted quote: the group's places at the group's price.

    :raises QuoteOver: if it is accepted already, over, or withdrawn.
    :raises TermsNotAccepted: or EarlyStartNeeded, InvoiceNotPossible, as for any booking.
    """
    inquiry = inquiries.lock_inquiry(inquiry)
    schedule = inquiry.quoted_schedule
    if schedule is None or not is_open(inquiry, now=now):
        raise QuoteOver
    order = _order(inquiry, schedule, acceptance)
    _check_acceptance(order, schedule, now=now)
    booking = inquiries.become_booking(inquiry, order, now=now, by=by)
    if booking.payment_due_at is not None:
        booking.payment_due_at = min(booking.payment_due_at, schedule.start_datetime)
    notifications.notify_office(
        type=NotificationType.INQUIRY_RECEIVED,
        title=f"Quote {inquiry.inquiry_reference} was accepted",
        message=f"{booking.contact_name}, {schedule}",
        priority=Priority.HIGH,
        action_url=f"/admin/bookings/details/?id={booking.id}",
        booking_id=booking.id,
        now=now,
    )
    return booking


def expire_quotes(*, now: datetime, by: Actor) -> int:
    """Free the dates kept for quotes whose time is over; tell the office; return how many."""
    due = db.session.scalars(
        select(BookingInquiry)
        .join(CourseSchedule, BookingInquiry.quoted_schedule_id == CourseSchedule.id)
        .where(
            BookingInquiry.status != InquiryStatus.CONVERTED,
            CourseSchedule.status.in_((ScheduleStatus.SCHEDULED, ScheduleStatus.CONFIRMED)),
            or_(
                BookingInquiry.quoted_until < london_date(now),
                CourseSchedule.start_datetime <= now,
            ),
        )
        .order_by(BookingInquiry.quoted_schedule_id)
    ).all()
    for inquiry in map(inquiries.lock_inquiry, due):
        inquiries.give_up_quoted_date(inquiry, reason=NOT_ACCEPTED, by=by)
        notifications.notify_office(
            type=NotificationType.INQUIRY_RECEIVED,
            title=f"Quote {inquiry.inquiry_reference} was not accepted in time",
            message="Its date is free again. Ask the client, quote again, or close the inquiry.",
            action_url=f"/admin/booking_inquiries/details/?id={inquiry.id}",
            now=now,
        )
    return len(due)


def _check(inquiry: BookingInquiry, offer: QuoteOffer, *, now: datetime) -> None:
    if offer.course_id is None and inquiry.course_id is None:
        raise Incomplete("Please choose a course.", field="course_id")
    if offer.total <= 0:
        raise Incomplete("Please enter more than nothing.", field="total")
    rules.refuse_large_party(inquiry.number_of_people)
    start = schedules.in_order(offer.days)[0].starts_at
    if start <= now:
        raise schedules.DaysWrong("Please choose a start to come.", field="starts_at")
    if not london_date(now) <= offer.valid_until < london_date(start):
        raise ValidityWrong


def _keep_date(
    inquiry: BookingInquiry, offer: QuoteOffer, *, now: datetime, by: Actor
) -> CourseSchedule:
    client = people.get_or_create_customer(
        email=inquiry.email,
        first_name=inquiry.first_name,
        last_name=inquiry.last_name,
        phone=inquiry.phone,
        now=now,
    )
    schedule = schedules.create_schedule(
        values={
            "course_id": offer.course_id or inquiry.course_id,
            "venue_id": offer.venue_id,
            "trainer_id": offer.trainer_id,
            "max_capacity": inquiry.number_of_people,
            "group_price": offer.total,
            "private_for_user_id": client.id,
            "site_address": limit_text(offer.site_address, "site_address", longest=LONGEST_TEXT),
        },
        days=offer.days,
        by=by,
    )
    if offer.hours_override_reason.strip():
        schedules.override_hours(schedule, reason=offer.hours_override_reason.strip(), by=by)
    refuse_short(schedule, field="hours_override_reason")
    return schedule


def _order(
    inquiry: BookingInquiry, schedule: CourseSchedule, acceptance: Acceptance
) -> BookingOrder:
    order = inquiries.order_of(inquiry, schedule.id, acceptance.terms, acceptance.payment_method)
    return replace(
        order,
        purchase_order=acceptance.purchase_order,
        accept_terms=acceptance.accept_terms,
        early_start_requested=acceptance.early_start_requested,
    )


def _check_acceptance(order: BookingOrder, schedule: CourseSchedule, *, now: datetime) -> None:
    if not order.accept_terms:
        raise rules.TermsNotAccepted
    if order.payment_method not in {PaymentChoice.CARD, PaymentChoice.INVOICE}:
        raise Incomplete("Please choose one of the options.", field="payment_method")
    rules.refuse_invoice_for_consumers(order)
    days = int(order.terms.get("consumer_cooling_off_days", rules.COOLING_OFF_DAYS))
    early = rules.needs_early_start(schedule, order.customer_type, now=now, cooling_off_days=days)
    if early and not order.early_start_requested:
        raise rules.EarlyStartNeeded
