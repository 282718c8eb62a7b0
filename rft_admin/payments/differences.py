"""Differences with Stripe as rows: each stored and told once, and closed by a person's note."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from rft_admin.accounts import audit
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError, refuse_on
from rft_admin.payments import disputes
from rft_admin.payments.findings import Finding
from rft_admin.payments.models import DifferenceStatus, ReconciliationDifference

GONE = "Found equal by the nightly comparison."


class DifferenceKnown(DomainError):
    """Another run is writing down the same difference."""

    status = 409


class DifferenceResolved(DomainError):
    """This difference has been worked through already."""

    status = 409


class NoteNeeded(DomainError):
    """Please say what it was and what you did."""

    field = "reason"


refuse_on("uq_reconciliation_differences_kind_stripe_object_id", DifferenceKnown)


def note(findings: Sequence[Finding], *, now: datetime) -> list[ReconciliationDifference]:
    """Store what was found, each difference once; return the new ones, which the office is told.

    One that a person has resolved stays resolved.
    """
    new = [_store(finding, now=now) for finding in findings if _find(finding) is None]
    for difference in new:
        disputes.tell_of_difference(
            f"Our books and Stripe's differ: {difference.stripe_object_id}",
            difference.explanation,
            now=now,
            action_url=f"/admin/reconciliation_differences/details/?id={difference.id}",
        )
    return new


def close_gone(findings: Sequence[Finding], looked_at: Sequence[str], *, now: datetime) -> int:
    """Resolve open differences that are there no more; return how many.

    :param looked_at: the objects at Stripe that were compared.
    """
    still = {(finding.kind, finding.stripe_object_id) for finding in findings}
    open_ones = db.session.scalars(
        select(ReconciliationDifference)
        .where(
            ReconciliationDifference.status == DifferenceStatus.OPEN,
            ReconciliationDifference.stripe_object_id.in_(looked_at),
        )
        .order_by(ReconciliationDifference.id)
    ).all()
    gone = [one for one in open_ones if (one.kind, one.stripe_object_id) not in still]
    for difference in gone:
        _close(difference, GONE, now=now, user_id=None)
    return len(gone)


def resolve(
    difference: ReconciliationDifference, *, reason: str, now: datetime, by: Actor
) -> ReconciliationDifference:
    """Close a difference that a person has worked through, with what he found and did.

    :raises DifferenceResolved: if it is closed already.
    :raises NoteNeeded: if nothing is said.
    """
    if not difference.is_open:
        raise DifferenceResolved
    if not reason.strip():
        raise NoteNeeded
    with audit.acting("resolved"):
        _close(difference, reason.strip(), now=now, user_id=by.user_id)
    return difference


def _find(finding: Finding) -> int | None:
    return db.session.scalar(
        select(ReconciliationDifference.id).where(
            ReconciliationDifference.kind == finding.kind,
            ReconciliationDifference.stripe_object_id == finding.stripe_object_id,
        )
    )


def _store(finding: Finding, *, now: datetime) -> ReconciliationDifference:
    difference = ReconciliationDifference(
        kind=finding.kind,
        status=DifferenceStatus.OPEN,
        stripe_object_id=finding.stripe_object_id,
        our_amount=finding.our_amount,
        stripe_amount=finding.stripe_amount,
        payment_transaction_id=finding.payment_id,
        refund_id=finding.refund_id,
        explanation=finding.explanation,
        created_at=now,
    )
    db.session.add(difference)
    db.session.flush()
    return difference


def _close(
    difference: ReconciliationDifference, words: str, *, now: datetime, user_id: int | None
) -> None:
    difference.status = DifferenceStatus.RESOLVED
    difference.note = words
    difference.resolved_at = now
    difference.resolved_by_id = user_id
    db.session.flush()
