"""Tests of the deletion's page: what goes with a row, what stays, and what forbids it."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.accounts.models import AdminActivityLog, User
from rft_admin.admin import dependents
from rft_admin.admin.dependents import Fate
from rft_admin.bookings.note_models import OfficeNote
from rft_admin.catalogue.models import Course
from rft_admin.messaging.models import Notification
from tests import factories
from tests.admin.conftest import Office, QueryCounter


def delete(office: Office, table: str, row_id: int, **fields: str) -> tuple[int, str]:
    """Answer the question of deletion; return the status and the page."""
    answer = office.post(f"/admin/{table}/delete/", {"id": str(row_id), **fields})
    return answer.status_code, answer.text


class TestWhatForbidsIt:
    def test_is_named_with_links_and_counts(self, office: Office, session: Session) -> None:
        course = factories.CourseFactory()
        schedules = [factories.ScheduleFactory(course=course) for _ in range(7)]
        factories.ScheduleFactory()
        session.commit()

        page = office.get(f"/admin/courses/delete/?id={course.id}").text

        assert "This cannot be deleted" in page
        assert "<strong>7</strong> dates" in page
        assert f"/admin/course_schedules/details/?id={schedules[0].id}" in page
        assert f"/admin/course_schedules/details/?id={schedules[6].id}" not in page
        assert "and 2 more" in page
        assert "Deactivate instead" in page
        assert ">Delete</button>" not in page

    def test_forbids_it_even_when_it_is_confirmed(self, office: Office, session: Session) -> None:
        course = factories.ScheduleFactory().course
        session.commit()

        status, _ = delete(office, "courses", course.id, confirmed="1")

        assert status == 409
        assert session.scalar(select(func.count(Course.id))) == 1


class TestWhatGoesWithIt:
    def test_is_named_before_and_gone_afterwards(
        self, office: Office, session: Session, admin: User
    ) -> None:
        person, other = factories.UserFactory(), factories.UserFactory()
        for about in (person, person, other):
            factories.NoteFactory(user_id=about.id, created_by_id=admin.id)
        session.commit()

        page = office.get(f"/admin/users/delete/?id={person.id}").text
        status, _ = delete(office, "users", person.id, confirmed="1")

        assert "What goes with it" in page
        assert "<strong>2</strong> notes" in page
        assert status == 303
        assert session.scalars(select(OfficeNote.user_id)).all() == [other.id]

    def test_stays_without_a_link_where_the_key_says_so(
        self, office: Office, session: Session
    ) -> None:
        course = factories.CourseFactory()
        note = factories.NotificationFactory(course_id=course.id)
        session.commit()

        page = office.get(f"/admin/courses/delete/?id={course.id}").text
        status, _ = delete(office, "courses", course.id, confirmed="1")

        assert "What stays, without a link to it" in page
        assert "<strong>1</strong> notifications" in page
        assert status == 303
        session.expire_all()
        assert session.get_one(Notification, note.id).course_id is None


class TestDependents:
    def test_of_what_goes_are_found_below_it(self, app: object, session: Session) -> None:
        booking = factories.BookingFactory()
        factories.RequirementFactory(booking=booking)
        session.commit()

        with app.test_request_context():  # type: ignore[attr-defined] # the fixture's Flask
            found = dependents.list_dependents(booking)

        going = {group.words: group for group in found if group.fate is Fate.GOES}
        places = next(group for words, group in going.items() if "attendee" in words)
        assert places.count == 1
        assert all(group.fate is not Fate.BLOCKS for group in dependents.only(found, Fate.GOES))

    def test_cost_a_query_a_level_however_many_they_are(
        self, office: Office, session: Session, count_queries: QueryCounter
    ) -> None:
        course = factories.CourseFactory()
        factories.ScheduleFactory(course=course)
        session.commit()
        counts = []
        for more in (0, 8):
            for _ in range(more):
                factories.ScheduleFactory(course=course)
            session.commit()
            with count_queries() as seen:
                office.get(f"/admin/courses/delete/?id={course.id}")
            counts.append(len(seen))

        assert counts[0] == counts[1]
        assert counts[1] <= 12


class TestDeactivation:
    def test_instead_keeps_the_rules_of_its_action(self, office: Office, session: Session) -> None:
        """Nobody takes himself out: the office must not be left without anybody."""
        status, page = delete(office, "users", office.user_id, confirmed="1", deactivate="1")

        session.expire_all()
        assert status in (409, 422)
        assert 'role="alert"' in page
        assert session.get_one(User, office.user_id).is_active

    def test_instead_leaves_a_trail_and_can_be_taken_back(
        self, office: Office, session: Session
    ) -> None:
        course = factories.ScheduleFactory().course
        session.commit()

        delete(office, "courses", course.id, confirmed="1", deactivate="1")

        session.expire_all()
        assert not course.is_active
        trail = select(AdminActivityLog.user_id).where(
            AdminActivityLog.entity_type == "courses", AdminActivityLog.entity_id == course.id
        )
        assert office.user_id in session.scalars(trail).all()
        assert ">Activate</button>" in office.get(f"/admin/courses/details/?id={course.id}").text
