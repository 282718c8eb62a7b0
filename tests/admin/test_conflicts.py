"""Tests of two people at one record: nothing is overwritten that its author has not seen."""

import html
import re
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from rft_admin.accounts.models import User
from rft_admin.catalogue.models import Venue
from rft_admin.core.database import db
from tests import factories
from tests.admin.conftest import Office


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(text) for name, text in fields if name != "csrf_token"}


def typed(venue: Venue, **changed: str) -> dict[str, str]:
    """Return the venue's form as a browser sends it, some fields typed anew."""
    said = {
        "name": venue.name,
        "city": venue.city or "",
        "facilities": "\n".join(venue.facilities),
        "is_active": "y",
    }
    return said | changed


@pytest.fixture
def colleague(enter: Callable[[User], Office]) -> Office:
    """A second admin's browser."""
    return enter(factories.AdminFactory(first_name="Mo", last_name="Second"))


@pytest.fixture
def venue(session: Session) -> Venue:
    """The record that both work on, and another one beside it."""
    venue = factories.VenueFactory(name="Old hall", city="Leeds", capacity=12)
    factories.VenueFactory(name="Noise", city="Leeds")
    session.commit()
    return venue


@pytest.fixture
def path(venue: Venue) -> str:
    """The address of its form."""
    return f"/admin/venues/edit/?id={venue.id}"


@pytest.fixture
def opened(office: Office, path: str) -> str:
    """What the first person's form carries, opened before the second one saves."""
    return hidden(office.get(path).text)["row_version"]


class TestTwoPeople:
    def test_the_second_one_is_shown_was_theirs_and_yours(
        self, office: Office, colleague: Office, venue: Venue, path: str, opened: str
    ) -> None:
        colleague.post(path, typed(venue, name="Their hall", capacity="20"))

        answer = office.post(
            path, typed(venue, name="My hall", city="York", capacity="12", row_version=opened)
        )

        db.session.refresh(venue)
        clash = answer.text.split("<legend>Name")[1].split("</fieldset>")[0]
        assert answer.status_code == 409
        assert venue.name == "Their hall"
        assert venue.city == "Leeds"
        assert "Mo Second saved this venue" in answer.text
        assert [text in clash for text in ("Old hall", "Their hall", "My hall")] == [True] * 3
        assert "please choose" in clash
        assert "checked" not in clash
        assert "Only you changed it" in answer.text.split("<legend>City")[1][:200]
        assert "Only they changed it" in answer.text.split("<legend>Capacity")[1][:200]

    def test_choices_are_saved_per_field(
        self, office: Office, colleague: Office, venue: Venue, path: str, opened: str
    ) -> None:
        colleague.post(path, typed(venue, name="Their hall", capacity="20"))
        page = office.post(
            path, typed(venue, name="My hall", city="York", capacity="12", row_version=opened)
        ).text
        chosen = {"keep-name": "theirs", "keep-city": "mine", "keep-capacity": "theirs"}

        answer = office.post(path, hidden(page) | chosen | {"resolve": "chosen"})

        db.session.refresh(venue)
        assert answer.status_code == 302
        assert (venue.name, venue.city, venue.capacity) == ("Their hall", "York", 20)

    def test_a_missing_choice_keeps_what_is_stored(
        self, office: Office, colleague: Office, venue: Venue, path: str, opened: str
    ) -> None:
        colleague.post(path, typed(venue, name="Their hall"))
        page = office.post(path, typed(venue, name="My hall", row_version=opened)).text

        office.post(path, hidden(page) | {"resolve": "chosen"})

        db.session.refresh(venue)
        assert venue.name == "Their hall"

    def test_mine_can_be_kept_as_a_whole(
        self, office: Office, colleague: Office, venue: Venue, path: str, opened: str
    ) -> None:
        colleague.post(path, typed(venue, name="Their hall", capacity="20"))
        mine = typed(venue, name="My hall", capacity="12", row_version=opened)
        page = office.post(path, mine).text

        answer = office.post(path, hidden(page) | {"resolve": "mine"})

        db.session.refresh(venue)
        assert answer.status_code == 302
        assert (venue.name, venue.capacity) == ("My hall", 12)

    def test_editing_can_go_on_with_the_choices_made(
        self, office: Office, colleague: Office, venue: Venue, path: str, opened: str
    ) -> None:
        colleague.post(path, typed(venue, name="Their hall"))
        page = office.post(path, typed(venue, name="My hall", city="York", row_version=opened)).text
        chosen = {"keep-name": "theirs", "resolve": "edit"}

        answer = office.post(path, hidden(page) | chosen)

        db.session.refresh(venue)
        assert answer.status_code == 200
        assert 'value="Their hall"' in answer.text
        assert 'value="York"' in answer.text
        assert venue.city == "Leeds"

    def test_saving_from_the_conflicts_page_is_protected_again(
        self, office: Office, colleague: Office, venue: Venue, path: str, opened: str
    ) -> None:
        colleague.post(path, typed(venue, name="Their hall"))
        page = office.post(path, typed(venue, name="My hall", row_version=opened)).text
        colleague.post(path, typed(venue, name="Their second thought"))

        answer = office.post(path, hidden(page) | {"resolve": "mine"})

        db.session.refresh(venue)
        assert answer.status_code == 409
        assert "Their second thought" in answer.text
        assert venue.name == "Their second thought"


class TestNoConflict:
    def test_is_a_change_of_what_the_form_does_not_show(
        self, office: Office, session: Session, admin: User
    ) -> None:
        booking = factories.BookingFactory(contact_first_name="Pat")
        session.commit()
        path = f"/admin/bookings/edit/?id={booking.id}"
        opened = hidden(office.get(path).text)["row_version"]
        booking.reminder_sent = True
        session.commit()

        answer = office.post(
            path,
            {"contact_first_name": "Patricia", "attendees": "Sam", "row_version": opened},
        )

        session.refresh(booking)
        assert answer.status_code == 302
        assert (booking.contact_first_name, booking.reminder_sent) == ("Patricia", True)

    def test_is_the_same_typed_by_both(
        self, office: Office, colleague: Office, venue: Venue, path: str, opened: str
    ) -> None:
        colleague.post(path, typed(venue, name="New hall"))

        answer = office.post(path, typed(venue, name="New hall", city="York", row_version=opened))

        db.session.refresh(venue)
        assert answer.status_code == 302
        assert (venue.name, venue.city) == ("New hall", "York")


class TestChildren:
    def test_names_changed_meanwhile_are_a_conflict_too(
        self, office: Office, colleague: Office, session: Session
    ) -> None:
        booking = factories.BookingFactory(number_of_places=1)
        session.commit()
        path = f"/admin/bookings/edit/?id={booking.id}"
        said = {"contact_first_name": booking.contact_first_name}
        opened = hidden(office.get(path).text)["row_version"]
        colleague.post(path, said | {"attendees": "Their, Person"})

        answer = office.post(path, said | {"attendees": "My, Person", "row_version": opened})

        session.refresh(booking.attendees[0])
        assert answer.status_code == 409
        assert "BookingAttendee" not in answer.text
        assert "Their, Person" in answer.text
        assert booking.attendees[0].first_name == "Their"


class TestStamp:
    @pytest.mark.parametrize("forged", ["", "1", "7.AAAA.BBBB"])
    def test_that_is_missing_or_forged_overwrites_nothing(
        self, office: Office, venue: Venue, path: str, forged: str
    ) -> None:
        answer = office.post(path, typed(venue, name="Mine", row_version=forged))

        db.session.refresh(venue)
        assert answer.status_code == 409
        assert "Mine" in answer.text
        assert venue.name == "Old hall"

    def test_of_another_row_or_table_counts_for_nothing(
        self, office: Office, venue: Venue, path: str, session: Session
    ) -> None:
        other = factories.VenueFactory(name=venue.name)
        course = factories.CourseFactory()
        session.commit()
        for address in (f"venues/edit/?id={other.id}", f"courses/edit/?id={course.id}"):
            foreign = hidden(office.get(f"/admin/{address}").text)["row_version"]

            answer = office.post(path, typed(venue, name="Mine", row_version=foreign))

            assert answer.status_code == 409


class TestDeletedMeanwhile:
    def test_is_told_with_what_was_typed(
        self, office: Office, colleague: Office, venue: Venue, path: str, opened: str
    ) -> None:
        said = typed(venue, name="Mine", row_version=opened)
        colleague.post("/admin/venues/delete/", {"id": str(venue.id), "confirmed": "1"})

        answer = office.post(path, said)

        assert answer.status_code == 404
        assert "Mo Second deleted this venue" in answer.text
        assert "Mine" in answer.text

    def test_can_be_made_anew(
        self, office: Office, colleague: Office, venue: Venue, path: str, opened: str
    ) -> None:
        said = typed(venue, name="Mine", row_version=opened)
        colleague.post("/admin/venues/delete/", {"id": str(venue.id), "confirmed": "1"})
        page = office.post(path, said).text

        answer = office.post("/admin/venues/new/", hidden(page))

        assert answer.status_code == 200
        assert 'value="Mine"' in answer.text
        assert "This venue" not in answer.text
