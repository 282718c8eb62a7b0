"""What becomes of a booking: one function per fate, each through the use cases themselves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy import select

from rft_admin.bookings import holds
from rft_admin.bookings.models import Booking, BookingStatus, PaymentStatus
from rft_admin.core.database import db
from rft_admin.payments import invoices, ledger, refunds
from rft_admin.payments import service as payments
from rft_admin.payments.models import (
    PaymentTransaction,
    Provider,
    Refund,
    RefundStatus,
    TransactionStatus,
)
from seeds.demo.plan import Party
from seeds.demo.story import CLOCK, Story

MINUTES = timedelta(minutes=1)
DAY = timedelta(days=1)

Fate = Callable[[Story, Booking, datetime], None]


def meet(story: Story, party: Party, booking: Booking, moment: datetime) -> None:
    """Let the booking's fate begin when it has been placed."""
    FATES[party.fate](story, booking, moment)


def pay_back(story: Story, booking: Booking, now: datetime) -> None:
    """Pay back by hand what was approved."""
    for refund in _refunds_of(booking, RefundStatus.APPROVED):
        refunds.complete_manual(refund=refund, now=now, by=story.office)


def _paid(story: Story, booking: Booking, moment: datetime) -> None:
    story.at(moment + 4 * MINUTES, partial(_pay, story, booking, "card by phone"), by=story.office)


def _invoice_paid(story: Story, booking: Booking, moment: datetime) -> None:
    _invoice_owed(story, booking, moment)
    story.at(moment + 9 * DAY, partial(_pay, story, booking, "bank transfer"), by=story.office)


def _invoice_part(story: Story, booking: Booking, moment: datetime) -> None:
    _invoice_owed(story, booking, moment)

    def pay_half(now: datetime) -> None:
        half = ledger.amount_due(booking) / 2
        payments.record_payment(
            booking=booking, amount=half, method="bank transfer", now=now, by=story.office
        )

    story.at(moment + 12 * DAY, pay_half, by=story.office)


def _invoice_owed(story: Story, booking: Booking, moment: datetime) -> None:
    invoices.issue_invoice(booking, now=moment, by=story.office)


def _invoice_cancelled(story: Story, booking: Booking, moment: datetime) -> None:
    _invoice_owed(story, booking, moment)
    story.at(moment + 3 * DAY, partial(_cancel, "The team is away that week.", booking))


def _no_show(story: Story, booking: Booking, moment: datetime) -> None:
    _paid(story, booking, moment)
    story.absent_bookings.add(booking.id)


def _hold_expired(story: Story, booking: Booking, moment: datetime) -> None:
    story.at(moment + 34 * MINUTES, lambda now: _expire(booking, now), by=CLOCK)


def _card_declined(story: Story, booking: Booking, moment: datetime) -> None:
    """Leave a declined card behind, as Stripe's events would, and an expired hold."""
    db.session.add(
        PaymentTransaction(
            booking=booking,
            amount=booking.payment_amount,
            provider=Provider.STRIPE,
            status=TransactionStatus.CANCELLED,
            failure_message="Your card was declined.",
        )
    )
    booking.payment_status = PaymentStatus.FAILED
    _hold_expired(story, booking, moment)


def _held_now(story: Story, booking: Booking, moment: datetime) -> None:
    """Wait for the card, as one does."""


def _offline_awaited(story: Story, booking: Booking, moment: datetime) -> None:
    """Wait for the bank transfer that the office was told of."""


def _withdrawn(story: Story, booking: Booking, moment: datetime) -> None:
    """Withdraw inside the cooling-off time: everything comes back, nobody has to approve."""
    _paid(story, booking, moment)
    story.at(moment + 5 * DAY, partial(_cancel, "My plans have changed.", booking))
    story.at(moment + 7 * DAY, partial(pay_back, story, booking), by=story.office)


def _cancelled_early(story: Story, booking: Booking, moment: datetime) -> None:
    _invoice_paid(story, booking, moment)
    _cancel_before(story, booking, 40)
    _decide(story, booking, 39, _approve)
    _decide(story, booking, 37, pay_back)


def _cancelled_half(story: Story, booking: Booking, moment: datetime) -> None:
    _invoice_paid(story, booking, moment)
    _cancel_before(story, booking, 20)
    _decide(story, booking, 19, _approve)
    _decide(story, booking, 18, pay_back)


def _refund_rejected(story: Story, booking: Booking, moment: datetime) -> None:
    _invoice_paid(story, booking, moment)
    _cancel_before(story, booking, 20)
    _decide(story, booking, 18, _reject)


def _refund_pending(story: Story, booking: Booking, moment: datetime) -> None:
    _paid(story, booking, moment)
    story.at(story.now - DAY, partial(_cancel, "I cannot come after all.", booking))


def _refund_approved(story: Story, booking: Booking, moment: datetime) -> None:
    _invoice_paid(story, booking, moment)
    story.at(story.now - 4 * DAY, partial(_cancel, "Our order fell through.", booking))
    story.at(story.now - 3 * DAY, partial(_approve, story, booking), by=story.office)


def _goodwill(story: Story, booking: Booking, moment: datetime) -> None:
    """Give a little back after the course; the booking stays as it is."""
    _paid(story, booking, moment)
    after = booking.course_schedule.end_datetime + DAY
    story.at(after, partial(_ask_for_goodwill, story, booking), by=story.office)
    story.at(after + 10 * MINUTES, partial(_approve, story, booking), by=story.office)
    story.at(after + DAY, partial(pay_back, story, booking), by=story.office)


def _pay(story: Story, booking: Booking, method: str, now: datetime) -> None:
    due = ledger.amount_due(booking)
    if due > 0:
        payments.record_payment(
            booking=booking, amount=due, method=method, now=now, by=story.office
        )


def _expire(booking: Booking, now: datetime) -> None:
    holds.expire_hold(booking, now=now, by=CLOCK)


def _cancel_before(story: Story, booking: Booking, days: int) -> None:
    story.at(
        booking.course_schedule.start_datetime - days * DAY,
        partial(_cancel, "Too many of us are ill.", booking),
    )


def _cancel(reason: str, booking: Booking, now: datetime) -> None:
    if booking.status in {BookingStatus.PENDING, BookingStatus.CONFIRMED}:
        refunds.cancel_and_refund(booking=booking, reason=reason, now=now, by=CLOCK)


def _decide(
    story: Story,
    booking: Booking,
    days: int,
    decision: Callable[[Story, Booking, datetime], None],
) -> None:
    story.at(
        booking.course_schedule.start_datetime - days * DAY,
        partial(decision, story, booking),
        by=story.office,
    )


def _approve(story: Story, booking: Booking, now: datetime) -> None:
    for refund in _refunds_of(booking, RefundStatus.PENDING):
        refunds.approve(refund=refund, now=now, by=story.office)


def _reject(story: Story, booking: Booking, now: datetime) -> None:
    for refund in _refunds_of(booking, RefundStatus.PENDING):
        refunds.reject(
            refund=refund,
            reason="As agreed by telephone, the payment stays for a date in spring.",
            now=now,
            by=story.office,
        )


def _ask_for_goodwill(story: Story, booking: Booking, now: datetime) -> None:
    refunds.request_refund(
        booking=booking,
        amount=Decimal(20),
        reason="The heating failed in the morning.",
        now=now,
        by=story.office,
    )


def _refunds_of(booking: Booking, status: RefundStatus) -> list[Refund]:
    asked = select(Refund).filter_by(booking_id=booking.id, status=status).order_by(Refund.id)
    return list(db.session.scalars(asked))


FATES: dict[str, Fate] = {
    "paid": _paid,
    "invoice_paid": _invoice_paid,
    "invoice_part": _invoice_part,
    "invoice_owed": _invoice_owed,
    "invoice_cancelled": _invoice_cancelled,
    "no_show": _no_show,
    "hold_expired": _hold_expired,
    "card_declined": _card_declined,
    "held_now": _held_now,
    "offline_awaited": _offline_awaited,
    "withdrawn": _withdrawn,
    "cancelled_early": _cancelled_early,
    "cancelled_half": _cancelled_half,
    "refund_rejected": _refund_rejected,
    "refund_pending": _refund_pending,
    "refund_approved": _refund_approved,
    "goodwill": _goodwill,
}
