"""Light or dark, a narrow sidebar, no shortcuts: chosen by a form, kept in one cookie."""

import re

import pytest
from flask.testing import FlaskClient

from tests.admin.conftest import Office


class TestChoice:
    def test_is_the_devices_until_somebody_chooses(self, office: Office) -> None:
        page = office.get("/admin/").text

        assert 'data-theme="device" data-sidebar="wide" data-keys="on"' in page

    def test_needs_the_forms_token(self, office: Office) -> None:
        answer = office.client.post("/admin/look", data={"theme": "dark"})

        assert answer.status_code == 400
        assert 'data-theme="device"' in office.get("/admin/").text

    def test_stays_as_it_was_for_what_does_not_exist(self, office: Office) -> None:
        office.post("/admin/look", {"theme": 'dark"><script>', "sidebar": "gone"})

        assert 'data-theme="device" data-sidebar="wide"' in office.get("/admin/").text

    def test_is_kept_and_leads_back(self, office: Office) -> None:
        answer = office.post("/admin/look", {"theme": "dark", "url": "/admin/bookings/?page=2"})

        assert (answer.status_code, answer.location) == (303, "/admin/bookings/?page=2")
        assert 'data-theme="dark" data-sidebar="wide"' in office.get("/admin/").text

    def test_leaves_the_other_choices_alone(self, office: Office) -> None:
        for choice in ({"theme": "light"}, {"sidebar": "narrow"}, {"keys": "off"}):
            office.post("/admin/look", choice)

        page = office.get("/admin/").text

        assert 'data-theme="light" data-sidebar="narrow" data-keys="off"' in page

    def test_never_leads_to_a_strangers_page(self, office: Office) -> None:
        answer = office.post("/admin/look", {"theme": "dark", "url": "//example.com/"})

        assert answer.location == "/admin/"

    def test_is_answered_without_a_page_to_a_script(self, office: Office) -> None:
        answer = office.post(
            "/admin/look", {"theme": "dark"}, headers={"Accept": "application/json"}
        )

        assert (answer.status_code, answer.data) == (204, b"")
        assert "HttpOnly" in answer.headers["Set-Cookie"]

    def test_holds_on_the_sign_in_page_too(self, office: Office) -> None:
        office.post("/admin/look", {"theme": "dark"})
        office.post("/admin/sign-out")

        assert 'data-theme="dark"' in office.get("/admin/sign-in").text


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "status"),
        [("/admin/nothing-here", 404), ("/admin/bookings/details/?id=999999", 404)],
    )
    def test_have_the_offices_look(self, office: Office, path: str, status: int) -> None:
        answer = office.get(path)

        assert answer.status_code == status
        assert "To today's work" in answer.text
        assert 'class="plain"' in answer.text

    def test_have_the_websites_look_outside(self, client: FlaskClient) -> None:
        answer = client.get("/nothing-here")

        assert answer.status_code == 404
        assert "today's work" not in answer.text


class TestCommands:
    def test_need_a_sign_in(self, client: FlaskClient) -> None:
        answer = client.get("/admin/commands", headers={"Accept": "application/json"})

        assert answer.status_code == 401

    def test_lead_to_screens_and_new_rows(self, office: Office) -> None:
        commands = office.get("/admin/commands").get_json()["commands"]

        assert {"group": "Go to", "words": "Refunds", "address": "/admin/refunds/"} in commands
        assert {"group": "New", "words": "New booking", "address": "/admin/bookings/new/"} in (
            commands
        )
        assert all(office.get(one["address"]).status_code == 200 for one in commands)

    def test_offer_an_instructor_only_what_he_may_open(self, classroom: Office) -> None:
        commands = classroom.get("/admin/commands").get_json()["commands"]

        assert {one["words"] for one in commands} & {"Payments", "Refunds", "Settings"} == set()
        assert all(classroom.get(one["address"]).status_code == 200 for one in commands)


class TestSidebar:
    def test_is_each_persons_and_each_pages_own(self, office: Office, classroom: Office) -> None:
        # One process serves them one after the other, twice: nothing is left over.
        for _ in range(2):
            office_page = office.get("/admin/bookings/").text
            class_page = classroom.get("/admin/course_schedules/").text

            assert marked(office_page) == ["/admin/bookings/"]
            assert marked(office.get("/admin/calendar/").text) == ["/admin/calendar/"]
            assert marked(class_page) == ["/admin/course_schedules/"]
            assert 'href="/admin/settings/"' in office_page
            assert 'href="/admin/settings/"' not in class_page

    def test_says_its_words_as_hints_when_narrow(self, office: Office) -> None:
        assert 'title="Bookings"' not in office.get("/admin/").text

        office.post("/admin/look", {"sidebar": "narrow"})

        assert 'title="Bookings"' in office.get("/admin/").text


def marked(page: str) -> list[str]:
    """Return where the sidebar says that one is."""
    return re.findall(r'<a href="([^"]+)" aria-current="page"', page)
