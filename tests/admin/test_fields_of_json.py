"""Tests of the fields for JSON: where the fault is, and lists without brackets."""

from typing import Any

import pytest
from flask import Flask
from flask_admin.form import BaseForm
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from rft_admin.admin.fields_of_json import JsonField, LinesField, show_json
from tests import factories
from tests.admin.conftest import Office


class JsonForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """A form with a JSON value and a list of lines."""

    value = JsonField("Value")
    lines = LinesField("Lines")


def form_of(typed: str) -> Any:
    """Return the form with a value as posted."""
    return JsonForm(MultiDict({"value": typed}))


@pytest.mark.usefixtures("app")
class TestJson:
    @pytest.mark.parametrize(
        ("typed", "fault"),
        [
            ('{"a": 1,\n "b" 2}', "Line 2, column 6: a colon is missing"),
            ('["a"\n"b"]', "Line 2, column 1: a comma or a closing bracket"),
            ("[1, parking]", "Line 1, column 5: a value is missing"),
            ('{"a": 1, b: 2}', "Line 1, column 10: a name in double quotes"),
            ('["a]', "no closing quote"),
            ("[1] [2]", "ended already"),
            ("{", "Line 1, column 2"),
            ("[" * 100_000, "nested too deeply"),
            ("[NaN]", "no number"),
            ('{"a": 1, "a": 2}', "“a” stands twice"),
            ('["\\u0000"]', "cannot be kept"),
            ('["\\ud800"]', "cannot be kept"),
        ],
    )
    def test_says_where_the_fault_is(self, typed: str, fault: str) -> None:
        form = form_of(typed)

        assert not form.validate()
        assert fault in form.value.errors[0]
        assert form.value._value() == typed

    def test_reads_a_value(self) -> None:
        assert form_of('{"a": ["b", 1.5, null]}').value.data == {"a": ["b", 1.5, None]}

    def test_shows_small_objects_on_one_line(self) -> None:
        assert show_json([{"min_days": 31, "fee": True}, {"min_days": 0, "fee": False}]) == (
            '[\n  { "min_days": 31, "fee": true },\n  { "min_days": 0, "fee": false }\n]'
        )


class TestLines:
    def test_are_trimmed_and_each_kept_once(self, app: Flask) -> None:
        with app.test_request_context():
            form = JsonForm(MultiDict({"lines": " Parking \r\n\r\nLift\nParking"}))

        assert form.lines.data == ["Parking", "Lift"]

    def test_refuse_too_much(self, app: Flask) -> None:
        with app.test_request_context():
            form = JsonForm(MultiDict({"lines": "\n".join(map(str, range(101)))}))

            assert not form.validate()

    def test_are_a_venues_facilities(self, office: Office, session: Session) -> None:
        venue = factories.VenueFactory(facilities=["Parking"])
        session.commit()
        path = f"/admin/venues/edit/?id={venue.id}"

        page = office.get(path).text
        office.post(path, {"name": venue.name, "facilities": "Parking\nStep-free access"})

        session.refresh(venue)
        assert "\nParking</textarea>" in page
        assert venue.facilities == ["Parking", "Step-free access"]
        assert (
            "Parking, Step-free access" in office.get(f"/admin/venues/details/?id={venue.id}").text
        )
