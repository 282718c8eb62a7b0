"""What many bookings together have brought in, given back and still owe, in pounds."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select

from rft_admin.bookings.models import Booking
from rft_admin.core.database import db
from rft_admin.core.money import ZERO, pounds
from rft_admin.payments.ledger import SETTLED
from rft_admin.payments.models import PaymentTransaction, Refund, RefundStatus
from rft_admin.payments.owed import is_owed


@dataclass(frozen=True)
class Sums:
    """Sums of money, in pounds."""

    paid: Decimal
    #: Given back for good.
    refunded: Decimal
    #: Still to be paid for what takes place, or did.
    owed: Decimal

    @property
    def kept(self) -> Decimal:
        """What came in and stayed."""
        return self.paid - self.refunded


def sums_of(bookings: Select[Any], *, since: datetime | None = None) -> Sums:
    """Return the sums of some bookings, by one query.

    :param bookings: selects their ids.
    :param since: leaves out money that came or went before; what is owed is owed whenever.
    """
    # Few of many, found once: three sums are of them.
    owed_for = bookings.where(is_owed()).add_columns(Booking.payment_amount)
    kept = owed_for.cte("owing").prefix_with("MATERIALIZED")
    owed, owing = select(func.sum(kept.c.payment_amount)), select(kept.c.id)
    came, went = _paid(bookings, since), _refunded(bookings, since)
    row = db.session.execute(
        select(
            came,
            went,
            owed.scalar_subquery(),
            _paid(owing, None),
            _refunded(owing, None),
        )
    ).one()
    paid, refunded, to_pay, part, returned = (pounds(value or ZERO) for value in row)
    return Sums(paid, refunded, max(ZERO, to_pay - part + returned))


def _paid(bookings: Select[Any], since: datetime | None) -> ScalarSelect[Decimal]:
    statement = select(func.sum(PaymentTransaction.amount)).where(
        PaymentTransaction.booking_id.in_(bookings), PaymentTransaction.status.in_(SETTLED)
    )
    if since is not None:
        statement = statement.where(PaymentTransaction.created_at >= since)
    return statement.scalar_subquery()


def _refunded(bookings: Select[Any], since: datetime | None) -> ScalarSelect[Decimal]:
    statement = select(func.sum(Refund.net_refund)).where(
        Refund.booking_id.in_(bookings), Refund.status == RefundStatus.COMPLETED
    )
    if since is not None:
        statement = statement.where(Refund.completed_at >= since)
    return statement.scalar_subquery()
