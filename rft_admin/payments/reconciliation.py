"""Every night our ledger is compared with Stripe's balance, to the penny.

What does not fit is fetched again first: a lost event is made good that way. What then still does
not fit becomes a row that a person works through.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.clock import london_date, london_midnight
from rft_admin.core.database import transact
from rft_admin.core.errors import DomainError
from rft_admin.core.money import ZERO
from rft_admin.payments import differences, disputes, payouts, recording, refund_sending
from rft_admin.payments import stripe_gateway as gateway
from rft_admin.payments.findings import (
    CHARGES,
    DISPUTES,
    PAYOUTS,
    REFUNDS,
    Books,
    Finding,
    books_of,
    find_differences,
)
from rft_admin.payments.gateway_objects import GatewayAway

logger = logging.getLogger(__name__)

#: So many days are compared each night: what one night cannot, the next ones do.
DAYS = 4


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """What a comparison came to (pounds)."""

    #: Stripe's movements that were compared, and their sum after its fees, payouts apart.
    entries: int
    net: Decimal
    differences: int
    #: Of these the ones that nobody had been told of before.
    new: int


def reconcile_nightly(*, now: datetime, by: Actor = SYSTEM) -> Reconciliation:
    """Compare the last days' ledger with Stripe's; store and tell what does not fit.

    Opens its own units of work; call it outside one. Twice stores nothing twice.

    :raises GatewayAway: if Stripe does not answer; the next night compares these days again.
    """
    start = london_midnight(london_date(now) - timedelta(days=DAYS))
    # Stripe's moments are whole seconds.
    end = now + timedelta(seconds=1)
    books = books_of(gateway.list_entries(start, end))
    compare = partial(find_differences, books, start=start, end=end)
    for suspect in transact(compare, by=by):
        _fetch_again(suspect, books, now=now, by=by)
    findings = [*transact(compare, by=by), *_record_payouts(books, by=by)]
    new = transact(lambda: _write_down(findings, books, now=now), by=by)
    return _summed_up(books, findings, new)


def _fetch_again(suspect: Finding, books: Books, *, now: datetime, by: Actor) -> None:
    """Let what does not fit catch up: an event may have been lost, an entry lie outside the days.

    :raises GatewayAway: if Stripe does not answer.
    """
    source = suspect.stripe_object_id
    try:
        if suspect.payment_intent_id is not None:
            recording.apply_intent(suspect.payment_intent_id, now=now, by=by)
        _apply_source(source, books, now=now, by=by)
        entries = gateway.list_entries_of_source(source)
    except GatewayAway:
        raise
    except DomainError as refusal:
        logger.warning("%s could not be fetched again: %s", source, type(refusal).__name__)
        return
    if entries:
        books.put(source, entries)


def _apply_source(source: str, books: Books, *, now: datetime, by: Actor) -> None:
    if source in books.of_types(REFUNDS):
        refund = gateway.retrieve_refund(source)
        transact(lambda: refund_sending.record_refund(refund, now=now, by=by), by=by)
    elif source in books.of_types(DISPUTES):
        dispute = gateway.retrieve_dispute(source)
        transact(lambda: disputes.record_dispute(dispute, now=now), by=by)


def _record_payouts(books: Books, *, by: Actor) -> list[Finding]:
    findings = []
    for payout_id, entries in books.of_types(PAYOUTS).items():
        parts = gateway.list_entries_of_payout(payout_id)
        findings.append(
            transact(partial(payouts.record_payout, entries[0], parts), by=by),
        )
    return [finding for finding in findings if finding is not None]


def _write_down(findings: Sequence[Finding], books: Books, *, now: datetime) -> int:
    new = differences.note(findings, now=now)
    differences.close_gone(findings, list(books.entries), now=now)
    return len(new)


def _summed_up(books: Books, findings: Sequence[Finding], new: int) -> Reconciliation:
    entries = [
        entry
        for types in (CHARGES, REFUNDS, DISPUTES)
        for group in books.of_types(types).values()
        for entry in group
    ]
    outcome = Reconciliation(
        entries=len(entries),
        net=sum((entry.net for entry in entries), ZERO),
        differences=len(findings),
        new=new,
    )
    logger.info(
        "reconciled %d movements, net %s; %d differences, %d of them new",
        outcome.entries, outcome.net, outcome.differences, outcome.new,
    )  # fmt: skip
    return outcome
