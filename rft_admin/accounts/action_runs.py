"""Actions on chosen rows: written down when confirmed, carried out row by row, each row once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Select, insert, or_, select, update

from rft_admin.accounts.models import ActionRun, ActionRunRow, RowOutcome, RunStatus
from rft_admin.core.actor import Actor
from rft_admin.core.database import Json, db
from rft_admin.core.errors import DomainError, NotFound, refuse_on
from rft_admin.core.queue import defer

#: The job that carries on what a request has left.
JOB = "carry_on_action"
#: A row whose worker has been silent for so long may be taken up by another.
CLAIM_LASTS = timedelta(minutes=2)
#: How long a request may take for its own rows before the job looks after them.
GRACE = timedelta(minutes=2)

_workers: dict[str, Callable[[int], None]] = {}


class SentAlready(DomainError):
    """This was sent already, and is done once only."""

    status = 409


class RunOver(DomainError):
    """Nothing is left to be done here."""

    status = 409


refuse_on("uq_action_runs_user_id_token", SentAlready)


def let_work(worker: Callable[[int], None]) -> None:
    """Name who carries out the rows of a run: the office's door, which knows the actions."""
    _workers["worker"] = worker


def carry_on(run_id: int) -> None:
    """Carry out the waiting rows of a run; what is done already stays as it is."""
    _workers["worker"](run_id)


def open_run(
    *,
    token: str,
    entity_type: str,
    action: str,
    fields: Json,
    entity_ids: Sequence[int],
    is_together: bool,
    return_url: str,
    by: Actor,
) -> ActionRun:
    """Write down what was confirmed, every row waiting.

    :param token: of the confirmation page.
    :param by: an office user.
    :raises SentAlready: if the same confirmation was sent before.
    """
    if by.user_id is None:
        raise DomainError("An action needs somebody who confirmed it.")
    run = ActionRun(
        user_id=by.user_id,
        token=token,
        entity_type=entity_type,
        action=action,
        fields=fields,
        row_count=len(entity_ids),
        is_together=is_together,
        return_url=return_url,
        ip_address=by.ip_address,
        user_agent=by.user_agent,
        request_id=by.request_id,
    )
    db.session.add(run)
    db.session.flush()
    db.session.execute(
        insert(ActionRunRow),
        [{"action_run_id": run.id, "entity_id": entity_id} for entity_id in sorted(entity_ids)],
    )
    return run


def find_run(*, user_id: int | None, token: str) -> ActionRun | None:
    """Return the run of a confirmation, or None if it was never sent."""
    return db.session.scalar(
        select(ActionRun).where(ActionRun.user_id == user_id, ActionRun.token == token)
    )


def get_run(run_id: int) -> ActionRun:
    """Return a run as it stands in the database.

    :raises NotFound: if there is none.
    """
    run = db.session.get(ActionRun, run_id, populate_existing=True)
    if run is None:
        raise NotFound("There is no such action.")
    return run


def get_row(run_id: int, entity_id: int) -> ActionRunRow:
    """Return one row of a run, locked until the transaction ends.

    :raises NotFound: if it does not belong to the run.
    """
    row = db.session.scalar(
        select(ActionRunRow)
        .where(ActionRunRow.action_run_id == run_id, ActionRunRow.entity_id == entity_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("There is no such row in this action.")
    return row


def queue(run_id: int, *, at: datetime | None = None) -> None:
    """Let the worker carry the run on, at once or from that moment."""
    defer(JOB, at=at, action_run_id=run_id)


def lock_next(run_id: int) -> ActionRunRow | None:
    """Return the next waiting row, locked until the transaction ends; None if none is free.

    Who works beside this one passes over it, so no row is done twice; after a crash it waits
    again.
    """
    if not get_run(run_id).is_running:
        return None
    return db.session.scalar(_waiting(run_id).limit(1).with_for_update(skip_locked=True))


@dataclass(frozen=True)
class Claim:
    """A row that a worker has for a while."""

    entity_id: int
    #: Somebody was at it before and did not come to the end: it may be half done.
    is_second: bool


def claim_next(run_id: int, *, now: datetime) -> Claim | None:
    """Claim the next waiting row for a while; None if none is free.

    For deeds that have transactions of their own: no lock would last through them.
    """
    if not get_run(run_id).is_running:
        return None
    free = or_(ActionRunRow.claimed_at.is_(None), ActionRunRow.claimed_at < now - CLAIM_LASTS)
    row = db.session.scalar(_waiting(run_id).where(free).limit(1).with_for_update(skip_locked=True))
    if row is None:
        return None
    claim = Claim(row.entity_id, is_second=row.claimed_at is not None)
    row.claimed_at = now
    db.session.flush()
    return claim


def lock_waiting(run_id: int) -> list[ActionRunRow]:
    """Return all waiting rows in the order of their ids, locked until the transaction ends."""
    return list(db.session.scalars(_waiting(run_id).with_for_update()))


def settle(
    row: ActionRunRow, outcome: RowOutcome, *, words: str, address: str | None, now: datetime
) -> None:
    """Write down what became of a row, in the transaction of the deed itself."""
    row.outcome = outcome
    row.words = words
    row.address = address or ""
    row.finished_at = now
    db.session.flush()
    # Last of all locks, and added up by the database: two workers do not overwrite each other.
    count = {
        RowOutcome.DONE: ActionRun.done_count,
        RowOutcome.REFUSED: ActionRun.refused_count,
    }.get(outcome)
    if count is not None:
        db.session.execute(
            update(ActionRun)
            .where(ActionRun.id == row.action_run_id)
            .values({count: count + 1})
            .execution_options(synchronize_session=False)
        )


def finish(run_id: int, *, now: datetime) -> bool:
    """Close a run of which nothing is waiting any more; return whether it is closed by this."""
    if not get_run(run_id).is_running:
        return False
    left = select(ActionRunRow.id).where(
        ActionRunRow.action_run_id == run_id, ActionRunRow.outcome == RowOutcome.WAITING
    )
    if db.session.scalar(left.limit(1)) is not None:
        return False
    return _close(run_id, RunStatus.COMPLETED, now)


def stop(run_id: int, *, now: datetime) -> int:
    """Leave alone what is still waiting; return how many rows that were.

    The row that a worker is at is finished. What is done stays done.

    :raises RunOver: if nothing is waiting any more.
    """
    if not get_run(run_id).is_running:
        raise RunOver
    # In the workers' order: first rows, then the run.
    free = _waiting(run_id).with_for_update(skip_locked=True)
    rows = list(db.session.scalars(free))
    for row in rows:
        row.outcome = RowOutcome.SKIPPED
        row.words = "Stopped before its turn."
        row.finished_at = now
    db.session.flush()
    _close(run_id, RunStatus.STOPPED, now)
    return len(rows)


def _waiting(run_id: int) -> Select[ActionRunRow]:
    return (
        select(ActionRunRow)
        .where(ActionRunRow.action_run_id == run_id, ActionRunRow.outcome == RowOutcome.WAITING)
        .order_by(ActionRunRow.entity_id)
        .execution_options(populate_existing=True)
    )


def _close(run_id: int, status: RunStatus, now: datetime) -> bool:
    closed = db.session.execute(
        update(ActionRun)
        .where(ActionRun.id == run_id, ActionRun.status == RunStatus.RUNNING)
        .values(status=status, finished_at=now)
        .execution_options(synchronize_session=False)
    )
    return isinstance(closed, CursorResult) and closed.rowcount == 1
