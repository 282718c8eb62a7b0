"""The letters of bookings and inquiries: to whom, with which words, queued with the change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from rft_admin.bookings.calendar import venue_words
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    BookingInquiry,
    CustomerType,
    PaymentChoice,
    SpecialRequirement,
)
from rft_admin.catalogue.models import CourseSchedule, CourseScheduleDay
from rft_admin.core.clock import london_date
from rft_admin.core.contacts import show_phone
from rft_admin.core.formats import format_date, format_moment, format_time, label_of
from rft_admin.core.links import absolute
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.messaging import service as messaging
from rft_admin.messaging import settings as business
from rft_admin.messaging.models import EmailLog

#: What the links are signed for.
BOOKING_LINK = "booking"
ATTENDEE_LINK = "attendee"
#: The version in it is the quoted date: a later quote makes the earlier link open nothing.
QUOTE_LINK = "quote"

Context = dict[str, Any]


def booking_received(booking: Booking, *, now: datetime) -> EmailLog:
    """Tell the booker that the places are held and until when, with the link to pay."""
    held_until = booking.hold_expires_at
    return _to_booker(
        booking,
        "booking_received",
        f"We have received your booking {booking.booking_reference}",
        now=now,
        held_until=format_moment(held_until) if held_until else "",
        to_pay=booking.payment_method_chosen is PaymentChoice.CARD and not booking.is_paid,
    )


def booking_confirmed(booking: Booking, *, now: datetime) -> EmailLog:
    """Send the confirmation: the durable copy of the contract, with the calendar file."""
    return _to_booker(
        booking,
        "booking_confirmed",
        f"Booking confirmed: {_course_and_day(booking.course_schedule)}",
        now=now,
        attachments=[{"kind": "calendar", "booking_id": booking.id}],
        attendees=[str(person) for person in booking.attendees if not person.is_cancelled],
        joining_notes=booking.course_schedule.joining_notes,
        terms_words=_terms_words(booking),
        terms_url=absolute("/terms"),
        due_date=_due_date(booking),
        withdraw_until=_withdraw_until(booking),
        early_start=booking.early_start_requested_at is not None,
    )


def booking_cancelled(booking: Booking, *, now: datetime) -> EmailLog:
    """Tell the booker that the booking is cancelled and its places are free."""
    return _to_booker(
        booking,
        "booking_cancelled",
        f"Booking cancelled: {booking.booking_reference}",
        now=now,
        attachments=[{"kind": "calendar", "booking_id": booking.id}],
        reason=booking.cancellation_reason or "",
        was_paid=booking.is_paid and booking.payment_amount > 0,
    )


def booking_transferred(
    booking: Booking, *, old_date: datetime, more: Decimal = ZERO, now: datetime
) -> EmailLog:
    """Tell the booker that the booking has moved to another date.

    :param more: pounds that the new date costs more; below nothing, less.
    """
    return _to_booker(
        booking,
        "booking_transferred",
        f"Your new date: {_course_and_day(booking.course_schedule)}",
        now=now,
        attachments=[{"kind": "calendar", "booking_id": booking.id}],
        old_date=format_date(old_date),
        dearer_by=format_pounds(more) if more > 0 else "",
        cheaper_by=format_pounds(-more) if more < 0 else "",
        joining_notes=booking.course_schedule.joining_notes,
    )


def reminder(booking: Booking, *, now: datetime) -> EmailLog:
    """Remind the booker of the course: where, when and what to bring."""
    return _to_booker(
        booking,
        "reminder",
        f"See you soon: {_course_and_day(booking.course_schedule)}",
        now=now,
        attachments=[{"kind": "calendar", "booking_id": booking.id}],
        joining_notes=booking.course_schedule.joining_notes,
    )


def venue_details(booking: Booking, *, now: datetime) -> EmailLog:
    """Tell the booker where the course is, now that it is known or has changed."""
    venue = booking.course_schedule.venue
    return _to_booker(
        booking,
        "venue_details",
        f"Where your course is: {_course_and_day(booking.course_schedule)}",
        now=now,
        attachments=[{"kind": "calendar", "booking_id": booking.id}],
        parking=venue.parking_info if venue else "",
        joining_notes=booking.course_schedule.joining_notes,
    )


def schedule_cancelled(booking: Booking, *, reason: str, now: datetime) -> EmailLog:
    """Tell the booker that we cancelled the course and that everything paid comes back."""
    return _to_booker(
        booking,
        "schedule_cancelled",
        f"We had to cancel: {_course_and_day(booking.course_schedule)}",
        now=now,
        attachments=[{"kind": "calendar", "booking_id": booking.id}],
        reason=reason,
        was_paid=booking.is_paid and booking.payment_amount > 0,
        other_dates_url=absolute(f"/courses/{booking.course_schedule.course.slug}"),
    )


def payment_link(booking: Booking, *, due: Decimal, now: datetime) -> EmailLog:
    """Send the booker the link to the page where what is due can be paid by card.

    :param due: pounds still to be paid.
    """
    return _to_booker(
        booking,
        "payment_link",
        f"Please pay {format_pounds(due)} for {booking.booking_reference}",
        now=now,
        due=format_pounds(due),
        due_date=_due_date(booking),
    )


def booking_link(booking: Booking, *, now: datetime) -> EmailLog:
    """Send the link to the booking's page again."""
    return _to_booker(booking, "booking_link", f"Your booking {booking.booking_reference}", now=now)


def attendee_details(attendee: BookingAttendee, *, now: datetime) -> EmailLog:
    """Ask an attendee, by a link of his own, whether we should prepare anything for him."""
    booking = attendee.booking
    return messaging.queue_letter(
        template="attendee_details",
        to=attendee.email or booking.user.email,
        subject=f"Is there anything we should prepare? {_course_and_day(booking.course_schedule)}",
        context=_course_words(booking.course_schedule)
        | {"name": attendee.first_name or "there", "booker": booking.contact_name},
        booking_id=booking.id,
        personal_link={
            "path": f"/attendees/{attendee.id}/details",
            "purpose": ATTENDEE_LINK,
            "row_id": attendee.id,
            "version": booking.links_version,
        },
        now=now,
    )


def high_severity_requirement(requirement: SpecialRequirement, *, now: datetime) -> EmailLog:
    """Alert the office to a need that matters much; the details stay in the admin."""
    booking = requirement.booking
    return messaging.queue_letter(
        template="high_severity_requirement",
        to=business.office_email(),
        subject=f"A special requirement needs attention: {booking.booking_reference}",
        context=_course_words(booking.course_schedule)
        | {
            "reference": booking.booking_reference,
            "requirement_type": label_of(requirement.requirement_type),
            "url": absolute(f"/admin/special_requirements/details/?id={requirement.id}"),
        },
        booking_id=booking.id,
        now=now,
    )


def inquiry_received(inquiry: BookingInquiry, *, now: datetime) -> EmailLog:
    """Tell whoever asked that the inquiry has arrived, and whether places are held."""
    return messaging.queue_letter(
        template="inquiry_received",
        to=inquiry.email,
        subject=f"We have received your inquiry {inquiry.inquiry_reference}",
        context=_inquiry_words(inquiry),
        now=now,
    )


def inquiry_received_office(inquiry: BookingInquiry, *, now: datetime) -> EmailLog:
    """Tell the office that somebody asks."""
    return messaging.queue_letter(
        template="inquiry_received_office",
        to=business.office_email(),
        subject=f"New inquiry {inquiry.inquiry_reference}",
        context=_inquiry_words(inquiry)
        | {
            "email": inquiry.email,
            "phone": show_phone(inquiry.phone) if inquiry.phone else None,
            "company_name": inquiry.company_name,
            "full_name": f"{inquiry.first_name} {inquiry.last_name}".strip(),
            "url": absolute(f"/admin/booking_inquiries/details/?id={inquiry.id}"),
        },
        now=now,
    )


def inquiry_response(inquiry: BookingInquiry, *, now: datetime) -> EmailLog:
    """Send the office's answer to whoever asked."""
    return messaging.queue_letter(
        template="inquiry_response",
        to=inquiry.email,
        subject=f"Your inquiry {inquiry.inquiry_reference}",
        context=_inquiry_words(inquiry)
        | {"response": inquiry.response or "", "book_url": _book_url(inquiry)},
        now=now,
    )


def quote(inquiry: BookingInquiry, *, now: datetime) -> EmailLog:
    """Send the offer of a private course: date, site, total, valid until, and where to accept."""
    schedule, until = inquiry.quoted_schedule, inquiry.quoted_until
    if schedule is None or until is None:
        raise ValueError(f"Inquiry {inquiry.id} has no quote.")
    return messaging.queue_letter(
        template="quote",
        to=inquiry.email,
        subject=f"Our quote for {_course_and_day(schedule)}",
        context=_course_words(schedule)
        | _inquiry_words(inquiry)
        | {
            "total": format_pounds(inquiry.quoted_total or ZERO),
            "valid_until": format_date(until),
            "note": inquiry.response or "",
        },
        personal_link={
            "path": f"/quotes/{inquiry.inquiry_reference}",
            "purpose": QUOTE_LINK,
            "row_id": inquiry.id,
            "version": schedule.id,
        },
        now=now,
    )


def _to_booker(
    booking: Booking,
    template: str,
    subject: str,
    *,
    now: datetime,
    attachments: Sequence[dict[str, Any]] = (),
    **words: Any,
) -> EmailLog:
    return messaging.queue_letter(
        template=template,
        to=booking.user.email,
        subject=subject,
        context=_booking_words(booking) | words,
        booking_id=booking.id,
        attachments=list(attachments),
        personal_link={
            "path": f"/bookings/{booking.booking_reference}",
            "purpose": BOOKING_LINK,
            "row_id": booking.id,
            "version": booking.links_version,
        },
        now=now,
    )


def _booking_words(booking: Booking) -> Context:
    return _course_words(booking.course_schedule) | {
        "name": booking.contact_first_name,
        "reference": booking.booking_reference,
        "places": booking.number_of_places,
        "total": format_pounds(booking.payment_amount),
        "discount": format_pounds(booking.discount_applied) if booking.discount_applied else "",
        "is_free": booking.payment_amount == 0,
        "is_paid": booking.is_paid,
        "payment_method": booking.payment_method_chosen.value,
        "company_name": booking.company_name,
        "purchase_order": booking.purchase_order,
    }


def _course_words(schedule: CourseSchedule) -> Context:
    return {
        "course": schedule.course.name,
        "days": [_day_words(day) for day in schedule.days],
        "venue": venue_words(schedule),
    }


def _day_words(day: CourseScheduleDay) -> str:
    return (
        f"{format_date(day.starts_at)}, {format_time(day.starts_at)} to {format_time(day.ends_at)}"
    )


def _course_and_day(schedule: CourseSchedule) -> str:
    return f"{schedule.course.name}, {format_date(schedule.start_datetime)}"


def _terms_words(booking: Booking) -> list[str]:
    """Return the terms of cancellation as sold: the letter is the durable copy."""
    return [str(words) for words in booking.terms_snapshot.get("words", [])]


def _withdraw_until(booking: Booking) -> str:
    """Return a consumer's last day to withdraw (Consumer Contracts Regulations 2013, reg. 30)."""
    days = booking.terms_snapshot.get("consumer_cooling_off_days")
    if booking.customer_type is not CustomerType.INDIVIDUAL or not days:
        return ""
    contract_day = london_date(booking.terms_accepted_at or booking.created_at)
    return format_date(contract_day + timedelta(days=int(days)))


def _due_date(booking: Booking) -> str:
    due = booking.payment_due_at
    return format_date(due) if due and not booking.is_paid else ""


def _inquiry_words(inquiry: BookingInquiry) -> Context:
    schedule = inquiry.course_session
    held_until = inquiry.hold_expires_at
    return {
        "name": inquiry.first_name,
        "reference": inquiry.inquiry_reference,
        "people": inquiry.number_of_people,
        "questions": inquiry.questions,
        "held_until": format_moment(held_until) if held_until else "",
        "about": _course_and_day(schedule) if schedule else _course_name(inquiry),
    }


def _course_name(inquiry: BookingInquiry) -> str:
    return inquiry.course.name if inquiry.course else ""


def _book_url(inquiry: BookingInquiry) -> str:
    schedule = inquiry.course_session
    on_sale = schedule is not None and schedule.is_published and schedule.is_open
    return absolute(f"/book/{inquiry.course_session_id}") if on_sale else ""
