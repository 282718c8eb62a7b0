"""Tests of "New …" beside a reference's field, and of the headings of forms."""

import re

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.catalogue.models import Venue
from tests import factories
from tests.admin.conftest import Office

DIALOG = "/admin/venues/new/?dialog=1"


def offers(page: str) -> list[str]:
    """Return the fields beside which a new row is offered."""
    return re.findall(r'data-related="([^"]+)"', page)


class TestOffer:
    def test_stands_beside_what_the_person_may_create(self, office: Office) -> None:
        page = office.get("/admin/course_schedules/new/").text

        assert {"course_id", "venue_id", "trainer_id"} <= set(offers(page))
        assert 'href="/admin/venues/new/" target="_blank"' in page

    def test_is_not_made_to_whom_may_not(
        self, classroom: Office, office: Office, session: Session
    ) -> None:
        booking = factories.BookingFactory()
        session.commit()

        assert "booking_id" in offers(office.get("/admin/refunds/new/").text)
        assert offers(classroom.get("/admin/attendance_records/new/").text) == []
        assert classroom.get(DIALOG).status_code == 403
        assert classroom.post(DIALOG, {"name": "Mine"}).status_code == 403
        assert session.scalar(select(func.count(Venue.id))) == 1, booking


class TestDialog:
    def test_is_the_form_alone_with_ids_of_its_own(self, office: Office) -> None:
        page = office.get(DIALOG).text

        assert "<html" not in page
        assert 'id="related-name"' in page
        assert 'for="related-name"' in page
        assert 'name="name"' in page
        assert 'name="csrf_token"' in page

    def test_shows_its_faults(self, office: Office, session: Session) -> None:
        answer = office.post(DIALOG, {"name": "", "city": "York", "postcode": "nonsense"})

        assert answer.status_code == 422
        assert "<html" not in answer.text
        assert 'href="#related-postcode"' in answer.text
        assert 'value="York"' in answer.text
        assert session.scalar(select(func.count(Venue.id))) == 0

    def test_answers_with_the_row_as_the_field_shows_it(
        self, office: Office, session: Session
    ) -> None:
        answer = office.post(DIALOG, {"name": "New hall"})

        venue = session.scalars(select(Venue)).one()
        assert answer.status_code == 201
        assert answer.json == {"id": venue.id, "text": f"New hall (#{venue.id})"}

    def test_needs_the_browsers_token(self, office: Office, session: Session) -> None:
        assert office.client.post(DIALOG, data={"name": "New hall"}).status_code == 400
        assert session.scalar(select(func.count(Venue.id))) == 0


class TestGroups:
    def test_hold_every_field_once(self, app: Flask, office: Office) -> None:
        for table, view in app.extensions["rft_admin_views"].items():
            if not view.can_create:
                continue

            page = office.get(f"/admin/{table}/new/").text

            names = [field.name for field in view._create_form_class()]
            shown = re.findall(r'<label for="([^"]+)"', page)
            assert sorted(name for name in shown if name in names) == sorted(names), table

    def test_have_headings_on_long_forms(self, office: Office) -> None:
        page = office.get("/admin/course_schedules/new/").text

        headings = re.findall(r"<legend>([^<]+)</legend>", page)
        assert headings[:3] == ["What and where", "Days", "Places and price"]

    def test_name_only_fields_that_there_are(self, app: Flask) -> None:
        for view in app.extensions["rft_admin_views"].values():
            forms = (view._create_form_class, view._edit_form_class)
            known = {field.name for form in forms for field in form()}
            named = {name for _, names, _ in view.form_groups for name in names}

            assert named <= known, view


class TestFaults:
    def test_are_listed_with_the_way_to_each(self, office: Office) -> None:
        page = office.post("/admin/venues/new/", {"name": "", "postcode": "nonsense"}).text

        summary = page.split('faults" role="alert"')[1].split("</div>")[0]
        assert '<a href="#name">Name</a>: Please fill this in.' in summary
        assert '<a href="#postcode">Postcode</a>: Please check' in summary
        assert 'data-guard="now"' in page
