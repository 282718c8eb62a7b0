"""The office is asked in time about dates with too few people, once for each."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from rft_admin.bookings import decisions
from rft_admin.catalogue import schedules
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.core.database import db
from rft_admin.messaging.models import Notification
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE

pytestmark = pytest.mark.usefixtures("session")


def ask(days: int = 0) -> list[int]:
    now = NOW + timedelta(days=days)
    return [schedule.id for schedule in decisions.ask_to_decide(now=now, by=OFFICE)]


def questions() -> list[Notification]:
    titled = select(Notification).where(Notification.title.startswith("Does it run?"))
    return list(db.session.scalars(titled))


class TestAskToDecide:
    def test_is_silent_about_dates_that_have_enough_or_are_decided_or_far(self) -> None:
        offers.admin()
        offers.schedule(days_ahead=5, min_places=0)
        offers.schedule(days_ahead=8, min_places=4)
        offers.schedule(days_ahead=-1, min_places=4)
        offers.schedule(days_ahead=5, min_places=4, status=ScheduleStatus.CONFIRMED)
        offers.schedule(days_ahead=5, min_places=4, status=ScheduleStatus.CANCELLED)
        full = offers.schedule(days_ahead=5, min_places=4)
        offers.confirmed(full.id, number_of_places=4, early_start_requested=True)

        assert ask() == []
        assert questions() == []

    def test_asks_on_the_seventh_day_before_and_leads_to_the_date(self) -> None:
        offers.admin()
        schedule = offers.schedule(days_ahead=7, min_places=4)
        offers.confirmed(schedule.id, number_of_places=3, early_start_requested=True)

        assert ask() == [schedule.id]

        (question,) = questions()
        assert schedule.course.name in question.title
        assert question.message.startswith("3 of at least 4 places are taken.")
        assert question.action_url == f"/admin/course_schedules/details/?id={schedule.id}"
        assert schedule.decision_asked_at == NOW

    def test_counts_no_place_of_an_expired_hold(self) -> None:
        schedule = offers.schedule(days_ahead=6, min_places=2)
        offers.lapse(offers.booked(schedule.id, number_of_places=2, early_start_requested=True))

        assert ask() == [schedule.id]

    def test_asks_once_until_the_date_is_moved(self) -> None:
        schedule = offers.schedule(days_ahead=5, min_places=4)
        assert ask() == [schedule.id]
        assert ask() == []

        days = schedules.list_shifted(schedule, schedule.start_datetime + timedelta(days=1))
        schedules.update_schedule(schedule, values={}, days=days, by=OFFICE)

        assert ask() == [schedule.id]

    def test_falls_silent_once_it_is_decided(self) -> None:
        schedule = offers.schedule(days_ahead=5, min_places=4)

        schedules.change_status(schedule, ScheduleStatus.CONFIRMED, by=OFFICE)

        assert ask() == []
