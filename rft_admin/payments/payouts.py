"""What Stripe paid out to the bank: written on the payments and refunds it was made of."""

from collections.abc import Sequence

from sqlalchemy import select

from rft_admin.core.database import db
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.payments.findings import Finding
from rft_admin.payments.gateway_objects import BalanceEntry
from rft_admin.payments.models import DifferenceKind, PaymentTransaction, Refund


def record_payout(payout: BalanceEntry, parts: Sequence[BalanceEntry]) -> Finding | None:
    """Write a payout on what it was made of; a finding if the parts are not its sum.

    :param payout: the movement that left the balance.
    :param parts: the movements it paid out.
    """
    sources = [part.source_id for part in parts]
    _mark(payout.source_id, sources)
    made_of = sum((part.net for part in parts), ZERO)
    if made_of == -payout.net:
        return None
    return Finding(
        kind=DifferenceKind.PAYOUT,
        stripe_object_id=payout.source_id,
        our_amount=made_of,
        stripe_amount=-payout.net,
        explanation=f"Stripe paid out {format_pounds(-payout.net)}; the movements in it make "
        f"{format_pounds(made_of)}.",
    )


def _mark(payout_id: str, sources: Sequence[str]) -> None:
    payments = db.session.scalars(
        select(PaymentTransaction)
        .where(PaymentTransaction.stripe_charge_id.in_(sources))
        .order_by(PaymentTransaction.id)
    )
    for payment in payments:
        payment.stripe_payout = payout_id
    refunds = select(Refund).where(Refund.stripe_refund_id.in_(sources)).order_by(Refund.id)
    for refund in db.session.scalars(refunds):
        refund.stripe_payout = payout_id
    db.session.flush()
