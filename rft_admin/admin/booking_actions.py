"""What the office can do with bookings and inquiries."""

from typing import Any

from rft_admin.admin.actions import Action, Consequences, Done, Order, letter_to
from rft_admin.admin.change_actions import CHANGE_ACTIONS
from rft_admin.admin.fields_of_actions import (
    ConversionForm,
    PaymentForm,
    RefundForm,
    ResponseForm,
    ToldReasonForm,
)
from rft_admin.admin.quote_action import QUOTE_ACTION
from rft_admin.admin.reading_ahead import money_of
from rft_admin.admin.registry import details_address
from rft_admin.bookings import inquiries
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import BookingStatus
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock
from rft_admin.core.database import Json, db
from rft_admin.core.formats import label_of
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.delivery import certificates
from rft_admin.payments import billing, ledger, refunds, tariff
from rft_admin.payments import service as payments


def terms_of(schedule_id: int) -> Json:
    """Return the terms that a booking of this date is sold under today."""
    schedule = db.session.get(CourseSchedule, schedule_id)
    return tariff.current_terms(private=schedule is not None and schedule.is_private)


def _confirm(booking: Any, order: Order) -> Done:
    bookings.confirm(booking, now=order.now, by=order.by)
    billing.bill(booking, now=order.now, by=order.by)
    return Done(f"Booking {booking} confirmed; the confirmation is queued.", _at(booking))


def _cancel(booking: Any, order: Order) -> Done:
    refund = refunds.cancel_and_refund(
        booking=booking, reason=order.values["reason"], now=order.now, by=order.by
    )
    if refund is None:
        return Done(f"Booking {booking} cancelled; nothing comes back.", _at(booking))
    sum_back = format_pounds(refund.net_refund)
    return Done(f"Booking {booking} cancelled; refund of {sum_back} started.", _at(refund))


def _reinstate(booking: Any, order: Order) -> Done:
    bookings.reinstate(booking, now=order.now, by=order.by)
    billing.bill(booking, now=order.now, by=order.by)
    return Done(f"Booking {booking} has its places again.", _at(booking))


def _resend(booking: Any, order: Order) -> Done:
    letter = bookings.resend_confirmation(booking, now=order.now, by=order.by)
    return Done(f"Confirmation of {booking} queued again.", _at(letter))


def _remind(booking: Any, order: Order) -> Done:
    letter = bookings.send_reminder(booking, now=order.now, by=order.by)
    return Done(f"Reminder for {booking} queued.", _at(letter))


def _record_payment(booking: Any, order: Order) -> Done:
    payment = payments.record_payment(
        booking=booking,
        amount=order.values["amount"],
        method=order.values["payment_method"],
        reference=order.values["reference"] or "",
        now=order.now,
        by=order.by,
    )
    return Done(f"{format_pounds(payment.amount)} recorded for {booking}.", _at(payment))


def _request_refund(booking: Any, order: Order) -> Done:
    refund = refunds.request_refund(
        booking=booking,
        amount=order.values["amount"],
        reason=order.values["reason"],
        now=order.now,
        by=order.by,
    )
    return Done(f"Refund {refund} of {format_pounds(refund.net_refund)} requested.", _at(refund))


def _issue(booking: Any, order: Order) -> Done:
    issued = certificates.issue_for_booking(booking_id=booking.id, now=order.now, by=order.by)
    numbers = ", ".join(certificate.certificate_number for certificate in issued)
    return Done(f"Issued for {booking}: {numbers}.", _at(issued[0]))


def _respond(inquiry: Any, order: Order) -> Done:
    inquiries.respond(inquiry, order.values["response"], now=order.now, by=order.by)
    return Done(f"Answer to {inquiry} queued.", _at(inquiry))


def _convert(inquiry: Any, order: Order) -> Done:
    booking = inquiries.convert_to_booking(
        inquiry,
        terms=terms_of(inquiry.wanted_schedule_id) if inquiry.wanted_schedule_id else None,
        payment_method=order.values["payment_method"],
        now=order.now,
        by=order.by,
    )
    billing.bill(booking, now=order.now, by=order.by)
    return Done(f"{inquiry} has become booking {booking}.", _at(booking))


def _close(inquiry: Any, order: Order) -> Done:
    inquiries.close(inquiry, now=order.now, by=order.by)
    return Done(f"{inquiry} closed.", _at(inquiry))


def _at(row: Any) -> str | None:
    return details_address(row)


def _unless(*statuses: BookingStatus) -> Any:
    """Return the hindrance of an action that only these statuses take."""

    def hindrance(booking: Any) -> str | None:
        return None if booking.status in statuses else f"It is {label_of(booking.status).lower()}."

    return hindrance


def _nothing_paid(booking: Any) -> str | None:
    return None if ledger.amount_kept(booking) > 0 else "Nothing is paid that could come back."


def _fully_paid(booking: Any) -> str | None:
    return None if ledger.amount_due(booking) > 0 else "Nothing is left to pay."


def _cancelled(booking: Any) -> str | None:
    return "It is cancelled." if booking.is_cancelled else None


def _letters(template: str) -> Any:
    def consequences(rows: list[Any]) -> Consequences:
        return Consequences(letters=[letter_to(template, row.user.email) for row in rows])

    return consequences


def _what_comes_back(rows: list[Any]) -> Consequences:
    quotes = [(row, tariff.explain(row, clock.now())) for row in rows]
    return Consequences(
        sums=[
            ("Paid", format_pounds(sum((quote.paid for _, quote in quotes), ZERO))),
            ("Fee", format_pounds(sum((quote.fee for _, quote in quotes), ZERO))),
            ("Comes back", format_pounds(sum((quote.net for _, quote in quotes), ZERO))),
        ],
        notes=[f"{row}: {' '.join(quote.words)}" for row, quote in quotes],
    )


def _what_cancelling_does(rows: list[Any]) -> Consequences:
    money = _what_comes_back(rows)
    places = sum(row.number_of_places for row in rows)
    return Consequences(
        sums=[("Places freed", str(places)), *money.sums],
        notes=money.notes,
        letters=[letter_to("booking_cancelled", row.user.email) for row in rows],
    )


def _what_is_due(rows: list[Any]) -> Consequences:
    due = sum((ledger.amount_due(row) for row in rows), ZERO)
    return Consequences(
        sums=[("Still to pay", format_pounds(due))],
        letters=[letter_to("payment_received", row.user.email) for row in rows],
    )


ALIVE = (BookingStatus.PENDING, BookingStatus.CONFIRMED)
GOING = (BookingStatus.CONFIRMED, BookingStatus.COMPLETED)

BOOKING_ACTIONS = (
    Action(
        name="confirm",
        is_primary=True,
        label="Confirm",
        question="The places are kept for good and the confirmation goes out.",
        run=_confirm,
        hindrance=_unless(BookingStatus.PENDING),
        consequences=_letters("booking_confirmed"),
    ),
    Action(
        name="resend_confirmation",
        label="Resend confirmation",
        question="The confirmation with its calendar file is queued again.",
        run=_resend,
        hindrance=_unless(*GOING),
        consequences=_letters("booking_confirmed"),
    ),
    Action(
        name="send_reminder",
        label="Send reminder",
        question="The reminder goes out now.",
        run=_remind,
        hindrance=_unless(BookingStatus.CONFIRMED),
        consequences=_letters("reminder"),
    ),
    Action(
        name="record_payment",
        read_ahead=money_of,
        is_primary=True,
        is_for_one=True,
        label="Record payment",
        question="Write down money that came by transfer or in cash.",
        run=_record_payment,
        form=PaymentForm,
        hindrance=_fully_paid,
        consequences=_what_is_due,
    ),
    Action(
        name="issue_certificate",
        label="Issue certificate",
        question="Everybody of the party who has earned a certificate gets it by letter.",
        run=_issue,
        hindrance=_unless(*GOING),
        consequences=_letters("certificate_issued"),
    ),
    Action(
        name="request_refund",
        read_ahead=money_of,
        is_primary=True,
        label="Request refund",
        question="A refund is put up for approval; nothing is sent yet.",
        run=_request_refund,
        form=RefundForm,
        hindrance=_nothing_paid,
        consequences=_what_comes_back,
    ),
    Action(
        name="reinstate",
        label="Reinstate",
        question="The cancelled booking takes its places anew, if there is room.",
        run=_reinstate,
        hindrance=_unless(BookingStatus.CANCELLED),
        consequences=_letters("booking_confirmed"),
    ),
    *CHANGE_ACTIONS,
    Action(
        name="cancel",
        read_ahead=money_of,
        label="Cancel booking",
        question="The places are freed and what the terms give back is refunded.",
        run=_cancel,
        form=ToldReasonForm,
        hindrance=_unless(*ALIVE),
        consequences=_what_cancelling_does,
        is_dangerous=True,
    ),
)


def _closed(inquiry: Any) -> str | None:
    return (
        None
        if inquiry.status.value not in {"closed", "converted"}
        else (f"It is {label_of(inquiry.status).lower()}.")
    )


def _not_convertible(inquiry: Any) -> str | None:
    if inquiry.wanted_schedule_id is None:
        return "It is not about a dated course."
    return _closed(inquiry)


def _letters_to_inquirers(rows: list[Any]) -> Consequences:
    return Consequences(
        letters=[letter_to("inquiry_response", row.email) for row in rows],
        notes=[f"{row.first_name} asks: {row.questions}" for row in rows if row.questions],
    )


def _people_held(rows: list[Any]) -> Consequences:
    people = sum(row.number_of_people for row in rows)
    return Consequences(sums=[("People", str(people))])


INQUIRY_ACTIONS = (
    Action(
        name="respond",
        is_primary=True,
        label="Answer",
        question="The answer goes out as a letter; a live hold stays.",
        run=_respond,
        form=ResponseForm,
        hindrance=_closed,
        consequences=_letters_to_inquirers,
    ),
    QUOTE_ACTION,
    Action(
        name="convert_to_booking",
        is_primary=True,
        label="Make a booking of it",
        question="The hold is released and the places are taken in one act.",
        run=_convert,
        form=ConversionForm,
        hindrance=_not_convertible,
        consequences=_people_held,
    ),
    Action(
        name="close",
        label="Close",
        question="Nothing more is to be done; held places are free at once.",
        run=_close,
        hindrance=_closed,
        consequences=_people_held,
    ),
)
