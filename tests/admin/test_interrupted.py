"""Tests of forms that were sent after the session had run out: they come back, unsaved."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from rft_admin.accounts.models import AdminSession, User
from rft_admin.admin import interrupted
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.catalogue.models import Venue
from rft_admin.core import clock
from rft_admin.core.files import StoredFile
from rft_admin.core.tokens import hash_token, new_token
from rft_admin.delivery.models import AttendanceRecord
from tests import factories
from tests.admin.conftest import Office

TYPED = {"name": "Typed hall", "city": "York", "facilities": "Lift", "postcode": "nonsense"}


@pytest.fixture
def run_out(session: Session, office: Office) -> Callable[[], None]:
    """End every session by its age; the browser keeps its cookies."""
    office.post("/admin/venues/new/", {})  # The token of the browser's forms is fetched.

    def end() -> None:
        session.execute(update(AdminSession).values(expires_at=clock.now() - timedelta(minutes=1)))
        session.commit()

    return end


def sign_in_again(office: Office, user: User, session: Session) -> None:
    """Open a new session in the same browser."""
    token = new_token()
    session.add(
        AdminSession(
            user=user,
            session_token=hash_token(token),
            expires_at=clock.now() + timedelta(hours=1),
            last_activity=clock.now(),
        )
    )
    session.commit()
    office.client.set_cookie("rft_session", token)


def way_back(answer: TestResponse) -> str:
    """Return where the sign-in leads, checking that it is the sign-in."""
    address = urlsplit(answer.headers["Location"])
    assert answer.status_code == 302
    assert address.path == "/admin/sign-in"
    return parse_qs(address.query)["next"][0]


def kept_forms(session: Session) -> int:
    """Return how many forms are kept."""
    return session.scalar(select(func.count(StoredFile.id))) or 0


@pytest.mark.usefixtures("run_out")
class TestForm:
    def test_comes_back_as_typed_and_unsaved(
        self, office: Office, admin: User, session: Session, run_out: Callable[[], None]
    ) -> None:
        run_out()

        refused = office.post("/admin/venues/new/", TYPED)
        sign_in_page = office.get(refused.headers["Location"]).text
        sign_in_again(office, admin, session)
        page = office.get(way_back(refused))

        assert "your form comes back" in sign_in_page
        assert page.status_code == 200
        for typed in ('value="Typed hall"', 'value="York"', ">\r\nLift<", 'value="nonsense"'):
            assert typed in page.text
        assert "Nothing of it is saved yet" in page.text
        assert session.scalar(select(func.count(Venue.id))) == 0

    def test_is_saved_by_pressing_again_and_stays_protected(
        self, office: Office, admin: User, session: Session, run_out: Callable[[], None]
    ) -> None:
        venue = factories.VenueFactory(name="Hall")
        session.commit()
        path = f"/admin/venues/edit/?id={venue.id}"
        stamp = re.search(r'name="row_version" value="([^"]+)"', office.get(path).text)
        assert stamp is not None
        run_out()
        said = TYPED | {"postcode": "", "row_version": stamp[1]}

        refused = office.post(path, said)
        sign_in_again(office, admin, session)
        page = office.get(way_back(refused)).text
        venue.name = "Changed by somebody"
        session.commit()
        conflict = office.post(way_back(refused), said)

        assert stamp[1] in page
        assert conflict.status_code == 409
        assert "Changed by somebody" in conflict.text

    def test_comes_back_to_its_author_only(
        self, office: Office, session: Session, run_out: Callable[[], None]
    ) -> None:
        run_out()

        refused = office.post("/admin/venues/new/", TYPED)
        sign_in_again(office, factories.AdminFactory(email="other@example.com"), session)
        page = office.get(way_back(refused)).text

        assert "Typed hall" not in page
        assert "it is gone now" in page

    def test_is_gone_after_an_hour(
        self, office: Office, admin: User, session: Session, run_out: Callable[[], None]
    ) -> None:
        run_out()

        refused = office.post("/admin/venues/new/", TYPED)
        session.execute(update(StoredFile).values(expires_at=clock.now() - timedelta(seconds=1)))
        sign_in_again(office, admin, session)
        page = office.get(way_back(refused)).text

        assert "Typed hall" not in page
        assert "it is gone now" in page

    def test_lies_encrypted_without_its_token(
        self, office: Office, session: Session, run_out: Callable[[], None]
    ) -> None:
        run_out()

        office.post("/admin/venues/new/", TYPED | {"new_password": "quiet otter"})

        content = session.scalars(select(StoredFile.content)).one()
        assert b"Typed hall" not in content
        assert b"otter" not in content

    @pytest.mark.parametrize("token", ["", "1", "forged.AAAA.BBBB"])
    def test_opens_by_no_forged_token(self, office: Office, token: str) -> None:
        page = office.get(f"/admin/venues/new/?kept={token}")

        assert page.status_code == 200
        assert "it is gone now" in page.text


@pytest.mark.usefixtures("run_out")
class TestNotKept:
    def test_are_forms_of_nobody(self, office: Office, session: Session) -> None:
        office.client.delete_cookie("rft_session")

        refused = office.post("/admin/venues/new/", TYPED)

        assert refused.status_code == 302
        assert kept_forms(session) == 0

    def test_are_passwords(
        self, office: Office, session: Session, run_out: Callable[[], None]
    ) -> None:
        run_out()

        office.post("/admin/password", {"current_password": "a", "new_password": "b"})

        assert kept_forms(session) == 0

    def test_are_texts_without_end(
        self, office: Office, session: Session, run_out: Callable[[], None]
    ) -> None:
        run_out()

        refused = office.post("/admin/venues/new/", TYPED | {"parking_info": "x" * 300_000})

        assert "too long to be kept" in office.get(refused.headers["Location"]).text
        assert kept_forms(session) == 0

    def test_are_more_than_one_person_types(
        self, office: Office, session: Session, run_out: Callable[[], None]
    ) -> None:
        run_out()
        for _ in range(interrupted.PER_PERSON.hits + 1):
            answer = office.post("/admin/venues/new/", TYPED)

        assert answer.status_code == 302
        assert kept_forms(session) == interrupted.PER_PERSON.hits

    def test_are_requests_of_programs(
        self, office: Office, session: Session, run_out: Callable[[], None]
    ) -> None:
        run_out()

        answer = office.post("/admin/venues/new/", TYPED, headers={"Accept": "application/json"})

        assert answer.status_code == 401
        assert kept_forms(session) == 0

    def test_are_forms_without_the_browsers_token(
        self, office: Office, session: Session, run_out: Callable[[], None]
    ) -> None:
        run_out()

        answer = office.client.post(
            "/admin/venues/new/", data=TYPED, headers={"Origin": "https://example.org"}
        )

        assert answer.status_code == 400
        assert kept_forms(session) == 0


class TestAnotherTab:
    def test_shows_the_form_again_with_the_new_token(
        self, office: Office, session: Session
    ) -> None:
        answer = office.client.post(
            "/admin/venues/new/",
            data=TYPED | {"csrf_token": "of the sign-in before"},
            headers={"Origin": "http://localhost"},
        )
        page = office.get(answer.headers["Location"]).text

        assert answer.status_code == 303
        assert 'value="Typed hall"' in page
        assert session.scalar(select(func.count(Venue.id))) == 0

    @pytest.mark.parametrize("origin", [{}, {"Origin": "https://example.org"}, {"Origin": "null"}])
    def test_refuses_what_others_send(
        self, office: Office, session: Session, origin: dict[str, str]
    ) -> None:
        answer = office.client.post("/admin/venues/new/", data=TYPED, headers=origin)

        assert answer.status_code == 400
        assert kept_forms(session) == 0


@pytest.mark.usefixtures("run_out")
class TestActions:
    def test_ask_again_with_what_was_typed(
        self, office: Office, admin: User, session: Session, run_out: Callable[[], None]
    ) -> None:
        booking = factories.BookingFactory()
        session.commit()
        run_out()
        typed = {
            "action": "cancel",
            "rowid": str(booking.id),
            "confirmed": "1",
            "reason": "She rang and asked for it",
        }

        refused = office.post("/admin/bookings/action/", typed)
        sign_in_again(office, admin, session)
        page = office.get(way_back(refused))

        assert page.status_code == 200
        assert "She rang and asked for it" in page.text
        assert booking.booking_reference in page.text
        assert session.scalars(select(Booking.status)).all() == [BookingStatus.CONFIRMED]

    def test_have_no_page_of_their_own(self, office: Office) -> None:
        assert office.get("/admin/bookings/action/").status_code == 405

    def test_that_are_gone_lead_to_the_list(self, office: Office) -> None:
        answer = office.get("/admin/bookings/action/?kept=forged")

        assert answer.headers["Location"] == "/admin/bookings/"


@pytest.mark.usefixtures("run_out")
class TestRegister:
    def test_comes_back_as_marked(
        self, office: Office, admin: User, session: Session, run_out: Callable[[], None]
    ) -> None:
        start = clock.now().replace(hour=6, minute=0, second=0, microsecond=0) - timedelta(days=1)
        schedule = factories.ScheduleFactory(start_datetime=start)
        booking = factories.BookingFactory(course_schedule=schedule)
        session.commit()
        person = booking.attendees[0].id
        run_out()
        marked = {f"status-{person}": "late", f"feedback-{person}": "Came at ten", "do": "save"}

        refused = office.post(
            f"/admin/register/{schedule.id}/",
            marked | {"day": clock.london_date(start).isoformat()},
        )
        sign_in_again(office, admin, session)
        page = office.get(way_back(refused))

        assert page.status_code == 200
        assert "Came at ten" in page.text
        assert re.search(rf'name="status-{person}" value="late" checked', page.text)
        assert session.scalar(select(func.count(AttendanceRecord.id))) == 0
