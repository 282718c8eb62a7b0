"""What is on offer, and in how few queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from rft_admin.bookings.places import Availability, availability
from rft_admin.catalogue import service
from rft_admin.catalogue.models import CourseMaterial, MaterialType, ScheduleStatus
from rft_admin.core.clock import london_date
from tests.bookings import offers
from tests.bookings.offers import NOW

pytestmark = pytest.mark.usefixtures("session")


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """Collect the statements sent meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield statements
    event.remove(connection, "before_cursor_execute", note)


class TestListUpcoming:
    """The dates that the public sees."""

    def test_leaves_out_what_is_not_on_sale(self) -> None:
        offers.schedule(is_published=False)
        offers.schedule(days_ahead=-1)
        for status in (
            ScheduleStatus.CANCELLED,
            ScheduleStatus.COMPLETED,
            ScheduleStatus.IN_PROGRESS,
        ):
            offers.schedule(status=status)
        later = offers.schedule(days_ahead=61, status=ScheduleStatus.CONFIRMED)
        sooner = offers.schedule(days_ahead=60)

        assert service.list_upcoming(now=NOW) == [sooner, later]

    def test_filters_by_course_city_and_month(self) -> None:
        leeds, york = offers.venue(city="Leeds"), offers.venue(city="York")
        course = offers.course()
        wanted = offers.schedule(course=course, venue_id=leeds.id, days_ahead=40)
        offers.schedule(course=course, venue_id=york.id, days_ahead=40)
        offers.schedule(venue_id=leeds.id, days_ahead=41)
        offers.schedule(course=course, venue_id=leeds.id, days_ahead=80)
        month = london_date(wanted.start_datetime)

        found = service.list_upcoming(now=NOW, course_slug=course.slug, city="Leeds", month=month)

        assert found == [wanted]
        assert service.list_upcoming(now=NOW, month=date(2020, 12, 31)) == []
        assert service.list_cities(now=NOW) == ["Leeds", "York"]

    def test_loads_a_page_in_three_queries_however_long(self, session: Session) -> None:
        for number in range(6):
            offers.schedule(venue_id=offers.venue().id, days_ahead=60 + number)
        session.expunge_all()

        with counted(session) as statements:
            dates = service.list_upcoming(now=NOW)
            words = [(row.course.name, row.venue, len(row.days)) for row in dates]
            free = availability([row.id for row in dates])

        assert len(words) == len(free) == 6
        assert len(statements) == 3


class TestGet:
    """One course, one date."""

    def test_refuses_unknown_and_inactive_courses(self) -> None:
        course = offers.course(is_active=False)

        for slug in ("none", course.slug):
            with pytest.raises(service.NoSuchCourse):
                service.get_course(slug)
        assert service.list_courses() == []

    def test_refuses_unknown_and_malformed_dates(self) -> None:
        for schedule_id in (0, -5, 999_999, 2**31, 2**70):
            with pytest.raises(service.NoSuchSchedule):
                service.get_schedule(schedule_id)

    def test_shows_the_public_only_what_is_on_show(self) -> None:
        hidden, past = offers.schedule(is_published=False), offers.schedule(days_ahead=-1)
        shown = offers.schedule()

        for row in (hidden, past):
            with pytest.raises(service.NoSuchSchedule):
                service.get_schedule_on_show(row.id, now=NOW)
        assert service.get_schedule(hidden.id) is hidden
        assert service.get_schedule_on_show(shown.id, now=NOW) is shown

    def test_finds_a_course_by_its_address(self) -> None:
        course = offers.course()

        assert service.get_course(course.slug) is course
        assert service.list_courses() == [course]


def test_next_dates_are_of_the_same_course_and_to_come() -> None:
    course = offers.course()
    full = offers.schedule(course=course)
    nexts = [offers.schedule(course=course, days_ahead=60 + number) for number in range(1, 5)]
    offers.schedule()

    assert service.list_next_dates(course.id, now=NOW, besides=full.id) == nexts[:3]


def test_materials_come_in_their_order(session: Session) -> None:
    course = offers.course()
    for title, order, public in (("Second", 2, True), ("First", 1, False)):
        session.add(
            CourseMaterial(
                course_id=course.id,
                title=title,
                display_order=order,
                is_public=public,
                material_type=MaterialType.LINK,
                file_url="https://example.com/",
            )
        )
    session.flush()

    assert [str(row) for row in service.list_materials(course.id)] == ["First", "Second"]
    assert [str(row) for row in service.list_materials(course.id, public_only=True)] == ["Second"]


@pytest.mark.parametrize(
    ("taken", "label"),
    [
        (0, "Places available"),
        (8, "Places available"),
        (9, "Last 3 places"),
        (11, "Last place"),
        (12, "Full"),
        (14, "Full"),
    ],
)
def test_labels_say_how_many_places_are_left(taken: int, label: str) -> None:
    assert Availability(capacity=12, taken=taken).label == label
