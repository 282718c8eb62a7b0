"""What the tests of payments do again and again: book, pay, let Stripe's events arrive."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, text

from rft_admin.bookings.models import Booking
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.core.settings import Setting, ValueType
from rft_admin.messaging.models import EmailLog, Notification
from rft_admin.payments import refunds, webhook
from rft_admin.payments import service as payments
from rft_admin.payments.models import PaymentTransaction, Refund, StripeEvent
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import VISITOR


def pay_page(booking: Booking) -> str:
    """Open the payment page of a booking and return its id at Stripe."""
    url = payments.start_checkout(booking.id, now=clock.now(), by=VISITOR)
    return urlsplit(url).path.rpartition("/")[2]


def deliver(stripe: StripeSandbox, **how: Any) -> None:
    """Receive every waiting event, signed as Stripe signs it, and do what it causes."""
    posted: list[tuple[bytes, str]] = []

    def post(payload: bytes, headers: dict[str, str]) -> int:
        posted.append((payload, headers["Stripe-Signature"]))
        return 200

    stripe.deliver_all(post=post, **how)
    for payload, signature in posted:
        receive(payload, signature)
    for event_id in db.session.scalars(select(StripeEvent.id).order_by(StripeEvent.id)).all():
        webhook.process(event_id)


def receive(payload: bytes, signature: str) -> StripeEvent | None:
    """Receive one event as the webhook's door does."""
    return transact(lambda: webhook.receive(payload, signature, now=clock.now()), by=VISITOR)


def paid(stripe: StripeSandbox, booking: Booking, card: str = "success") -> Booking:
    """Pay a booking on its page and let the events arrive."""
    stripe.pay(pay_page(booking), card)
    deliver(stripe)
    return booking


def paid_booking(stripe: StripeSandbox, **order: Any) -> Booking:
    """Return a booking for a date two months ahead, paid by card and confirmed."""
    days_ahead = order.pop("days_ahead", 60)
    return paid(stripe, offers.booked(offers.schedule(days_ahead=days_ahead).id, **order))


def send_waiting_refunds() -> None:
    """Do the jobs of the refunds that wait to be sent, however often they were queued."""
    waiting = select(Refund.id).where(Refund.status.in_(("approved", "processing")))
    for refund_id in db.session.scalars(waiting.order_by(Refund.id)).all():
        refunds.send(refund_id)


def the_payment(booking: Booking) -> PaymentTransaction:
    """Return the booking's only payment."""
    return db.session.scalars(select(PaymentTransaction).filter_by(booking_id=booking.id)).one()


def the_refund(booking: Booking) -> Refund:
    """Return the booking's only refund."""
    return db.session.scalars(select(Refund).filter_by(booking_id=booking.id)).one()


def letters(booking: Booking) -> list[str]:
    """Return the names of the booking's letters, in the order they were queued."""
    found = select(EmailLog.template_name).filter_by(booking_id=booking.id).order_by(EmailLog.id)
    return list(db.session.scalars(found))


def notices() -> list[str]:
    """Return the titles of the office's notifications."""
    return list(db.session.scalars(select(Notification.title).order_by(Notification.id)))


def jobs(name: str) -> int:
    """Return how many jobs of this name are queued."""
    count = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :name")
    return int(db.session.execute(count, {"name": name}).scalar_one())


def set_setting(key: str, value: str, value_type: ValueType = ValueType.STRING) -> None:
    """Store a setting."""
    db.session.add(
        Setting(
            key=key,
            value=value,
            value_type=value_type,
            category=key.partition(".")[0],
            display_name=key,
            description=key,
            default_value=value,
        )
    )
    db.session.flush()


def book_earlier(booking: Booking, days: int) -> None:
    """Let the booking have been made so many days before."""
    booking.terms_accepted_at = clock.now() - timedelta(days=days)
    db.session.flush()
