"""Dated courses: saved without clashes, published, repeated, completed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rft_admin.accounts import audit
from rft_admin.bookings.models import Booking
from rft_admin.catalogue import schedules
from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus
from rft_admin.catalogue.schedules import DayTimes
from rft_admin.core.clock import LONDON, to_london
from rft_admin.core.database import unit_of_work
from rft_admin.core.errors import refusal_of
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE, london

pytestmark = pytest.mark.usefixtures("session")


def day(ahead: int, start: int = 9, end: int = 16) -> DayTimes:
    return DayTimes(starts_at=london(ahead, start), ends_at=london(ahead, end), break_minutes=60)


def create(*days: DayTimes, **values: Any) -> CourseSchedule:
    values = {"course_id": values.pop("course_id", None) or offers.course().id, **values}
    return schedules.create_schedule(
        values={"max_capacity": 12, **values}, days=days or [day(60)], by=OFFICE
    )


class TestSave:
    """A date with its days."""

    @pytest.mark.parametrize(
        "days",
        [
            [],
            [day(60, 16, 9)],
            [day(60, 9, 9)],
            [day(60, 9, 12), day(60, 11, 16)],
        ],
    )
    def test_refuses_days_that_cannot_be(self, days: list[DayTimes]) -> None:
        with pytest.raises(schedules.DaysWrong):
            schedules.create_schedule(
                values={"course_id": offers.course().id, "max_capacity": 12}, days=days, by=OFFICE
            )

    def test_refuses_columns_that_are_the_systems(self) -> None:
        with pytest.raises(ValueError, match="status"):
            create(status=ScheduleStatus.COMPLETED)

    def test_refuses_a_trainer_in_two_places_and_names_the_other_date(self) -> None:
        trainer = offers.trainer()
        other = create(day(60), day(67), trainer_id=trainer.id)

        with pytest.raises(schedules.TrainerClash, match=other.course.name):
            create(day(67, 15, 17), trainer_id=trainer.id)

        create(day(67, 16, 18), trainer_id=trainer.id)
        create(day(67), trainer_id=offers.trainer().id)

    def test_refuses_a_person_who_teaches_without_being_a_trainer_twice(self) -> None:
        person = offers.admin()
        create(instructor_id=person.id)

        with pytest.raises(schedules.TrainerClash):
            create(instructor_id=person.id)

    def test_refuses_an_exclusive_venue_twice_and_names_the_other_date(self) -> None:
        venue = offers.venue()
        other = create(venue_id=venue.id)

        with pytest.raises(schedules.VenueClash, match=other.course.name):
            create(venue_id=venue.id)

    def test_lets_clients_sites_be_used_at_the_same_time(self) -> None:
        venue = offers.venue(allows_concurrent=True)
        create(venue_id=venue.id)

        assert create(venue_id=venue.id).venue_id == venue.id

    def test_a_cancelled_date_blocks_nobody(self) -> None:
        venue, trainer = offers.venue(), offers.trainer()
        other = create(venue_id=venue.id, trainer_id=trainer.id)
        schedules.mark_cancelled(other, reason="", by=OFFICE)

        assert create(venue_id=venue.id, trainer_id=trainer.id).id

    def test_starts_with_its_first_day_and_ends_with_its_last(self) -> None:
        trainer = offers.trainer()

        schedule = create(day(74), day(60), day(67), trainer_id=trainer.id)

        assert schedule.start_datetime == london(60, 9)
        assert schedule.end_datetime == london(74, 16)
        assert schedule.instructor_id == trainer.user_id
        assert not schedule.is_published

    def test_the_databases_own_refusal_reads_the_same(self, session: Session) -> None:
        trainer = offers.trainer()
        create(trainer_id=trainer.id)
        free = create()
        free.trainer_id = trainer.id

        with pytest.raises(DBAPIError) as refusal:
            session.flush()

        assert isinstance(refusal_of(refusal.value), schedules.TrainerClash)


class TestPlacesOnSale:
    """No more than the trainer may teach and the venue holds."""

    def test_refuses_more_than_one_trainer_may_teach_and_says_how_many(self) -> None:
        course = offers.course(learners_per_trainer=8)

        with pytest.raises(schedules.MoreThanAllowed, match="at most 8 people on Emergency"):
            create(course_id=course.id, max_capacity=9)

        assert create(course_id=course.id, max_capacity=8).max_capacity == 8

    def test_refuses_more_than_the_venue_holds_and_says_how_many(self) -> None:
        venue = offers.venue(capacity=10)

        with pytest.raises(schedules.MoreThanAllowed, match=f"{venue.name} holds at most 10"):
            create(venue_id=venue.id, max_capacity=11)

        assert create(venue_id=venue.id, max_capacity=10).max_capacity == 10

    def test_refuses_a_change_to_a_smaller_venue(self) -> None:
        schedule, venue = create(), offers.venue(capacity=6)

        with pytest.raises(schedules.MoreThanAllowed, match="at most 6"):
            schedules.update_schedule(schedule, values={"venue_id": venue.id}, by=OFFICE)

        schedules.update_schedule(
            schedule, values={"venue_id": venue.id, "max_capacity": 6}, by=OFFICE
        )
        assert schedule.max_capacity == 6

    def test_lets_other_things_change_where_a_venue_has_become_smaller(self) -> None:
        venue = offers.venue()
        schedule = create(venue_id=venue.id)
        venue.capacity = 6

        schedules.update_schedule(
            schedule, values={"venue_id": venue.id, "joining_notes": "Ring the bell."}, by=OFFICE
        )

        assert schedule.joining_notes == "Ring the bell."


class TestUpdate:
    """What may change once people have booked."""

    @pytest.mark.parametrize("status", [ScheduleStatus.COMPLETED, ScheduleStatus.CANCELLED])
    def test_refuses_what_is_over(self, status: ScheduleStatus) -> None:
        schedule = offers.schedule(status=status)

        with pytest.raises(schedules.ScheduleClosed):
            schedules.update_schedule(schedule, values={"min_places": 4}, by=OFFICE)

    def test_refuses_fewer_places_than_are_taken(self) -> None:
        schedule = offers.schedule()
        offers.booked(schedule.id, number_of_places=4)

        with pytest.raises(schedules.CapacityBelowTaken, match="4 places"):
            schedules.update_schedule(schedule, values={"max_capacity": 3}, by=OFFICE)

        schedules.update_schedule(schedule, values={"max_capacity": 4}, by=OFFICE)
        assert schedule.max_capacity == 4

    def test_counts_no_expired_holds_when_fewer_places_are_offered(self, session: Session) -> None:
        schedule = offers.schedule()
        expired = offers.booked(schedule.id, number_of_places=4)
        _expire_by_the_clock(session, expired)
        assert schedule.current_capacity == 4

        schedules.update_schedule(schedule, values={"max_capacity": 1}, by=OFFICE)

        assert (schedule.max_capacity, schedule.current_capacity) == (1, 0)

    def test_refuses_another_course_once_places_are_taken(self) -> None:
        schedule, other = offers.schedule(), offers.course()
        offers.booked(schedule.id)

        with pytest.raises(schedules.CourseFixed):
            schedules.update_schedule(schedule, values={"course_id": other.id}, by=OFFICE)

    def test_moves_the_days_even_onto_its_own_old_ones(self) -> None:
        trainer = offers.trainer()
        schedule = create(day(60), day(61), trainer_id=trainer.id)

        schedules.update_schedule(schedule, values={}, days=[day(61), day(62)], by=OFFICE)

        assert [row.starts_at for row in schedule.days] == [london(61, 9), london(62, 9)]
        assert schedule.start_datetime == london(61, 9)

    def test_keeps_the_days_when_none_are_given(self) -> None:
        schedule = create(day(60), day(61))
        before = [row.id for row in schedule.days]

        schedules.update_schedule(schedule, values={"min_places": 4}, by=OFFICE)

        assert [row.id for row in schedule.days] == before


class TestPublish:
    """What is shown and sold."""

    def test_refuses_what_has_begun_is_private_or_has_no_active_course(self) -> None:
        begun = offers.schedule(days_ahead=-1, is_published=False)
        private = offers.schedule(is_published=False, private_for_user_id=offers.admin().id)
        inactive = offers.schedule(is_published=False, course=offers.course(is_active=False))
        cancelled = offers.schedule(is_published=False, status=ScheduleStatus.CANCELLED)

        for schedule in (begun, private, inactive, cancelled):
            with pytest.raises(schedules.CannotPublish):
                schedules.publish(schedule, now=NOW, by=OFFICE)

    def test_refuses_days_shorter_than_the_course_and_names_the_hours(self) -> None:
        # 09:30 to 15:00 with an hour's lunch, for a course of six contact hours.
        short = DayTimes(starts_at=london(60, 9, 30), ends_at=london(60, 15, 0), break_minutes=60)
        schedule = create(short)

        with pytest.raises(schedules.HoursTooShort, match=r"give 4\.5 contact hours.* needs 6\."):
            schedules.publish(schedule, now=NOW, by=OFFICE)

        assert not schedule.is_published

    def test_refuses_an_empty_reason_for_short_days(self) -> None:
        schedule = create(day(60, 9, 12))

        with pytest.raises(schedules.HoursTooShort):
            schedules.publish(schedule, hours_override_reason="  ", now=NOW, by=OFFICE)

    def test_shows_short_days_for_a_reason_that_is_audited(self) -> None:
        schedule = create(day(60, 9, 12))

        with unit_of_work(by=OFFICE):
            schedules.publish(
                schedule, hours_override_reason="The rest is taught online.", now=NOW, by=OFFICE
            )

        assert schedule.is_published
        assert schedule.hours_override_reason == "The rest is taught online."
        entry = next(
            entry
            for entry in audit.list_history("course_schedules", schedule.id)
            if entry.action == "hours_overridden"
        )
        assert entry.changes["hours_override_reason"] == {
            "old": "",
            "new": "The rest is taught online.",
        }

    def test_keeps_no_reason_where_the_hours_are_given(self) -> None:
        schedule = create()

        schedules.publish(schedule, hours_override_reason="Not needed.", now=NOW, by=OFFICE)

        assert schedule.hours_override_reason == ""

    def test_adds_up_the_days_of_a_course(self) -> None:
        course = offers.course(duration_hours=Decimal(12))
        one = create(day(60), course_id=course.id)
        two = create(day(60), day(67), course_id=course.id)

        with pytest.raises(schedules.HoursTooShort, match="give 6 contact hours"):
            schedules.publish(one, now=NOW, by=OFFICE)

        schedules.publish(two, now=NOW, by=OFFICE)
        assert two.is_published

    def test_refuses_to_shorten_what_is_published(self) -> None:
        schedule = create()
        schedules.publish(schedule, now=NOW, by=OFFICE)

        with pytest.raises(schedules.HoursTooShort) as refusal:
            schedules.update_schedule(schedule, values={}, days=[day(60, 9, 14)], by=OFFICE)

        assert refusal.value.field == "days"

    def test_shows_and_hides(self) -> None:
        schedule = create()

        schedules.publish(schedule, now=NOW, by=OFFICE)
        assert schedule.is_published
        schedules.unpublish(schedule, by=OFFICE)
        assert not schedule.is_published


class TestComplete:
    """A date is closed once it was given."""

    def test_refuses_before_the_last_day(self) -> None:
        schedule = create(day(60), day(61))

        with pytest.raises(schedules.NotYetHeld):
            schedules.complete(schedule, now=london(60, 20), by=OFFICE)

    @pytest.mark.parametrize("status", [ScheduleStatus.COMPLETED, ScheduleStatus.CANCELLED])
    def test_refuses_what_is_over(self, status: ScheduleStatus) -> None:
        schedule = offers.schedule(days_ahead=-5, status=status)

        with pytest.raises(schedules.ScheduleClosed):
            schedules.complete(schedule, now=NOW, by=OFFICE)

    @pytest.mark.parametrize(
        "status",
        [ScheduleStatus.SCHEDULED, ScheduleStatus.CONFIRMED, ScheduleStatus.IN_PROGRESS],
    )
    def test_goes_by_way_of_the_states_before(self, status: ScheduleStatus) -> None:
        schedule = offers.schedule(days_ahead=-5, status=status)

        schedules.complete(schedule, now=NOW, by=OFFICE)

        assert schedule.status is ScheduleStatus.COMPLETED

    def test_no_step_may_be_left_out(self) -> None:
        schedule = create()

        with pytest.raises(schedules.ScheduleClosed):
            schedules.change_status(schedule, ScheduleStatus.COMPLETED, by=OFFICE)

    def test_a_completed_date_cannot_be_cancelled(self) -> None:
        schedule = offers.schedule(days_ahead=-5, status=ScheduleStatus.COMPLETED)

        with pytest.raises(schedules.ScheduleClosed):
            schedules.mark_cancelled(schedule, reason="", by=OFFICE)


class TestDuplicate:
    """The same course again."""

    def test_refuses_a_clash_with_itself(self) -> None:
        schedule = create(trainer_id=offers.trainer().id)

        with pytest.raises(schedules.TrainerClash):
            schedules.duplicate(schedule, starts_at=schedule.start_datetime, by=OFFICE)

    def test_keeps_the_hours_on_the_wall_across_a_clock_change(self) -> None:
        winter = [
            DayTimes(
                starts_at=datetime(2027, 3, number, 9, 30, tzinfo=LONDON).astimezone(UTC),
                ends_at=datetime(2027, 3, number, 16, 30, tzinfo=LONDON).astimezone(UTC),
                break_minutes=45,
            )
            for number in (2, 9, 16)
        ]
        schedule = create(*winter, venue_id=offers.venue().id, joining_notes="Ring the bell.")

        again = schedules.duplicate(
            schedule,
            starts_at=datetime(2027, 3, 16, 10, 0, tzinfo=LONDON).astimezone(UTC)
            + timedelta(days=1),
            by=OFFICE,
        )

        walls = [to_london(row.starts_at) for row in again.days]
        assert [(wall.month, wall.day, wall.hour) for wall in walls] == [
            (3, 17, 10),
            (3, 24, 10),
            (3, 31, 10),
        ]
        assert [to_london(row.ends_at).hour for row in again.days] == [17, 17, 17]
        assert again.joining_notes == "Ring the bell."
        assert not again.is_published
        assert again.days[0].break_minutes == 45


def _expire_by_the_clock(session: Session, booking: Booking) -> None:
    """Let the hold run out as time does it: no trigger notices."""
    session.execute(text("SET LOCAL session_replication_role = replica"))
    offers.lapse(booking)
    session.execute(text("SET LOCAL session_replication_role = origin"))
    session.refresh(booking.course_schedule)
