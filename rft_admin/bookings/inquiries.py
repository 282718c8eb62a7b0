"""Inquiries: a question, an answer, sometimes held places, sometimes a booking in the end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from rft_admin.accounts import audit
from rft_admin.bookings import letters, places, settings
from rft_admin.bookings.models import Booking, BookingInquiry, CustomerType, InquiryStatus
from rft_admin.bookings.orders import (
    LONGEST_TEXT,
    BookingOrder,
    Incomplete,
    InquiryOrder,
    limit_text,
    normalise_email,
    normalise_phone,
    require_text,
)
from rft_admin.bookings.placing import place_booking
from rft_admin.bookings.references import new_reference
from rft_admin.catalogue.models import Course, CourseSchedule
from rft_admin.catalogue.schedules import lock_schedules, mark_cancelled
from rft_admin.catalogue.service import LARGEST_ID, get_schedule
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError, refuse_on
from rft_admin.core.formats import label_of
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType

#: Inquiry holds together never take more than this part of a schedule's places.
HELD_PART = 2
#: A group larger than this asks by telephone.
MOST_PEOPLE = 500


class InquiryClosed(DomainError):
    """The inquiry is closed or has become a booking already."""

    status = 409


class NotForADate(DomainError):
    """The inquiry is not about a dated course, so it cannot become a booking by itself."""

    status = 409


class InquirySentTwice(DomainError):
    """The inquiry could not be stored. Please send it again."""

    status = 409


refuse_on("uq_booking_inquiries_inquiry_reference", InquirySentTwice)


def place_inquiry(order: InquiryOrder, *, now: datetime, by: Actor) -> BookingInquiry:
    """Store an inquiry, hold its places where the rules allow it, and tell both sides.

    Without a hold `hold_expires_at` is None; the door says so.

    :raises DomainError: for the first field that is missing or wrong, naming the field.
    :raises NoSuchSchedule: if its date does not exist.
    """
    inquiry = _read(order)
    schedule_id = inquiry.course_session_id
    if schedule_id is not None and _may_hold(inquiry, schedule_id, now=now):
        inquiry.hold_expires_at = now + timedelta(hours=settings.inquiry_hold_hours())
    db.session.add(inquiry)
    db.session.flush()
    letters.inquiry_received(inquiry, now=now)
    letters.inquiry_received_office(inquiry, now=now)
    notifications.notify_office(
        type=NotificationType.INQUIRY_RECEIVED,
        title=f"Inquiry {inquiry.inquiry_reference}",
        message=f"{inquiry.first_name} {inquiry.last_name} asks.".replace("  ", " "),
        action_url=f"/admin/booking_inquiries/details/?id={inquiry.id}",
        now=now,
    )
    return inquiry


def respond(inquiry: BookingInquiry, response: str, *, now: datetime, by: Actor) -> BookingInquiry:
    """Send the office's answer; a live hold stays. An answer may be followed by another.

    :raises Incomplete: if the answer is empty.
    :raises InquiryClosed: if it is closed or converted.
    """
    answer = require_text(response, "response", longest=LONGEST_TEXT)
    inquiry = lock_inquiry(inquiry)
    if inquiry.status is not InquiryStatus.RESPONDED:
        require_change(inquiry, InquiryStatus.RESPONDED)
    with audit.acting("responded"):
        inquiry.status = InquiryStatus.RESPONDED
        inquiry.response = answer
        inquiry.responded_by_id = by.user_id
        inquiry.responded_at = now
    letters.inquiry_response(inquiry, now=now)
    return inquiry


def close(inquiry: BookingInquiry, *, now: datetime, by: Actor) -> BookingInquiry:
    """Close an inquiry that needs nothing more; its places are free at once.

    :raises InquiryClosed: if it is closed or converted already.
    """
    inquiry = lock_inquiry(inquiry)
    require_change(inquiry, InquiryStatus.CLOSED)
    with audit.acting("closed"):
        inquiry.status = InquiryStatus.CLOSED
        inquiry.hold_expires_at = None
        give_up_quoted_date(inquiry, reason="The inquiry was closed.", by=by)
    return inquiry


def give_up_quoted_date(inquiry: BookingInquiry, *, reason: str, by: Actor) -> None:
    """Free the teacher and the venue of a date that was kept for a quote; the quote is over."""
    quoted = inquiry.quoted_schedule
    if quoted is not None and quoted.is_open:
        mark_cancelled(quoted, reason=reason, by=by)


def convert_to_booking(
    inquiry: BookingInquiry,
    *,
    terms: Mapping[str, Any] | None = None,
    payment_method: str = "card",
    now: datetime,
    by: Actor,
) -> Booking:
    """Make a booking of an inquiry: its hold is released and the places taken in one act.

    An inquiry with a quote becomes the booking of the quoted private date.

    :raises NotForADate: if it is not about a dated course.
    :raises InquiryClosed: if it is closed or converted already.
    :raises SoldOut: if its hold is over and the places are gone.
    """
    schedule_id = inquiry.wanted_schedule_id
    if schedule_id is None:
        raise NotForADate
    order = order_of(inquiry, schedule_id, terms or {}, payment_method)
    return become_booking(inquiry, order, now=now, by=by)


def become_booking(
    inquiry: BookingInquiry, order: BookingOrder, *, now: datetime, by: Actor
) -> Booking:
    """Let the inquiry become the booking of this order, once.

    :raises InquiryClosed: if it is closed or converted already.
    :raises SoldOut: if the places are gone.
    """
    inquiry = lock_inquiry(inquiry)
    require_change(inquiry, InquiryStatus.CONVERTED)
    with audit.acting("converted"):
        inquiry.status = InquiryStatus.CONVERTED
        inquiry.hold_expires_at = None
    booking = place_booking(order, now=now, by=by)
    inquiry.booking_id = booking.id
    db.session.flush()
    return booking


def expire(*, now: datetime) -> int:
    """Tidy expired holds, and close the book on inquiries whose date has begun; return how many.

    An inquiry whose hold is over still waits for its answer.
    """
    due = db.session.scalars(
        select(BookingInquiry)
        .join(BookingInquiry.course_session)
        .where(
            BookingInquiry.status.in_((InquiryStatus.PENDING, InquiryStatus.RESPONDED)),
            (BookingInquiry.hold_expires_at <= func.clock_timestamp())
            | (CourseSchedule.start_datetime <= now),
        )
        .order_by(BookingInquiry.course_session_id, BookingInquiry.id)
    ).all()
    with audit.acting("hold_expired"):
        for inquiry in map(lock_inquiry, due):
            inquiry.hold_expires_at = None
            if inquiry.course_session and inquiry.course_session.start_datetime <= now:
                inquiry.status = InquiryStatus.EXPIRED
    return len(due)


def _read(order: InquiryOrder) -> BookingInquiry:
    schedule = get_schedule(order.schedule_id) if order.schedule_id is not None else None
    if not 1 <= order.number_of_people <= MOST_PEOPLE:
        raise Incomplete(
            f"Please enter a number from 1 to {MOST_PEOPLE}.", field="number_of_people"
        )
    return BookingInquiry(
        inquiry_reference=new_reference("INQ", is_taken=_is_taken),
        course_session=schedule,
        course_session_id=schedule.id if schedule else None,
        course_id=schedule.course_id if schedule else _course_id(order),
        first_name=require_text(order.first_name, "first_name"),
        last_name=limit_text(order.last_name, "last_name"),
        email=normalise_email(order.email),
        phone=normalise_phone(order.phone),
        company_name=limit_text(order.company_name, "company_name"),
        number_of_people=order.number_of_people,
        questions=limit_text(order.questions, "questions", longest=LONGEST_TEXT),
        status=InquiryStatus.PENDING,
    )


def _course_id(order: InquiryOrder) -> int | None:
    if order.course_id is None:
        return None
    possible = 0 < order.course_id <= LARGEST_ID
    if not possible or db.session.get(Course, order.course_id) is None:
        raise Incomplete("Please choose one of the courses.", field="course_id")
    return order.course_id


def _may_hold(inquiry: BookingInquiry, schedule_id: int, *, now: datetime) -> bool:
    """Return whether places may be held; the date and the address stay locked meanwhile.

    All inquiry holds take at most half of the places, and one address has one live hold.
    """
    if settings.inquiry_hold_hours() == 0:
        return False
    _one_at_a_time(inquiry.email)
    schedule = lock_schedules([schedule_id])[schedule_id]
    on_show = schedule.is_published and schedule.is_open and schedule.start_datetime > now
    if not on_show or _has_live_hold(inquiry.email):
        return False
    wanted = inquiry.number_of_people
    held = places.inquiry_places(schedule.id)
    if held + wanted > schedule.max_capacity // HELD_PART:
        return False
    try:
        places.take(schedule.id, wanted, now=now)
    except places.SoldOut:
        return False
    return True


def _one_at_a_time(email: str) -> None:
    key = f"inquiry|{email}"
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def _has_live_hold(email: str) -> bool:
    live = select(BookingInquiry.id).where(
        BookingInquiry.email == email, places.inquiry_holds_places()
    )
    return db.session.scalar(live.limit(1)) is not None


def lock_inquiry(inquiry: BookingInquiry) -> BookingInquiry:
    """Lock the inquiry behind its dates, in the one order, and return it as it is now."""
    dates = (inquiry.course_session_id, inquiry.quoted_schedule_id)
    lock_schedules({date_id for date_id in dates if date_id is not None})
    return db.session.scalars(
        select(BookingInquiry)
        .filter_by(id=inquiry.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def require_change(inquiry: BookingInquiry, status: InquiryStatus) -> None:
    """Refuse a change of state that does not follow the present one.

    :raises InquiryClosed: if the inquiry is closed or converted already.
    """
    if not inquiry.can_become(status):
        raise InquiryClosed(
            f"Inquiry {inquiry.inquiry_reference} is {label_of(inquiry.status).lower()} already."
        )


def order_of(
    inquiry: BookingInquiry, schedule_id: int, terms: Mapping[str, Any], payment_method: str
) -> BookingOrder:
    """Return the order that the inquiry amounts to; its people are named later."""
    business = bool(inquiry.company_name)
    return BookingOrder(
        schedule_id=schedule_id,
        contact_first_name=inquiry.first_name,
        contact_last_name=inquiry.last_name or "-",
        email=inquiry.email,
        phone=inquiry.phone,
        customer_type=(CustomerType.BUSINESS if business else CustomerType.INDIVIDUAL).value,
        company_name=inquiry.company_name,
        payment_method=payment_method,
        number_of_places=inquiry.number_of_people,
        source="inquiry",
        terms=terms,
    )


def _is_taken(reference: str) -> bool:
    taken = select(BookingInquiry.id).where(BookingInquiry.inquiry_reference == reference)
    return db.session.scalar(taken) is not None
