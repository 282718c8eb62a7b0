"""What the database refuses, tried in plain SQL: one person or venue in two places."""

from datetime import datetime, timedelta
from typing import Any

from tests.plain_sql import FIRST_DAY, PlainSql

PERSON = "ex_course_schedule_days_instructor"
VENUE = "ex_course_schedule_days_venue"
LATER = FIRST_DAY + timedelta(days=200)


def dated(plain: PlainSql, start: datetime = FIRST_DAY, **values: Any) -> int:
    """A schedule with its day."""
    schedule = plain.schedule(start=start, **values)
    plain.day(schedule, start)
    return schedule


def days(plain: PlainSql, schedule: int) -> list[tuple[Any, ...]]:
    """The days' times and copies, the earliest first."""
    return plain.connection.execute(
        "SELECT starts_at, ends_at, instructor_id, venue_id, venue_exclusive, is_live"
        " FROM course_schedule_days WHERE course_schedule_id = %s ORDER BY starts_at",
        (schedule,),
    ).fetchall()


class TestOnePerson:
    """A trainer, or whoever teaches."""

    def test_is_refused_in_two_places(self, plain: PlainSql) -> None:
        trainer = plain.trainer()
        dated(plain, trainer_id=trainer)

        with plain.refused(PERSON):
            dated(plain, FIRST_DAY + timedelta(hours=6), trainer_id=trainer)
        dated(plain, FIRST_DAY + timedelta(hours=7), trainer_id=trainer)

    def test_is_the_same_as_trainer_and_as_instructor(self, plain: PlainSql) -> None:
        user = plain.user(role="instructor")
        dated(plain, trainer_id=plain.trainer(user_id=user))

        with plain.refused(PERSON):
            dated(plain, instructor_id=user)

    def test_is_refused_when_the_trainer_changes(self, plain: PlainSql) -> None:
        trainer = plain.trainer()
        dated(plain, trainer_id=trainer)
        other = dated(plain)

        with plain.refused(PERSON):
            plain.execute(
                "UPDATE course_schedules SET trainer_id = %s WHERE id = %s", trainer, other
            )

    def test_is_refused_when_the_date_moves(self, plain: PlainSql) -> None:
        trainer = plain.trainer()
        dated(plain, trainer_id=trainer)
        other = dated(plain, LATER, trainer_id=trainer)

        with plain.refused(PERSON):
            plain.execute(
                "UPDATE course_schedules SET start_datetime = %s, end_datetime = %s WHERE id = %s",
                FIRST_DAY,
                FIRST_DAY + timedelta(hours=7),
                other,
            )

    def test_is_free_when_the_other_date_is_cancelled(self, plain: PlainSql) -> None:
        trainer = plain.trainer()
        cancelled = dated(plain, trainer_id=trainer)
        plain.execute("UPDATE course_schedules SET status = 'cancelled' WHERE id = %s", cancelled)
        dated(plain, trainer_id=trainer)

        with plain.refused(PERSON):
            plain.execute(
                "UPDATE course_schedules SET status = 'scheduled' WHERE id = %s", cancelled
            )

    def test_may_be_unknown_on_two_dates(self, plain: PlainSql) -> None:
        dated(plain)

        assert dated(plain)


class TestOneVenue:
    """A venue that holds one course at a time."""

    def test_is_refused_for_two_courses(self, plain: PlainSql) -> None:
        venue = plain.venue()
        dated(plain, venue_id=venue)

        with plain.refused(VENUE):
            dated(plain, venue_id=venue)

    def test_may_be_shared_where_that_is_allowed(self, plain: PlainSql) -> None:
        venue = plain.venue(allows_concurrent=True)
        dated(plain, venue_id=venue)
        dated(plain, venue_id=venue)

        with plain.refused(VENUE):
            plain.execute("UPDATE venues SET allows_concurrent = false WHERE id = %s", venue)


class TestCopies:
    """The copies on the days."""

    def test_are_the_databases_own_whatever_is_written(self, plain: PlainSql) -> None:
        trainer, venue = plain.trainer(), plain.venue()
        teacher = plain.value("SELECT user_id FROM trainers WHERE id = %s", trainer)
        schedule = plain.schedule(start=FIRST_DAY, trainer_id=trainer, venue_id=venue)

        plain.day(schedule, FIRST_DAY, instructor_id=plain.user(), venue_id=None, is_live=False)

        assert days(plain, schedule)[0][2:] == (teacher, venue, True, True)

    def test_follow_the_schedule(self, plain: PlainSql) -> None:
        schedule = dated(plain, trainer_id=plain.trainer(), venue_id=plain.venue())

        plain.execute(
            "UPDATE course_schedules SET trainer_id = NULL, venue_id = NULL, status = 'cancelled'"
            " WHERE id = %s",
            schedule,
        )

        assert days(plain, schedule)[0][2:] == (None, None, False, False)

    def test_follow_the_trainers_user(self, plain: PlainSql) -> None:
        trainer, successor = plain.trainer(), plain.user()
        schedule = dated(plain, trainer_id=trainer)

        plain.execute("UPDATE trainers SET user_id = %s WHERE id = %s", successor, trainer)

        assert days(plain, schedule)[0][2] == successor


class TestInstructor:
    """The instructor of a schedule."""

    def test_is_the_trainers_user_whatever_is_typed(self, plain: PlainSql) -> None:
        trainer = plain.trainer()

        schedule = plain.schedule(trainer_id=trainer, instructor_id=plain.user())

        assert plain.value(
            "SELECT s.instructor_id = t.user_id FROM course_schedules AS s"
            " JOIN trainers AS t ON t.id = s.trainer_id WHERE s.id = %s",
            schedule,
        )

    def test_is_typed_where_there_is_no_trainer(self, plain: PlainSql) -> None:
        user = plain.user()

        schedule = plain.schedule(instructor_id=user)

        assert user == plain.value(
            "SELECT instructor_id FROM course_schedules WHERE id = %s", schedule
        )


class TestDays:
    """The days of a schedule."""

    def test_are_one_at_least_when_the_transaction_ends(self, plain: PlainSql) -> None:
        schedule = plain.schedule(start=FIRST_DAY)

        plain.execute("SET CONSTRAINTS ALL IMMEDIATE")

        assert [row[:2] for row in days(plain, schedule)] == [
            (FIRST_DAY, FIRST_DAY + timedelta(hours=7))
        ]

    def test_come_back_when_all_are_deleted(self, plain: PlainSql) -> None:
        schedule = dated(plain)

        plain.execute("DELETE FROM course_schedule_days WHERE course_schedule_id = %s", schedule)
        plain.execute("SET CONSTRAINTS ALL IMMEDIATE")

        assert len(days(plain, schedule)) == 1

    def test_give_the_schedule_its_start_and_end(self, plain: PlainSql) -> None:
        schedule = dated(plain)

        plain.day(schedule, LATER)
        plain.execute("UPDATE course_schedules SET end_datetime = now() WHERE id = %s", schedule)

        assert plain.connection.execute(
            "SELECT start_datetime, end_datetime FROM course_schedules WHERE id = %s", (schedule,)
        ).fetchone() == (FIRST_DAY, LATER + timedelta(hours=7))

    def test_that_stand_alone_move_with_the_schedule(self, plain: PlainSql) -> None:
        schedule = dated(plain)

        plain.execute(
            "UPDATE course_schedules SET start_datetime = %s, end_datetime = %s WHERE id = %s",
            LATER,
            LATER + timedelta(hours=3),
            schedule,
        )

        assert days(plain, schedule)[0][:2] == (LATER, LATER + timedelta(hours=3))

    def test_of_one_date_never_overlap_once_committed(self, plain: PlainSql) -> None:
        schedule = dated(plain)

        with plain.refused("ex_course_schedule_days_overlap"):
            plain.day(schedule, FIRST_DAY + timedelta(hours=1))
            plain.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def test_end_after_they_start(self, plain: PlainSql) -> None:
        schedule = plain.schedule()

        with plain.refused("ck_course_schedule_days_period"):
            plain.day(schedule, FIRST_DAY, ends_at=FIRST_DAY)
        with plain.refused("ck_course_schedules_period"):
            plain.schedule(start=FIRST_DAY, end_datetime=FIRST_DAY)
