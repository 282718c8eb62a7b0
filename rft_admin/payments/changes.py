"""A booking changes after it was sold: what is then more to pay, or comes back."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from rft_admin.bookings import giving_up, moving
from rft_admin.bookings import letters as booking_letters
from rft_admin.bookings.models import Booking, BookingStatus, PaymentChoice
from rft_admin.core.actor import Actor
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.payments import (
    billing,
    invoices,
    ledger,
    locks,
    refund_opening,
    refunds,
    settings,
    tariff,
)
from rft_admin.payments.models import Refund
from rft_admin.payments.tariff import RefundQuote

CHEAPER_DATE = "The booking was moved to a date that costs less."


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What became of the money of a booking that was moved."""

    #: Pounds; above nothing the new date is dearer.
    difference: Decimal
    #: Pounds still to be paid.
    due: Decimal
    #: What comes back, when it was paid already.
    refund: Refund | None


def transfer(*, booking: Booking, schedule_id: int, now: datetime, by: Actor) -> Moved:
    """Move a booking as the office may, and settle the difference of price.

    What was paid too much is put up as a refund. An invoice of another sum is taken back as far
    as it is not to be paid any more; a dearer date gets a new one at once, and what is more to
    pay is asked for in the way the booking is paid.

    :raises DomainError: as :func:`moving.transfer` refuses.
    :raises RefundOpen: if money is to come back while another refund is not finished.
    """
    difference = moving.transfer(booking, schedule_id, now=now, by=by)
    refund = None
    if difference < 0:
        refund = _give_back_excess(booking, -difference, now=now, by=by)
    ledger.restate_booking(booking)
    if difference > 0:
        _ask_for_more(booking, now=now, by=by)
    return Moved(difference=difference, due=ledger.amount_due(booking), refund=refund)


def quote_places(booking: Booking, attendee_ids: Collection[int], *, now: datetime) -> RefundQuote:
    """Return what giving up these places gives back, by the terms as sold and in words.

    What is still unpaid is not asked for first; only what was paid for the places comes back.

    :raises PlacesUnknown: or AllPlaces, if these places cannot be given up.
    """
    chosen = giving_up.choose_places(booking, attendee_ids)
    price = giving_up.price_of(chosen)
    quote = tariff.explain(booking, now, amount=_paid_part(booking, price))
    unit = "place" if len(chosen) == 1 else "places"
    names = ", ".join(str(place) for place in chosen)
    first = f"{len(chosen)} {unit} given up ({names}), sold at {format_pounds(price)}."
    return replace(quote, words=[first, *quote.words])


def cancel_places(
    *,
    booking: Booking,
    attendee_ids: Collection[int],
    reason: str,
    now: datetime,
    by: Actor,
) -> Refund | None:
    """Give up single places and start what comes back for them; None if nothing does.

    :raises DomainError: as :func:`giving_up.cancel_places` refuses.
    """
    booking = locks.lock_booking(booking.id)
    price = giving_up.price_of(giving_up.choose_places(booking, attendee_ids))
    unpaid = price - _paid_part(booking, price)
    quote = quote_places(booking, attendee_ids, now=now)
    booking = giving_up.cancel_places(booking, attendee_ids, now=now, by=by)
    invoices.take_back(booking, unpaid, now=now, by=by)
    ledger.restate_booking(booking)
    if quote.net <= 0:
        return None
    return refund_opening.open_for_booking(booking, quote, reason=reason, tell=True, now=now)


def _ask_for_more(booking: Booking, *, now: datetime, by: Actor) -> None:
    """Replace the invoice by one over the new sum, and ask for the rest by invoice or by link.

    A booking that is still to be paid as a whole is asked for it on its page already.
    """
    had_invoice = invoices.take_back(booking, booking.payment_amount, now=now, by=by) is not None
    due = ledger.amount_due(booking)
    if booking.status is not BookingStatus.CONFIRMED or due <= 0:
        return
    if billing.bill(booking, now=now, by=by) is None and had_invoice:
        invoices.issue_invoice(booking, now=now, by=by)
    by_card = booking.payment_method_chosen is PaymentChoice.CARD
    if by_card and settings.accept_online_payments():
        booking_letters.payment_link(booking, due=due, now=now)


def _give_back_excess(
    booking: Booking, less: Decimal, *, now: datetime, by: Actor
) -> Refund | None:
    excess = max(ZERO, ledger.amount_kept(booking) - booking.payment_amount)
    back = min(less, excess)
    invoices.take_back(booking, less - back, now=now, by=by)
    if back <= 0:
        return None
    return refunds.request_refund(booking=booking, amount=back, reason=CHEAPER_DATE, now=now, by=by)


def _paid_part(booking: Booking, price: Decimal) -> Decimal:
    """Return how many of the pounds at which places were sold have been paid."""
    rest = booking.payment_amount - price
    return min(price, max(ZERO, ledger.amount_kept(booking) - rest))
