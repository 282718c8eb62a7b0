"""A series of dates: all of them or none, on the clock of the wall."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from rft_admin.catalogue import schedules, series
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.catalogue.schedules import DayTimes
from rft_admin.core.clock import LONDON, to_london
from rft_admin.core.database import db
from tests.bookings import offers
from tests.bookings.offers import OFFICE

pytestmark = pytest.mark.usefixtures("session")

#: A Wednesday.
FIRST = date(2027, 3, 3)
WEDNESDAY, THURSDAY = 2, 3


def times(day: date, start: int = 9, end: int = 16) -> DayTimes:
    return DayTimes(
        starts_at=datetime(day.year, day.month, day.day, start, 30, tzinfo=LONDON).astimezone(UTC),
        ends_at=datetime(day.year, day.month, day.day, end, 30, tzinfo=LONDON).astimezone(UTC),
        break_minutes=60,
    )


def create(*days: DayTimes, **values: Any) -> CourseSchedule:
    return schedules.create_schedule(
        values={"course_id": offers.course().id, "max_capacity": 12, **values},
        days=days or [times(FIRST)],
        by=OFFICE,
    )


def count_dates() -> int:
    return db.session.scalars(select(func.count()).select_from(CourseSchedule)).one()


def begin_days(dates: list[CourseSchedule]) -> list[tuple[int, int]]:
    walls = [to_london(row.start_datetime) for row in dates]
    assert {(wall.hour, wall.minute) for wall in walls} == {(9, 30)}
    return [(wall.month, wall.day) for wall in walls]


class TestRefusals:
    """What is not stored at all."""

    def test_refuses_a_last_day_before_the_first_repetition(self) -> None:
        schedule = create()

        with pytest.raises(series.SeriesEmpty):
            series.make_series(
                schedule, every_weeks=2, weekday=WEDNESDAY, until=date(2027, 3, 16), by=OFFICE
            )

    def test_refuses_more_dates_than_anybody_looks_through(self) -> None:
        schedule = create()

        with pytest.raises(series.SeriesTooLong):
            series.make_series(
                schedule, every_weeks=1, weekday=WEDNESDAY, until=date(2028, 5, 3), by=OFFICE
            )

    def test_names_every_clash_and_stores_nothing(self) -> None:
        trainer, venue = offers.trainer(), offers.venue()
        other = create(times(date(2027, 3, 17), 15, 18), trainer_id=trainer.id)
        fair = create(times(date(2027, 3, 31)), venue_id=venue.id)
        schedule = create(trainer_id=trainer.id, venue_id=venue.id)
        before = count_dates()

        with pytest.raises(series.SeriesClash) as refusal:
            series.make_series(
                schedule, every_weeks=2, weekday=WEDNESDAY, until=date(2027, 4, 14), by=OFFICE
            )

        message = refusal.value.message
        assert f"17 Mar 2027: The trainer already teaches {other.course.name}" in message
        assert f"31 Mar 2027: {venue.name} is already used for {fair.course.name}" in message
        assert "14 Apr" not in message
        assert count_dates() == before

    def test_refuses_a_series_that_clashes_with_itself(self) -> None:
        days = [times(date(2027, 3, day)) for day in (3, 10, 17)]
        schedule = create(*days, trainer_id=offers.trainer().id)

        with pytest.raises(schedules.TrainerClash, match=schedule.course.name):
            series.make_series(
                schedule, every_weeks=1, weekday=THURSDAY, until=date(2027, 6, 1), by=OFFICE
            )


class TestMake:
    """Every second Wednesday until a day."""

    def test_goes_on_after_the_given_date_across_the_clock_change(self) -> None:
        trainer = offers.trainer()
        schedule = create(trainer_id=trainer.id, joining_notes="Ring the bell.")

        made = series.make_series(
            schedule, every_weeks=2, weekday=WEDNESDAY, until=date(2027, 4, 14), by=OFFICE
        )

        assert begin_days(made) == [(3, 17), (3, 31), (4, 14)]
        assert {row.trainer_id for row in made} == {trainer.id}
        assert {row.joining_notes for row in made} == {"Ring the bell."}
        assert not any(row.is_published for row in made)

    def test_begins_with_the_next_such_weekday_when_the_date_is_another(self) -> None:
        made = series.make_series(
            create(), every_weeks=1, weekday=THURSDAY, until=date(2027, 3, 12), by=OFFICE
        )

        assert begin_days(made) == [(3, 4), (3, 11)]

    def test_repeats_all_days_of_a_course_with_their_breaks(self) -> None:
        schedule = create(times(FIRST), times(date(2027, 3, 10)))

        (again,) = series.make_series(
            schedule, every_weeks=4, weekday=WEDNESDAY, until=date(2027, 4, 1), by=OFFICE
        )

        assert [to_london(day.starts_at).day for day in again.days] == [31, 7]
        assert [day.break_minutes for day in again.days] == [60, 60]
