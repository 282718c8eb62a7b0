"""Tests of the forms' own fields."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask_admin.form import BaseForm
from werkzeug.datastructures import MultiDict

from rft_admin.admin.fields import (
    LondonDateTimeField,
    PoundsField,
    ReferenceField,
    read_chosen,
)


class MomentForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """A form with one moment."""

    at = LondonDateTimeField("At")


class SumForm(BaseForm):  # type: ignore[misc] # as above
    """A form with one amount."""

    amount = PoundsField("Amount")


class Row:
    """A row of another table."""

    def __init__(self, row_id: int, title: str) -> None:
        self.id = row_id
        self.title = title

    def __str__(self) -> str:
        return self.title


PEOPLE = {1: Row(1, "Ann Example"), 2: Row(2, "Anna Example")}


class PersonForm(BaseForm):  # type: ignore[misc] # as above
    """A form with one reference."""

    person = ReferenceField(
        "Person",
        find=PEOPLE.get,
        look_up=lambda text: [(i, str(r)) for i, r in PEOPLE.items() if text in str(r)],
    )


def moment_form(typed: str, stored: datetime | None = None, fold: str | None = None) -> Any:
    """Return the form as posted."""
    posted = MultiDict({"at": typed} | ({"at-fold": fold} if fold is not None else {}))
    return MomentForm(posted, at=stored)


@pytest.mark.usefixtures("app")
class TestLondonDateTime:
    @pytest.mark.parametrize(
        "typed",
        [
            "2027-03-28T01:30",
            "2026-03-29T01:00",
            "tomorrow",
            "2027-13-01T10:00",
            "0001-01-01T00:00",
        ],
    )
    def test_refuses_what_is_no_moment_in_london(self, typed: str) -> None:
        form = moment_form(typed)

        assert not form.validate()
        assert form.at.data is None

    def test_asks_which_of_two_hours(self) -> None:
        form = moment_form("2027-10-31T01:30")

        assert not form.validate()
        assert form.at.is_repeated
        assert "twice" in form.at.errors[0]

    @pytest.mark.parametrize(("fold", "hour"), [("0", 0), ("1", 1)])
    def test_takes_the_chosen_hour(self, fold: str, hour: int) -> None:
        form = moment_form("2027-10-31T01:30", fold=fold)

        assert form.validate()
        assert form.at.data == datetime(2027, 10, 31, hour, 30, tzinfo=UTC)

    def test_reads_summer_time(self) -> None:
        form = moment_form("2027-07-01T09:30")

        assert form.at.data == datetime(2027, 7, 1, 8, 30, tzinfo=UTC)

    def test_leaves_an_unchanged_moment_untouched(self) -> None:
        stored = datetime(2027, 7, 1, 8, 30, 15, 123456, tzinfo=UTC)

        form = moment_form("2027-07-01T09:30", stored)

        assert form.at.data == stored

    def test_leaves_an_unchanged_second_hour_untouched(self) -> None:
        stored = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)

        form = moment_form("2027-10-31T01:30", stored)

        assert form.validate()
        assert form.at.data == stored

    def test_asks_about_a_stored_moment_of_the_repeated_hour(self) -> None:
        second = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)

        shown = MomentForm(None, at=second)
        changed = moment_form("2027-10-31T01:30", second, fold="0")

        assert (shown.at.is_repeated, shown.at.fold) == (True, 1)
        assert changed.validate()
        assert changed.at.data == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)

    @pytest.mark.parametrize("hour", [(2027, 10, 30, 23), (2027, 10, 31, 2), (2027, 3, 28, 1)])
    def test_does_not_ask_about_the_hours_around(self, hour: tuple[int, int, int, int]) -> None:
        assert not MomentForm(None, at=datetime(*hour, 30, tzinfo=UTC)).at.is_repeated

    def test_shows_london(self) -> None:
        form = MomentForm(None, at=datetime(2027, 7, 1, 8, 30, tzinfo=UTC))

        assert 'value="2027-07-01T09:30"' in form.at()


@pytest.mark.usefixtures("app")
class TestPounds:
    @pytest.mark.parametrize("typed", ["a lot", "NaN", "Infinity", "1.005", "999999999999", "1e9"])
    def test_refuses_what_is_no_amount(self, typed: str) -> None:
        assert not SumForm(MultiDict({"amount": typed})).validate()

    @pytest.mark.parametrize(
        ("typed", "amount"), [("£1,234.50", "1234.50"), ("75", "75"), (" 0.1 ", "0.1")]
    )
    def test_reads_what_people_type(self, typed: str, amount: str) -> None:
        form = SumForm(MultiDict({"amount": typed}))

        assert form.validate()
        assert form.amount.data == Decimal(amount)


@pytest.mark.usefixtures("app")
class TestReference:
    @pytest.mark.parametrize("typed", ["Nobody", "#9", "Nobody (#9)", "99999999999", "\x00"])
    def test_refuses_what_names_nobody(self, typed: str) -> None:
        form = PersonForm(MultiDict({"person": typed}))

        assert form.person.data is None
        assert form.validate() is (typed == "\x00")

    def test_names_those_who_fit(self) -> None:
        form = PersonForm(MultiDict({"person": "Ann"}))

        assert not form.validate()
        assert "Ann Example; Anna Example" in form.person.errors[0]

    @pytest.mark.parametrize("typed", ["Anna", "2", "#2", "whatever (#2)"])
    def test_understands_a_part_of_the_name_and_the_number(self, typed: str) -> None:
        form = PersonForm(MultiDict({"person": typed}))

        assert form.validate()
        assert form.person.data == 2

    def test_shows_title_and_number(self) -> None:
        assert 'value="Ann Example (#1)"' in PersonForm(None, person=1).person()


def test_a_chosen_number_stays_inside_the_databases_integers() -> None:
    assert read_chosen("(#2147483647)") == 2147483647
    assert read_chosen("(#2147483648)") is None
    assert read_chosen("(#0)") is None
