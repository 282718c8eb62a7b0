"""Races that the database decides, each beside a control that shows the race happens.

RFT_SCALE sets the size: 1 is whole, a tenth without it.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.plain_sql import FIRST_DAY, PlainSql, psycopg_address

pytestmark = pytest.mark.reliability

SCALE = float(os.environ.get("RFT_SCALE") or 0.1)
WON = "won"
DEADLOCK = "40P01"
SOLD_OUT = "ck_course_schedules_capacity"

Work = Callable[[PlainSql], Any]


def scaled(size: int, *, least: int = 4) -> int:
    """Return the size of a race at the wanted scale."""
    return max(least, round(size * SCALE))


def race(url: str, works: list[Work], *, pause: bool = False) -> Counter[str]:
    """Let every work begin at the same moment on a connection of its own; count how they ended.

    :param pause: hold every transaction open after its work until all have done theirs.
    """
    start, done = threading.Barrier(len(works)), threading.Barrier(len(works))
    endings: list[str] = []

    def run(work: Work) -> None:
        try:
            connection = psycopg.connect(psycopg_address(url))
        except psycopg.Error:
            start.abort()
            raise
        with connection:
            start.wait(60)
            try:
                work(PlainSql(connection))
                if pause:
                    done.wait(60)
                connection.commit()
                endings.append(WON)
            except psycopg.Error as refusal:
                connection.rollback()
                endings.append(refusal.diag.constraint_name or refusal.sqlstate or "unknown")

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(endings)


@pytest.fixture
def office(fresh_database: str) -> Any:
    """A connection that commits every statement."""
    with psycopg.connect(psycopg_address(fresh_database), autocommit=True) as connection:
        yield PlainSql(connection)


class TestOnePlace:
    """Many buyers for one place."""

    @staticmethod
    def buyers(office: PlainSql, schedule: int, number: int) -> list[Work]:
        user = office.user()
        return [lambda plain: plain.booking(schedule, user_id=user)] * number

    def test_has_one_winner_and_no_deadlock(self, fresh_database: str, office: PlainSql) -> None:
        schedule = office.schedule(max_capacity=1)
        number = scaled(200)

        endings = race(fresh_database, self.buyers(office, schedule, number))

        assert endings == {WON: 1, SOLD_OUT: number - 1}
        assert office.taken(schedule) == 1

    def test_has_room_for_all_when_there_is_room(
        self, fresh_database: str, office: PlainSql
    ) -> None:
        number = scaled(200)
        schedule = office.schedule(max_capacity=number)

        endings = race(fresh_database, self.buyers(office, schedule, number))

        assert endings == {WON: number}
        assert office.taken(schedule) == number

    def test_is_oversold_without_the_lock(self, fresh_database: str, office: PlainSql) -> None:
        schedule = office.schedule(max_capacity=1)
        user = office.user()
        office.execute("ALTER TABLE bookings DISABLE TRIGGER USER")

        def look_then_book(plain: PlainSql) -> None:
            if plain.value("SELECT places_taken(%s)", schedule) < 1:
                plain.booking(schedule, user_id=user)

        endings = race(fresh_database, [look_then_book] * 4, pause=True)

        assert endings == {WON: 4}
        assert office.value("SELECT places_taken(%s)", schedule) == 4

    def test_deadlocks_with_the_stronger_lock(self, fresh_database: str, office: PlainSql) -> None:
        schedule, user = office.schedule(), office.user()
        both_have_inserted = threading.Barrier(2)

        def insert_then_lock(plain: PlainSql) -> None:
            # What the foreign key of an insert holds, then what a careless trigger asks for.
            plain.execute("SELECT FROM course_schedules WHERE id = %s FOR KEY SHARE", schedule)
            both_have_inserted.wait(60)
            plain.execute("SELECT FROM course_schedules WHERE id = %s FOR UPDATE", schedule)
            plain.booking(schedule, user_id=user)

        endings = race(fresh_database, [insert_then_lock] * 2)

        assert endings == {WON: 1, DEADLOCK: 1}


class TestTransfers:
    """Two bookings that change places between two schedules."""

    def test_in_opposite_directions_never_deadlock(
        self, fresh_database: str, office: PlainSql
    ) -> None:
        first, second = office.schedule(), office.schedule()
        move = "UPDATE bookings SET course_schedule_id = %s WHERE id = %s"
        for _ in range(scaled(20)):
            there, back = office.booking(first), office.booking(second)

            endings = race(
                fresh_database,
                [
                    lambda plain, booking=there: plain.execute(move, second, booking),
                    lambda plain, booking=back: plain.execute(move, first, booking),
                ],
            )

            assert endings == {WON: 2}
            office.execute("UPDATE bookings SET status = 'cancelled'")


class TestRefunds:
    """Refunds of £60 on a payment of £100, all at once."""

    @staticmethod
    def refunds(payment: int, number: int, **values: Any) -> list[Work]:
        return [lambda plain: plain.refund(payment, 60, **values)] * number

    def test_have_one_winner(self, fresh_database: str, office: PlainSql) -> None:
        payment, number = office.payment(), scaled(40)

        endings = race(fresh_database, self.refunds(payment, number))

        assert endings == {WON: 1, "refunds_within_payment": number - 1}

    def test_that_wait_for_approval_have_one_winner(
        self, fresh_database: str, office: PlainSql
    ) -> None:
        payment, number = office.payment(), scaled(40)

        endings = race(fresh_database, self.refunds(payment, number, status="pending"))

        assert endings.pop(WON) == 1
        assert set(endings) <= {"uq_refunds_open_per_payment", "refunds_within_payment"}

    def test_all_pass_without_the_lock(self, fresh_database: str, office: PlainSql) -> None:
        payment, number = office.payment(), scaled(40)
        body = office.value(
            "SELECT pg_get_functiondef('check_refunds_within_payment(integer)'::regprocedure)"
        )
        office.execute(body.replace("FOR NO KEY UPDATE", ""))

        endings = race(fresh_database, self.refunds(payment, number), pause=True)

        assert endings == {WON: number}


class TestSeries:
    """Two series of dates for one trainer and one venue, written in opposite order."""

    @staticmethod
    def series(
        office: PlainSql,
        trainer: int,
        venue: int,
        trial: int,
        *,
        backward: bool,
        meeting: threading.Barrier | None = None,
    ) -> Work:
        course = office.course()
        starts = [FIRST_DAY + timedelta(days=10 * trial + n) for n in range(5)]
        if backward:
            starts.reverse()

        def write(plain: PlainSql) -> None:
            for start in starts:
                schedule = plain.schedule(
                    start=start, course_id=course, trainer_id=trainer, venue_id=venue
                )
                plain.day(schedule, start)
                if meeting and start == starts[0]:
                    meeting.wait(60)

        return write

    def test_have_one_winner_and_no_deadlock(self, fresh_database: str, office: PlainSql) -> None:
        trainer, venue = office.trainer(), office.venue()
        endings: Counter[str] = Counter()

        for trial in range(scaled(20)):
            works = [
                self.series(office, trainer, venue, trial, backward=backward)
                for backward in (False, True)
            ]
            endings += race(fresh_database, works)

        assert endings == {WON: scaled(20), "ex_course_schedule_days_instructor": scaled(20)}

    def test_deadlock_without_the_lock(self, fresh_database: str, office: PlainSql) -> None:
        office.execute("""
            CREATE OR REPLACE FUNCTION lock_teacher_and_venue(teacher integer, venue integer)
            RETURNS void LANGUAGE sql AS ''
        """)
        trainer, venue = office.trainer(), office.venue()
        meeting = threading.Barrier(2)
        works = [
            self.series(office, trainer, venue, 0, backward=backward, meeting=meeting)
            for backward in (False, True)
        ]

        endings = race(fresh_database, works)

        assert endings == {WON: 1, DEADLOCK: 1}
