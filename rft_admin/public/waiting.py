"""After the payment: the page that waits until Stripe's word has come, and says what it was."""

from datetime import datetime

from flask import Response, jsonify, render_template, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.core.database import db
from rft_admin.payments.models import PaymentTransaction, TransactionStatus
from rft_admin.public import access, funnel
from rft_admin.public.blueprint import blueprint
from rft_admin.public.forms import PublicForm

#: The page without JavaScript asks again after so many seconds, and later less often.
QUICK_SECONDS = 3
SLOW_SECONDS = 15
#: After so many rounds it takes longer than usual.
QUICK_ROUNDS = 20


@blueprint.get("/bookings/<reference>/payment")
def payment_state(reference: str) -> ResponseReturnValue:
    """Say paid, declined, cancelled or still waiting; while waiting, look again by itself."""
    opened = access.open_booking(reference)
    state = state_of(opened)
    rounds = min(request.args.get("n", 0, type=int), QUICK_ROUNDS + 1)
    if state == "paid" and opened.id not in session.get("paid", []):
        session["paid"] = [*session.get("paid", []), opened.id][-10:]
        funnel.note("paid", schedule_id=opened.course_schedule_id)
    return render_template(
        "public/payment.html",
        booking=opened,
        state=state,
        rounds=rounds + 1,
        is_slow=rounds >= QUICK_ROUNDS,
        seconds=SLOW_SECONDS if rounds >= QUICK_ROUNDS else QUICK_SECONDS,
        form=PublicForm(),
    )


@blueprint.get("/bookings/<reference>/payment.json")
def payment_state_json(reference: str) -> Response:
    """Say the same to the page's script."""
    response = jsonify(state=state_of(access.open_booking(reference)))
    response.headers["Cache-Control"] = "no-store"
    return response


def state_of(booking: Booking) -> str:
    """Return paid, cancelled, declined or waiting, from what is stored."""
    if booking.is_paid or booking.status in {BookingStatus.CONFIRMED, BookingStatus.COMPLETED}:
        return "paid"
    if booking.status is BookingStatus.CANCELLED:
        return "cancelled"
    return "declined" if _was_declined(booking) else "waiting"


def note_return(booking: Booking, *, now: datetime) -> None:
    """Note that Stripe has sent this browser back as having paid."""
    session["returned"] = [booking.id, now.timestamp()]


def _was_declined(booking: Booking) -> bool:
    """Return whether the last word is a decline.

    Stripe sends back only who has paid: a decline from before that was followed by a good card,
    whose word has not come yet.
    """
    latest = db.session.scalar(
        select(PaymentTransaction)
        .where(PaymentTransaction.booking_id == booking.id)
        .order_by(PaymentTransaction.id.desc())
        .limit(1)
    )
    if latest is None or latest.status is not TransactionStatus.FAILED:
        return False
    booking_id, returned_at = session.get("returned", (None, 0.0))
    return bool(booking_id != booking.id or latest.updated_at.timestamp() > returned_at)
