"""Tests of what a list promises at any size: few queries, a stable place, bounded counting."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from rft_admin.admin import counting
from rft_admin.bookings.models import BookingStatus
from tests import factories
from tests.admin.conftest import Office, QueryCounter

FIRST_DAY = datetime(2027, 1, 4, 9, 30, tzinfo=UTC)


def shown(page: str) -> list[str]:
    """Return the references that a page of bookings lists, in its order."""
    return re.findall(r'<td class="main[^"]*"><a href="[^"]+">RFT-([^<]+)</a>', page)


def link(page: str, rel: str) -> str:
    """Return where one of the pager's links leads."""
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    assert found is not None, rel
    return unescape(found[1])


@pytest.fixture
def many(session: Session) -> None:
    """Forty-five bookings, the latest made last, three of each minute."""
    schedule = factories.ScheduleFactory(max_capacity=200, start_datetime=FIRST_DAY)
    for number in range(45):
        factories.BookingFactory(
            booking_reference=f"RFT-{number:04d}",
            created_at=FIRST_DAY + timedelta(minutes=number // 3),
            course_schedule=schedule,
            price_per_place=Decimal("10.00"),
            payment_amount=Decimal("10.00"),
            attendees=False,
        )
    session.commit()


class TestQueries:
    @pytest.mark.parametrize(("size", "most"), [(20, 4), (100, 6)])
    def test_are_few_on_every_list(
        self,
        app: Flask,
        office: Office,
        rows: dict[str, int],
        many: None,
        count_queries: QueryCounter,
        size: int,
        most: int,
    ) -> None:
        for table in app.extensions["rft_admin_views"]:
            office.get(f"/admin/{table}/?page_size={size}")
            with count_queries() as queries:
                page = office.get(f"/admin/{table}/?page_size={size}")

            assert page.status_code == 200, table
            assert len(queries) <= most, (table, queries)

    def test_have_an_index_under_each_main_date(self, app: Flask) -> None:
        for table, view in app.extensions["rft_admin_views"].items():
            if view.main_date:
                path = view.path(view.main_date)
                leading = {
                    next(iter(index.columns.keys()), "") for index in path.owner.__table__.indexes
                }

                assert path.name in leading, table


@pytest.mark.usefixtures("many")
class TestPages:
    def test_follow_each_other_by_key_to_the_end_and_back(self, office: Office) -> None:
        first = office.get("/admin/bookings/").text
        second = office.get(link(first, "next")).text
        third = office.get(link(second, "next")).text
        back = office.get(link(third, "prev")).text

        assert shown(first)[0] == "0044"
        assert shown(first) + shown(second) + shown(third) == [
            f"{n:04d}" for n in range(44, -1, -1)
        ]
        assert shown(back) == shown(second)
        assert "Page 2 of 3" in second

    @pytest.mark.parametrize(
        ("query", "is_gathered"),
        [
            ("date=2027-01", True),
            ("flt_status_is=confirmed&sort=contact_name", True),
            ("flt_status_is=confirmed", True),
            ("flt_status_is=confirmed&flt2_source_is=admin", True),
            # Each row fits both sets.
            ("flt_status_is=confirmed&flt2_source_is=public", True),
            ("search=rft&sort=booking_reference", False),
            ("sort=booking_reference", False),
        ],
    )
    def test_put_what_was_counted_in_order_by_itself(
        self,
        office: Office,
        count_queries: QueryCounter,
        monkeypatch: pytest.MonkeyPatch,
        query: str,
        is_gathered: bool,
    ) -> None:
        monkeypatch.setattr(counting, "FEW", 2)
        with count_queries() as queries:
            first = office.get(f"/admin/bookings/?{query}").text
        second = office.get(link(first, "next")).text
        third = office.get(link(second, "next")).text
        back = office.get(link(third, "prev")).text
        last = office.get(f"/admin/bookings/?{query}&last=1").text

        assert any("fitting AS MATERIALIZED" in one for one in queries) is is_gathered
        found = shown(first) + shown(second) + shown(third)
        assert sorted(found) == [f"{n:04d}" for n in range(45)]
        assert shown(back) == shown(second)
        assert shown(last) == shown(third)

    def test_stay_in_place_while_rows_are_added(self, office: Office, session: Session) -> None:
        first = office.get("/admin/bookings/").text
        factories.BookingFactory(booking_reference="RFT-NEW", attendees=False)
        session.commit()

        second = office.get(link(first, "next")).text

        assert shown(second)[0] == "0024"

    def test_end_with_the_last_one_wherever_one_asks_beyond(self, office: Office) -> None:
        for query in ("last=1", "page=7", "page=99999999", "page=2"):
            page = office.get(f"/admin/bookings/?{query}").text

            assert shown(page) == ["0004", "0003", "0002", "0001", "0000"], query
            assert 'rel="next"' not in page

    def test_go_by_key_in_an_order_with_blanks(self, office: Office) -> None:
        found: list[str] = []
        address = "/admin/bookings/?sort=contact_name&desc=1"
        for _ in range(3):
            page = office.get(address).text
            found += shown(page)
            if 'rel="next"' in page:
                address = link(page, "next")

        assert sorted(found) == [f"{n:04d}" for n in range(45)]

    @pytest.mark.parametrize(
        "token",
        ["x", "W10", "WzEsMl0", "WyJhIiwxXQ", "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwxXQ", "%00"],
    )
    def test_begin_anew_after_a_key_that_is_none(self, office: Office, token: str) -> None:
        for name in ("after", "before"):
            page = office.get(f"/admin/bookings/?{name}={token}")

            assert page.status_code == 200
            assert shown(page.text)[0] == "0044"


@pytest.mark.usefixtures("many")
class TestSummary:
    def test_adds_up_what_fits(self, office: Office, session: Session) -> None:
        other = factories.BookingFactory(booking_reference="RFT-OTHER", attendees=False)
        other.payment_amount = Decimal("7.00")
        other.status = BookingStatus.CANCELLED
        session.commit()

        all_of_them = office.get("/admin/bookings/").text
        narrowed = office.get("/admin/bookings/?flt_status_is=cancelled").text

        assert "<dd>£457.00</dd>" in all_of_them
        assert "<dd>£7.00</dd>" in narrowed

    def test_stops_at_the_cap_and_adds_nothing_up(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(counting, "COUNT_CAP", 30)

        page = office.get("/admin/bookings/?search=rft").text

        assert "of 30+" in page
        assert "<dd>£" not in page

    def test_estimates_a_large_table_that_is_not_narrowed(
        self, office: Office, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(counting, "EXACT_TO", 30)
        session.execute(text("UPDATE pg_class SET reltuples = 1234567 WHERE relname = 'bookings'"))

        page = office.get("/admin/bookings/").text
        last = office.get("/admin/bookings/?last=1").text

        assert "1–20 of about 1,230,000" in page
        assert "The last 20 of about 1,230,000" in last
        assert shown(last)[-1] == "0000"


class TestFilters:
    def test_are_asked_for_set_by_set(
        self, office: Office, states: None, count_queries: QueryCounter
    ) -> None:
        with count_queries() as queries:
            page = office.get("/admin/bookings/?flt_status_is=pending&flt2_total_to=1000").text

        (counted,) = [query for query in queries if "UNION" in query]
        sets = counted.split("UNION")
        assert ["bookings.status = " in one for one in sets] == [True, False]
        assert ["bookings.payment_amount <= " in one for one in sets] == [False, True]
        assert len(shown(page)) == len(set(shown(page))) > 1

    @pytest.fixture
    def states(self, session: Session) -> None:
        """A booking of each of three states, at three prices."""
        for number, status in enumerate(
            (BookingStatus.CONFIRMED, BookingStatus.CANCELLED, BookingStatus.PENDING)
        ):
            factories.BookingFactory(
                booking_reference=f"RFT-{status.value.upper()}",
                status=status,
                price_per_place=Decimal(80 + 10 * number),
                created_at=FIRST_DAY - timedelta(days=number),
            )
        session.commit()

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("flt_status_is=confirmed&flt_status_is=pending", ["CONFIRMED", "PENDING"]),
            ("flt_status_is=confirmed&flt_total_from=85", []),
            ("flt_status_is=confirmed&flt2_total_from=95", ["CONFIRMED", "PENDING"]),
            (
                "flt_status_is=confirmed&flt2_total_from=85&flt2_status_is=cancelled",
                ["CONFIRMED", "CANCELLED"],
            ),
        ],
    )
    def test_combine_with_and_and_or(
        self, office: Office, states: None, query: str, names: list[str]
    ) -> None:
        assert shown(office.get(f"/admin/bookings/?{query}").text) == names

    def test_are_remembered_until_they_are_forgotten(self, office: Office, states: None) -> None:
        applied = office.get(
            "/admin/bookings/?apply=1&flt_status_is=pending&flt_total_from=&search="
        )
        again = office.get("/admin/bookings/")
        page = office.get(again.headers["Location"]).text
        forgotten = re.search(r'<a class="forget" href="([^"]+)">', page)
        assert forgotten is not None
        office.get(unescape(forgotten[1]))
        fresh = office.get("/admin/bookings/")

        assert applied.headers["Location"] == "/admin/bookings/?flt_status_is=pending"
        assert again.headers["Location"] == applied.headers["Location"]
        assert shown(page) == ["PENDING"]
        assert "Status is Pending" in page
        assert fresh.status_code == 200

    def test_are_not_remembered_for_somebody_else_or_from_a_link(
        self, office: Office, states: None
    ) -> None:
        office.get("/admin/bookings/?flt_status_is=pending")

        assert office.get("/admin/bookings/").status_code == 200

    def test_say_what_to_do_when_nothing_fits(self, office: Office, states: None) -> None:
        page = office.get("/admin/bookings/?flt_status_is=no_show").text

        assert "Clear filters" in page


class TestDrilling:
    @pytest.mark.parametrize(
        ("period", "names"),
        [
            ("2027", ["B", "A"]),
            ("2027-03", ["B"]),
            ("2027-03-28", ["B"]),
            ("2027-03-27", []),
            ("2027-13", ["C", "B", "A"]),
        ],
    )
    def test_narrows_to_a_year_a_month_or_a_day_in_london(
        self, office: Office, session: Session, period: str, names: list[str]
    ) -> None:
        for place, (name, start) in enumerate(
            (
                ("A", datetime(2027, 1, 4, 9, 30, tzinfo=UTC)),
                ("B", datetime(2027, 3, 28, 22, 30, tzinfo=UTC)),
                ("C", datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC) + timedelta(days=9)),
            )
        ):
            factories.BookingFactory(
                booking_reference=f"RFT-{name}",
                created_at=FIRST_DAY + timedelta(days=place),
                course_schedule=factories.ScheduleFactory(start_datetime=start),
            )
        session.commit()

        page = office.get(f"/admin/bookings/?date={period}").text

        assert shown(page) == names
        if period == "2027":
            assert "date=2027-03" in page


class TestSearch:
    @pytest.mark.parametrize(
        "typed",
        ["0113 496 0123", "+44 113 496 0123", "+44 (0)113 4960123", "01134960123", "4960123"],
    )
    @pytest.mark.parametrize("stored", ["+441134960123", "0113 496 0123"])
    def test_finds_a_telephone_number_however_it_is_typed(
        self, office: Office, session: Session, typed: str, stored: str
    ) -> None:
        factories.BookingFactory(booking_reference="RFT-PHONE", contact_phone=stored)
        factories.BookingFactory(booking_reference="RFT-NOISE", contact_phone="0113 496 0999")
        session.commit()

        page = office.client.get("/admin/bookings/", query_string={"search": typed})

        assert shown(page.text) == ["PHONE"]

    def test_finds_words_that_stand_in_different_places(
        self, office: Office, session: Session
    ) -> None:
        course = factories.CourseFactory(name="Paediatric First Aid", slug="paediatric")
        factories.BookingFactory(
            booking_reference="RFT-BOTH",
            contact_first_name="Zinnia",
            course_schedule=factories.ScheduleFactory(course=course),
        )
        factories.BookingFactory(booking_reference="RFT-ONE", contact_first_name="Zinnia")
        session.commit()

        assert shown(office.get("/admin/bookings/?search=zinnia+paed").text) == ["BOTH"]
        assert shown(office.get("/admin/bookings/?search=zinnia+paed+first").text) == ["BOTH"]

    @pytest.mark.usefixtures("many")
    @pytest.mark.parametrize(("few", "searches"), [(200, 1), (9, 2)])
    def test_looks_once_for_few_rows_and_shows_the_same_of_many(
        self,
        office: Office,
        count_queries: QueryCounter,
        monkeypatch: pytest.MonkeyPatch,
        few: int,
        searches: int,
    ) -> None:
        monkeypatch.setattr(counting, "FEW", few)

        with count_queries() as queries:
            page = office.get("/admin/bookings/?search=rft-000&page_size=10&sort=booking_reference")
        second = office.get("/admin/bookings/?search=rft-00&page=1&sort=booking_reference")

        assert shown(page.text) == [f"{number:04d}" for number in range(10)]
        assert shown(second.text) == [f"{number:04d}" for number in range(20, 40)]
        assert sum("ILIKE" in query for query in queries) == searches

    def test_reads_no_place_where_one_of_the_words_stands_nowhere(
        self, office: Office, session: Session, count_queries: QueryCounter
    ) -> None:
        factories.BookingFactory(booking_reference="RFT-ONE", contact_first_name="Zinnia")
        session.commit()

        with count_queries() as queries:
            page = office.get("/admin/bookings/?search=zinnia+nobody")
        with count_queries() as everywhere:
            palette = office.get("/admin/search?q=zinnia+nobody")

        assert shown(page.text) == []
        assert "RFT-ONE" not in palette.text
        # Both words are asked for once; no rows are counted or looked for after that.
        assert len(queries) == 2
        # Everywhere the bookings are sought by their attendees beside them.
        assert sum("ILIKE" in query for query in everywhere) == 2
