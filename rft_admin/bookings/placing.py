"""A booking is placed: one order, one transaction, one booking, however often it is sent."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select

from rft_admin.accounts import people
from rft_admin.accounts.models import User
from rft_admin.bookings import letters, places, pricing, requirements, rules, settings, states
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    BookingInquiry,
    BookingSource,
    BookingStatus,
    ConsentBy,
    CustomerType,
    PaymentChoice,
)
from rft_admin.bookings.orders import AttendeeDetails, BookingOrder
from rft_admin.bookings.pricing import Quote
from rft_admin.bookings.references import new_reference
from rft_admin.catalogue import discounts
from rft_admin.catalogue import service as catalogue
from rft_admin.catalogue.models import CourseSchedule, DiscountCode
from rft_admin.catalogue.schedules import lock_schedules
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError, refuse_on

#: Why the tidy job cancels; a form sent again after that makes a new booking.
HOLD_EXPIRED = "The places were held for payment, and the time ran out."
REPLACED = "Replaced by a later booking."
#: The terms' entry by which a form sent again is told from an edited one.
FINGERPRINT = "order_sha256"


class AlreadySent(DomainError):
    """The form has just been sent. Please look at your e-mail, or open the form again."""

    status = 409


refuse_on("uq_bookings_idempotency_key", AlreadySent)
refuse_on("uq_bookings_booking_reference", AlreadySent)


def place_booking(order: BookingOrder, *, now: datetime, by: Actor) -> Booking:
    """Place a booking: check it, take its places, price it, queue its letters.

    The same form sent again gives the same booking; edited, it replaces the pending one, and so
    does a second pending booking of the same e-mail for the same date. What is free or paid by
    invoice is confirmed at once, if the office has not switched that off.

    :raises SoldOut: with the next dates, if the places are gone.
    :raises DomainError: for each rule that the order breaks, naming the form's field.
    """
    order = rules.tidy(order)
    key = order.idempotency_key or str(uuid.uuid4())
    _one_at_a_time(key)
    earlier = _find_by_key(key)
    if earlier is not None and _is_answered_by(earlier, order):
        return earlier
    if earlier is None and order.is_public:
        turn_away(order, catalogue.get_schedule(order.schedule_id), now=now)
    customer = _customer(order, now=now)
    code = _lock_code(order, earlier)
    schedule = _lock_dates(order, earlier)
    rules.check_date(order, schedule, now=now)
    replaced = _lock_replaced(order, earlier, customer)
    if earlier is not None and _is_answered_by(earlier, order):
        return earlier
    _release(replaced, earlier, now=now)
    _release_inquiry_holds(order)
    quote = _quote(order, schedule, code, now=now)
    places.take(schedule.id, order.number_of_places, now=now)
    booking = _write(order, key, customer, schedule, quote, now=now)
    _add_requirement(booking, order, now=now, by=by)
    return _answer(booking, now=now, by=by)


def _one_at_a_time(key: str) -> None:
    """Let a double click wait for the first; it then finds that booking."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def _find_by_key(key: str) -> Booking | None:
    return db.session.scalar(
        select(Booking)
        .where(Booking.idempotency_key == key)
        .execution_options(populate_existing=True)
    )


def _is_answered_by(earlier: Booking, order: BookingOrder) -> bool:
    """Return whether the form was dealt with: sent twice, or paid or cancelled since."""
    if earlier.status is BookingStatus.CANCELLED:
        return earlier.cancellation_reason != HOLD_EXPIRED
    if earlier.status is not BookingStatus.PENDING or earlier.is_paid:
        return True
    return earlier.terms_snapshot.get(FINGERPRINT) == order.fingerprint()


def turn_away(order: BookingOrder, schedule: CourseSchedule, *, now: datetime) -> None:
    """Refuse a full date before anything is locked or written, so that a crowd does not queue.

    It grants nothing: whoever is not refused is answered under the locks. So is whoever sends his
    form again, or has something on the date, which his order may free.

    :param schedule: the date asked for, as it was just read.
    :raises SoldOut: with the next dates, if the places are gone.
    :raises DomainError: for each rule that the order breaks, naming the form's field.
    """
    order = rules.tidy(order)
    free = places.availability_of(schedule.id).free
    if free >= order.number_of_places:
        return
    sent = select(Booking.id).where(Booking.idempotency_key == order.idempotency_key)
    booked = (
        select(Booking.id)
        .join(Booking.user)
        .where(Booking.course_schedule_id == schedule.id, User.email == order.email)
    )
    asked = select(BookingInquiry.id).filter_by(course_session_id=schedule.id, email=order.email)
    if db.session.scalar(select(exists(sent) | exists(booked) | exists(asked))):
        return
    rules.check_date(order, schedule, now=now)
    raise places.sold_out(schedule, order.number_of_places, free=free, now=now)


def _customer(order: BookingOrder, *, now: datetime) -> User:
    customer = people.get_or_create_customer(
        email=order.email,
        first_name=order.contact_first_name,
        last_name=order.contact_last_name,
        phone=order.phone,
        now=now,
    )
    if order.reminders_opt_out and not customer.reminders_opt_out:
        # The one thing a form may change: a wish not to be written to is always granted.
        customer.reminders_opt_out = True
    return customer


def _lock_code(order: BookingOrder, earlier: Booking | None) -> DiscountCode | None:
    """Lock the code asked for and the one about to be given back, in id order."""
    if order.discount_code:
        pricing.require_codes_enabled()
    code = discounts.find_code(order.discount_code) if order.discount_code else None
    ids = {code.id if code else None, earlier.discount_code_id if earlier else None} - {None}
    places.lock_codes([code_id for code_id in ids if code_id is not None])
    return code


def _lock_dates(order: BookingOrder, earlier: Booking | None) -> CourseSchedule:
    ids = {order.schedule_id} | ({earlier.course_schedule_id} if earlier else set())
    return lock_schedules(ids)[order.schedule_id]


def _lock_replaced(
    order: BookingOrder, earlier: Booking | None, customer: User
) -> Sequence[Booking]:
    """Lock the pending bookings that this one replaces, in id order."""
    same_customer = select(Booking.id).where(
        Booking.user_id == customer.id,
        Booking.course_schedule_id == order.schedule_id,
        Booking.status == BookingStatus.PENDING,
        Booking.source == BookingSource.PUBLIC,
    )
    ids = set(db.session.scalars(same_customer)) if order.is_public else set()
    if earlier is not None:
        ids.add(earlier.id)
    locked = places.lock_bookings(ids)
    return [
        booking
        for booking in locked
        if booking is earlier or (booking.status is BookingStatus.PENDING and not booking.is_paid)
    ]


def _release(replaced: Sequence[Booking], earlier: Booking | None, *, now: datetime) -> None:
    """Give back the places and codes of what is replaced, and free the form's token."""
    for booking in replaced:
        if booking is earlier:
            booking.idempotency_key = str(uuid.uuid4())
        if booking.status is BookingStatus.PENDING:
            booking.status = BookingStatus.CANCELLED
            booking.hold_expires_at = None
            booking.cancelled_at = now
            booking.cancellation_reason = REPLACED
    db.session.flush()


def _release_inquiry_holds(order: BookingOrder) -> None:
    """Give back what was held for this customer's inquiry: now the booking takes the places."""
    for inquiry in db.session.scalars(
        select(BookingInquiry)
        .where(
            BookingInquiry.course_session_id == order.schedule_id,
            BookingInquiry.email == order.email,
            places.inquiry_holds_places(),
        )
        .order_by(BookingInquiry.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ):
        inquiry.hold_expires_at = None
    db.session.flush()


def _quote(
    order: BookingOrder, schedule: CourseSchedule, code: DiscountCode | None, *, now: datetime
) -> Quote:
    if code is not None:
        # Its uses have changed if an earlier booking has just given one back.
        db.session.refresh(code)
    if order.discount_code:
        code = discounts.check_usable(code, schedule.course_id, now=now)
    return pricing.quote_with(schedule=schedule, number_of_places=order.number_of_places, code=code)


def _write(
    order: BookingOrder,
    key: str,
    customer: User,
    schedule: CourseSchedule,
    quote: Quote,
    *,
    now: datetime,
) -> Booking:
    choice = PaymentChoice(order.payment_method)
    by_invoice = choice is PaymentChoice.INVOICE and not quote.is_free
    booking = Booking(
        user=customer,
        course_schedule=schedule,
        discount_code_id=quote.discount_code_id,
        booking_reference=new_reference("RFT", is_taken=_is_taken),
        payment_amount=quote.total,
        discount_applied=quote.discount,
        contact_first_name=order.contact_first_name,
        contact_last_name=order.contact_last_name,
        contact_phone=order.phone,
        customer_type=CustomerType(order.customer_type),
        company_name=order.company_name,
        purchase_order=order.purchase_order,
        number_of_places=order.number_of_places,
        price_per_place=quote.price_per_place,
        payment_method_chosen=choice,
        payment_due_at=rules.invoice_due_at(order, schedule, now=now) if by_invoice else None,
        hold_expires_at=_hold_until(choice, quote, schedule, now=now),
        idempotency_key=key,
        source=BookingSource(order.source),
        terms_snapshot={**order.terms, FINGERPRINT: order.fingerprint()},
        terms_accepted_at=now if order.accept_terms else None,
        early_start_requested_at=now if order.early_start_requested else None,
        booked_start=schedule.start_datetime,
        attendees=_attendees(order, customer, quote),
    )
    db.session.add(booking)
    db.session.flush()
    return booking


def _hold_until(
    choice: PaymentChoice, quote: Quote, schedule: CourseSchedule, *, now: datetime
) -> datetime | None:
    """Return until when the places wait for a card payment; nothing else has a time limit.

    The places of a private date are nobody else's, so they wait too.
    """
    if quote.is_free or choice is not PaymentChoice.CARD or schedule.is_private:
        return None
    return now + timedelta(minutes=settings.payment_hold_minutes())


def _attendees(order: BookingOrder, customer: User, quote: Quote) -> list[BookingAttendee]:
    """Return one row per place: the booker first if he attends, then the named, then unnamed."""
    booker = AttendeeDetails(
        first_name=order.contact_first_name,
        last_name=order.contact_last_name,
        email=order.email,
    )
    named = ([booker] if order.booker_attends else []) + list(order.attendees)
    unnamed = [AttendeeDetails()] * (order.number_of_places - len(named))
    return [
        BookingAttendee(
            user_id=customer.id if person is booker else None,
            first_name=person.first_name or None,
            last_name=person.last_name or None,
            email=person.email or None,
            may_have_needs=person.may_have_needs,
            price=price,
        )
        for person, price in zip(named + unnamed, quote.place_prices(), strict=True)
    ]


def _add_requirement(booking: Booking, order: BookingOrder, *, now: datetime, by: Actor) -> None:
    if not order.requirement_details:
        return
    requirements.add(
        booking,
        requirement_type=order.requirement_type,
        details=order.requirement_details,
        consent_by=ConsentBy.BOOKER if order.is_public else ConsentBy.OFFICE,
        attendee=booking.attendees[0] if order.booker_attends else None,
        now=now,
        by=by,
    )


def _answer(booking: Booking, *, now: datetime, by: Actor) -> Booking:
    """Confirm what needs no payment now; tell the booker of the rest how it goes on."""
    by_invoice = booking.payment_method_chosen is PaymentChoice.INVOICE
    if booking.payment_amount == 0 or by_invoice:
        booking = states.settle(booking, now=now, by=by)
    if booking.status is BookingStatus.PENDING:
        letters.booking_received(booking, now=now)
    return booking


def _is_taken(reference: str) -> bool:
    taken = select(Booking.id).where(Booking.booking_reference == reference)
    return db.session.scalar(taken) is not None
