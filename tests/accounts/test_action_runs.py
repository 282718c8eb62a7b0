"""Tests of actions on chosen rows as they are written down: claims, counts, the end."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rft_admin.accounts import action_runs
from rft_admin.accounts.models import ActionRun, ActionRunRow, RowOutcome, RunStatus, User
from rft_admin.core import clock
from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.database import transact
from rft_admin.core.errors import DomainError, NotFound
from tests import factories

NOW = clock.now()


@pytest.fixture
def admin(session: Session) -> User:
    return factories.AdminFactory()


@pytest.fixture
def run(session: Session, admin: User) -> ActionRun:
    """Rows 3, 5 and 8 of some table, waiting; beside another run."""
    open_run(admin, "other", [3, 4])
    return open_run(admin, "this", [8, 3, 5])


def open_run(admin: User, token: str, ids: list[int]) -> ActionRun:
    """Confirm an action on rows."""
    return action_runs.open_run(
        token=token,
        entity_type="bookings",
        action="cancel",
        fields={},
        entity_ids=ids,
        is_together=False,
        return_url="",
        by=Actor(user_id=admin.id, label="office"),
    )


def settle_next(run: ActionRun, outcome: RowOutcome) -> int:
    """Settle the next waiting row and return which it was."""
    row = action_runs.lock_next(run.id)
    assert row is not None
    action_runs.settle(row, outcome, words="", address=None, now=NOW)
    return row.entity_id


class TestOpening:
    def test_needs_a_person(self, admin: User) -> None:
        with pytest.raises(DomainError):
            action_runs.open_run(
                token="t",
                entity_type="bookings",
                action="cancel",
                fields={},
                entity_ids=[1],
                is_together=False,
                return_url="",
                by=SYSTEM,
            )

    def test_is_refused_a_second_time_with_the_same_token(
        self, session: Session, admin: User
    ) -> None:
        transact(lambda: open_run(admin, "once", [1]))

        with pytest.raises(action_runs.SentAlready):
            transact(lambda: open_run(admin, "once", [2]))

        assert session.scalars(select(ActionRunRow.entity_id)).all() == [1]

    def test_is_not_found_by_another_person(self, run: ActionRun, admin: User) -> None:
        other = factories.AdminFactory()

        assert action_runs.find_run(user_id=other.id, token="this") is None
        assert action_runs.find_run(user_id=admin.id, token="this") is run


class TestRows:
    def test_come_in_the_order_of_their_ids_until_none_is_left(self, run: ActionRun) -> None:
        order = [settle_next(run, RowOutcome.DONE) for _ in range(3)]

        assert order == [3, 5, 8]
        assert action_runs.lock_next(run.id) is None

    def test_are_counted_by_their_outcome(self, session: Session, run: ActionRun) -> None:
        settle_next(run, RowOutcome.DONE)
        settle_next(run, RowOutcome.REFUSED)

        session.refresh(run)
        assert (run.done_count, run.refused_count, run.settled_count) == (1, 1, 2)

    def test_of_a_stopped_run_are_not_handed_out(self, session: Session, run: ActionRun) -> None:
        settle_next(run, RowOutcome.DONE)

        assert action_runs.stop(run.id, now=NOW) == 2

        assert action_runs.lock_next(run.id) is None
        assert action_runs.claim_next(run.id, now=NOW) is None
        with pytest.raises(action_runs.RunOver):
            action_runs.stop(run.id, now=NOW)
        left = select(ActionRunRow.entity_id).where(ActionRunRow.outcome == RowOutcome.SKIPPED)
        assert list(session.scalars(left.order_by(ActionRunRow.entity_id))) == [5, 8]

    def test_that_are_claimed_come_again_when_their_worker_is_silent(self, run: ActionRun) -> None:
        claimed = [action_runs.claim_next(run.id, now=NOW) for _ in range(4)]
        later = action_runs.claim_next(run.id, now=NOW + action_runs.CLAIM_LASTS)
        much_later = action_runs.claim_next(
            run.id, now=NOW + action_runs.CLAIM_LASTS + timedelta(seconds=1)
        )

        assert [claim.entity_id if claim else None for claim in claimed] == [3, 5, 8, None]
        assert later is None
        assert much_later == action_runs.Claim(3, is_second=True)

    def test_belong_to_one_run(self, run: ActionRun) -> None:
        with pytest.raises(NotFound):
            action_runs.get_row(run.id, 4)


class TestEnd:
    def test_does_not_come_while_a_row_waits(self, session: Session, run: ActionRun) -> None:
        settle_next(run, RowOutcome.DONE)

        assert not action_runs.finish(run.id, now=NOW)

        session.refresh(run)
        assert run.is_running

    def test_comes_with_the_last_row(self, session: Session, run: ActionRun) -> None:
        for _ in range(3):
            settle_next(run, RowOutcome.DONE)

        assert action_runs.finish(run.id, now=NOW)

        session.refresh(run)
        assert (run.status, run.finished_at) == (RunStatus.COMPLETED, NOW)

    def test_is_unknown_for_a_run_that_is_not_there(self, session: Session) -> None:
        with pytest.raises(NotFound):
            action_runs.get_run(2147483000)


class TestWorker:
    def test_is_called_by_its_job(self, session: Session, run: ActionRun) -> None:
        action_runs.queue(run.id)

        found = session.execute(
            text("SELECT task_name, args FROM procrastinate_jobs WHERE args ->> :key = :id"),
            {"key": "action_run_id", "id": str(run.id)},
        ).one()
        assert found.task_name == action_runs.JOB
