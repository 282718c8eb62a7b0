"""Carrying out an action on many rows: in a request or as a job, each row once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy.exc import DBAPIError
from werkzeug.datastructures import MultiDict

from rft_admin.accounts import action_runs, audit
from rft_admin.accounts.action_runs import Claim
from rft_admin.accounts.models import ActionRun, ActionRunRow, RowOutcome
from rft_admin.admin.actions import Action, Done, Order
from rft_admin.admin.actor import acting_as
from rft_admin.admin.doing import (
    as_done,
    attempt,
    do,
    refusal_for,
    tell_trail,
    values_of,
)
from rft_admin.admin.registry import view_of
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: What a row is told that could have been done, had all others been too.
LEFT_TOGETHER = "Left as it was: here it is all of the rows or none."
BROKEN = "Something went wrong here. The office was told; the other rows are not touched by it."


@dataclass(frozen=True)
class Errand:
    """A run as its worker needs it: what to do, with which words, in whose name."""

    run_id: int
    view: "TableView"
    action: Action
    fields: dict[str, Any]
    by: Actor
    is_together: bool
    #: The worker carries it out, so the person may look elsewhere by now.
    is_job: bool

    def order(self) -> Order:
        """Return what the action is given, with the form's values read and checked anew.

        :raises DomainError: if they no longer make sense: a day may have passed meanwhile.
        """
        if self.action.form is None:
            return Order(values={}, by=self.by, now=clock.now())
        form = self.action.form(MultiDict(self.fields))
        if not form.validate():
            faults = [str(fault) for faults in form.errors.values() for fault in faults]
            raise DomainError(" ".join(faults) or "What was typed no longer fits.")
        return Order(values=values_of(form), by=self.by, now=clock.now())


@dataclass
class _AtWork:
    """The row that the open transaction works at, known even when the transaction is lost."""

    entity_id: int | None = None


class _NotAll(DomainError):
    """Not all of the rows can take it."""

    def __init__(self, refused: dict[int, DomainError]) -> None:
        super().__init__()
        self.refused = refused


def carry_on_as_job(run_id: int) -> None:
    """Carry a run on in the name of the person who confirmed it, with the rights of this moment."""
    user_id = action_runs.get_run(run_id).user_id
    with current_app.test_request_context("/admin/"), acting_as(user_id):
        carry_on(run_id, is_job=True)


def carry_on(run_id: int, *, is_job: bool = False) -> None:
    """Do what is waiting of a run; what was done before stays as it is."""
    errand = _read(run_id, is_job)
    if errand is None:
        return
    if errand.is_together:
        _do_together(errand)
        return
    step = _do_own_work if errand.action.is_own_work else _do_next
    while step(errand):
        pass


def _read(run_id: int, is_job: bool) -> Errand | None:
    run = action_runs.get_run(run_id)
    view = view_of(run.entity_type)
    action = view.actions_by_name.get(run.action) if view else None
    if not run.is_running or view is None or action is None:
        return None
    fields, by = dict(run.fields), actor_of(run)
    return Errand(run_id, view, action, fields, by, run.is_together, is_job)


def actor_of(run: ActionRun) -> Actor:
    """Return who confirmed the run, as the trail names him."""
    return Actor(
        user_id=run.user_id,
        label=str(run.user),
        ip_address=run.ip_address,
        user_agent=run.user_agent,
        request_id=run.request_id,
    )


def _do_next(errand: Errand) -> bool:
    """Do one row and write down its outcome, both or neither; return whether there was one."""
    at_work = _AtWork()

    def use_case() -> bool:
        row = action_runs.lock_next(errand.run_id)
        if row is None:
            _finish(errand)
            return False
        at_work.entity_id = row.entity_id
        _settle(row, _attempt(errand, row.entity_id))
        return True

    try:
        return transact(use_case, by=errand.by)
    except DomainError as refusal:
        # Refused at the very end of the transaction.
        return _settle_apart(errand, at_work.entity_id, refusal)
    except Exception:
        db.session.rollback()
        _settle_apart(errand, at_work.entity_id, DomainError(BROKEN))
        raise


def _attempt(errand: Errand, entity_id: int) -> Done | DomainError:
    try:
        order = errand.order()
    except DomainError as refusal:
        return refusal
    return attempt(errand.view, errand.action, entity_id, order)


def _do_own_work(errand: Errand) -> bool:
    """Do one row whose use case has transactions of its own; return whether there was one.

    The row is claimed before and settled after. If the worker dies in between, the use case is
    called again, which may find its work half done: it goes on from there.
    """
    claim = transact(lambda: action_runs.claim_next(errand.run_id, now=clock.now()), by=errand.by)
    if claim is None:
        _finish_or_come_back(errand)
        return False
    entity_id = claim.entity_id
    try:
        outcome = _attempt_own_work(errand, claim)
    except Exception:
        db.session.rollback()
        _settle_apart(errand, entity_id, DomainError(BROKEN))
        raise
    transact(lambda: _settle(action_runs.get_row(errand.run_id, entity_id), outcome), by=errand.by)
    return True


def _attempt_own_work(errand: Errand, claim: Claim) -> Done | DomainError:
    view, action, entity_id = errand.view, errand.action, claim.entity_id
    try:
        order = errand.order()
        with audit.noting() as noted:
            done = as_done(do(view, action, entity_id, order, goes_on=claim.is_second))
        transact(lambda: tell_trail(view, action, entity_id, order, noted), by=errand.by)
    except DomainError as refusal:
        return refusal
    except DBAPIError as error:
        return refusal_for(error)
    return done


def _finish_or_come_back(errand: Errand) -> None:
    def use_case() -> None:
        _finish(errand)
        if action_runs.get_run(errand.run_id).is_running:
            action_runs.queue(errand.run_id, at=clock.now() + action_runs.CLAIM_LASTS)

    transact(use_case, by=errand.by)


def _do_together(errand: Errand) -> None:
    """Do all rows in one transaction; one refusal takes back all, and each row says why."""

    def use_case() -> None:
        rows = action_runs.lock_waiting(errand.run_id)
        outcomes = {row.entity_id: _attempt(errand, row.entity_id) for row in rows}
        refused = {key: one for key, one in outcomes.items() if isinstance(one, DomainError)}
        if refused:
            raise _NotAll(refused)
        for row in rows:
            _settle(row, outcomes[row.entity_id])
        _finish(errand)

    try:
        transact(use_case, by=errand.by)
    except _NotAll as not_all:
        _leave_all(errand, not_all.refused)
    except DomainError as refusal:
        _leave_all(errand, {}, refusal.message)
    except Exception:
        db.session.rollback()
        _leave_all(errand, {}, BROKEN)
        raise


def _leave_all(errand: Errand, refused: dict[int, DomainError], words: str = LEFT_TOGETHER) -> None:
    def use_case() -> None:
        now = clock.now()
        for row in action_runs.lock_waiting(errand.run_id):
            refusal = refused.get(row.entity_id)
            if refusal is not None:
                _settle(row, refusal)
            else:
                action_runs.settle(row, RowOutcome.SKIPPED, words=words, address=None, now=now)
        _finish(errand)

    transact(use_case, by=errand.by)


def _finish(errand: Errand) -> None:
    """Close the run if nothing is waiting any more, and tell who has left its page."""
    now = clock.now()
    if not action_runs.finish(errand.run_id, now=now) or not errand.is_job:
        return
    run = action_runs.get_run(errand.run_id)
    left = run.row_count - run.done_count
    notifications.notify(
        run.user,
        type=NotificationType.SYSTEM_ANNOUNCEMENT,
        title=f"{errand.action.label}: {run.done_count:,} of {run.row_count:,} done",
        message=f"{left:,} not done; the page says why." if left else "",
        action_url=f"/admin/action_runs/details/?id={run.id}",
        now=now,
    )


def _settle_apart(errand: Errand, entity_id: int | None, refusal: DomainError) -> bool:
    """Write down a refusal after the row's own transaction was lost."""
    if entity_id is None:
        raise refusal

    def use_case() -> None:
        row = action_runs.get_row(errand.run_id, entity_id)
        if row.outcome is RowOutcome.WAITING:
            _settle(row, refusal)

    transact(use_case, by=errand.by)
    return True


def _settle(row: ActionRunRow, outcome: Done | DomainError) -> None:
    now = clock.now()
    if isinstance(outcome, DomainError):
        action_runs.settle(row, RowOutcome.REFUSED, words=outcome.message, address=None, now=now)
    else:
        action_runs.settle(
            row, RowOutcome.DONE, words=outcome.words, address=outcome.address, now=now
        )
