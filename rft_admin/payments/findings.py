"""Our rows beside Stripe's entries: what does not fit, each with both sums and a sentence."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from rft_admin.core.database import db
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.payments.gateway_objects import BalanceEntry
from rft_admin.payments.ledger import SETTLED
from rft_admin.payments.models import (
    DifferenceKind,
    PaymentTransaction,
    Provider,
    Refund,
    RefundStatus,
)

CHARGES = frozenset({"charge", "payment"})
REFUNDS = frozenset({"refund", "payment_refund", "refund_failure", "payment_failure_refund"})
PAYOUTS = frozenset({"payout"})
DISPUTES = frozenset({"adjustment"})
#: Refunds of these states have moved money at Stripe, or may have.
_SENT = (RefundStatus.PROCESSING, RefundStatus.COMPLETED)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that does not fit."""

    kind: DifferenceKind
    stripe_object_id: str
    explanation: str
    #: Pounds, negative where money left us.
    our_amount: Decimal | None = None
    stripe_amount: Decimal | None = None
    payment_id: int | None = None
    refund_id: int | None = None
    #: The payment at Stripe behind it, to be fetched again.
    payment_intent_id: str | None = None


@dataclass
class Books:
    """Stripe's entries by what caused them, and the sums of both sides (pounds)."""

    entries: dict[str, list[BalanceEntry]] = field(default_factory=lambda: defaultdict(list))

    def put(self, source_id: str, entries: Iterable[BalanceEntry]) -> None:
        """Replace what is known of one source."""
        self.entries[source_id] = list(entries)

    def of_types(self, types: frozenset[str]) -> dict[str, list[BalanceEntry]]:
        """Return the entries of these types by their source."""
        found = {
            source: [entry for entry in entries if entry.type in types]
            for source, entries in self.entries.items()
        }
        return {source: entries for source, entries in found.items() if entries}


def books_of(entries: Iterable[BalanceEntry]) -> Books:
    """Return the entries sorted by their source."""
    books = Books()
    for entry in entries:
        books.entries[entry.source_id].append(entry)
    return books


def find_differences(books: Books, *, start: datetime, end: datetime) -> list[Finding]:
    """Return what does not fit: Stripe's entries without our row, and our rows without entries.

    Our rows of `[start, end)` are looked for in the entries.
    """
    charges = books.of_types(CHARGES)
    refunds = books.of_types(REFUNDS)
    return [
        *_compare_charges(charges),
        *_compare_refunds(refunds),
        *_compare_disputes(books.of_types(DISPUTES)),
        *_tell_of_unexpected(books),
        *_list_payments_without_charge(charges, start=start, end=end),
        *_list_refunds_without_entry(refunds, start=start, end=end),
    ]


def _compare_charges(charges: Mapping[str, list[BalanceEntry]]) -> list[Finding]:
    ours = {
        payment.stripe_charge_id: payment
        for payment in db.session.scalars(
            select(PaymentTransaction).where(PaymentTransaction.stripe_charge_id.in_(charges))
        )
    }
    findings = []
    for charge_id, entries in charges.items():
        findings.extend(_compare_charge(charge_id, entries, ours.get(charge_id)))
    return findings


def _compare_charge(
    charge_id: str, entries: list[BalanceEntry], payment: PaymentTransaction | None
) -> list[Finding]:
    taken = _total(entries)
    intent_id = entries[0].payment_intent_id
    if payment is None or not payment.is_settled:
        return [
            Finding(
                kind=DifferenceKind.MISSING_HERE,
                stripe_object_id=charge_id,
                stripe_amount=taken,
                payment_id=payment.id if payment else None,
                payment_intent_id=intent_id,
                explanation=f"Stripe took {format_pounds(taken)}; we have no such payment.",
            )
        ]
    findings = []
    if taken != payment.amount:
        findings.append(
            _of_payment(payment, DifferenceKind.AMOUNT, charge_id, payment.amount, taken, "took")
        )
    fee = sum((entry.fee for entry in entries), ZERO)
    if fee != payment.fee_amount:
        findings.append(
            _of_payment(payment, DifferenceKind.FEE, charge_id, payment.fee_amount, fee, "kept")
        )
    return findings


def _of_payment(
    payment: PaymentTransaction,
    kind: DifferenceKind,
    charge_id: str,
    ours: Decimal | None,
    theirs: Decimal,
    verb: str,
) -> Finding:
    known = "nothing" if ours is None else format_pounds(ours)
    return Finding(
        kind=kind,
        stripe_object_id=charge_id,
        our_amount=ours,
        stripe_amount=theirs,
        payment_id=payment.id,
        payment_intent_id=payment.stripe_payment_intent_id,
        explanation=f"Stripe {verb} {format_pounds(theirs)}; our payment says {known}.",
    )


def _compare_refunds(refunds: Mapping[str, list[BalanceEntry]]) -> list[Finding]:
    ours = {
        refund.stripe_refund_id: refund
        for refund in db.session.scalars(select(Refund).where(Refund.stripe_refund_id.in_(refunds)))
    }
    findings = []
    for refund_id, entries in refunds.items():
        refund = ours.get(refund_id)
        moved = _total(entries)
        expected = -refund.net_refund if refund and refund.status in _SENT else ZERO
        if moved == expected:
            continue
        findings.append(
            Finding(
                kind=DifferenceKind.AMOUNT if refund else DifferenceKind.MISSING_HERE,
                stripe_object_id=refund_id,
                our_amount=expected if refund else None,
                stripe_amount=moved,
                payment_id=refund.payment_transaction_id if refund else None,
                refund_id=refund.id if refund else None,
                payment_intent_id=entries[0].payment_intent_id,
                explanation=f"Stripe gave back {format_pounds(-moved)}; "
                + (f"by our books {format_pounds(-expected)}." if refund else "we have no refund."),
            )
        )
    return findings


def _compare_disputes(disputes: Mapping[str, list[BalanceEntry]]) -> list[Finding]:
    """Return disputes that are not written down; those that are explain their own money."""
    findings = []
    for dispute_id, entries in disputes.items():
        intent_id = entries[0].payment_intent_id
        known = intent_id and db.session.scalar(
            select(PaymentTransaction.id).where(
                PaymentTransaction.stripe_payment_intent_id == intent_id,
                PaymentTransaction.dispute_status.is_not(None),
            )
        )
        if not known:
            moved = _total(entries)
            findings.append(
                Finding(
                    kind=DifferenceKind.MISSING_HERE,
                    stripe_object_id=dispute_id,
                    stripe_amount=moved,
                    payment_intent_id=intent_id,
                    explanation=f"Stripe corrected our balance by {format_pounds(moved)}; we know "
                    "of no dispute that explains it.",
                )
            )
    return findings


def _tell_of_unexpected(books: Books) -> list[Finding]:
    """Return what Stripe booked that has no row with us, such as a fee of its own."""
    known = CHARGES | REFUNDS | PAYOUTS | DISPUTES
    return [
        Finding(
            kind=DifferenceKind.UNEXPECTED,
            stripe_object_id=entry.id,
            stripe_amount=entry.amount,
            explanation=f"Stripe booked {format_pounds(entry.amount)} as "
            f"{entry.type.replace('_', ' ')}.",
        )
        for entries in books.entries.values()
        for entry in entries
        if entry.type not in known
    ]


def _list_payments_without_charge(
    charges: Mapping[str, list[BalanceEntry]], *, start: datetime, end: datetime
) -> list[Finding]:
    payments = db.session.scalars(
        select(PaymentTransaction)
        .where(
            PaymentTransaction.provider == Provider.STRIPE,
            PaymentTransaction.status.in_(SETTLED),
            PaymentTransaction.created_at >= start,
            PaymentTransaction.created_at < end,
        )
        .order_by(PaymentTransaction.id)
    )
    return [
        Finding(
            kind=DifferenceKind.MISSING_AT_STRIPE,
            stripe_object_id=payment.stripe_charge_id or f"payment {payment.id}",
            our_amount=payment.amount,
            payment_id=payment.id,
            payment_intent_id=payment.stripe_payment_intent_id,
            explanation=f"Our books say that Stripe took {format_pounds(payment.amount)}; it did "
            "not.",
        )
        for payment in payments
        if payment.stripe_charge_id not in charges
    ]


def _list_refunds_without_entry(
    refunds: Mapping[str, list[BalanceEntry]], *, start: datetime, end: datetime
) -> list[Finding]:
    completed = db.session.scalars(
        select(Refund)
        .join(PaymentTransaction, Refund.payment_transaction_id == PaymentTransaction.id)
        .where(
            PaymentTransaction.provider == Provider.STRIPE,
            Refund.status == RefundStatus.COMPLETED,
            Refund.completed_at >= start,
            Refund.completed_at < end,
        )
        .order_by(Refund.id)
    )
    return [
        Finding(
            kind=DifferenceKind.MISSING_AT_STRIPE,
            stripe_object_id=refund.stripe_refund_id or refund.refund_reference,
            our_amount=-refund.net_refund,
            payment_id=refund.payment_transaction_id,
            refund_id=refund.id,
            explanation=f"Our books say that Stripe gave back {format_pounds(refund.net_refund)}; "
            "it did not.",
        )
        for refund in completed
        if refund.stripe_refund_id not in refunds
    ]


def _total(entries: Iterable[BalanceEntry]) -> Decimal:
    return sum((entry.amount for entry in entries), ZERO)
