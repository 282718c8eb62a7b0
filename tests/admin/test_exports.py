"""Tests of exports: what is in the files, who may take them, and what they hold meanwhile."""

import csv
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from rft_admin import create_app
from rft_admin.accounts.models import AdminActivityLog
from rft_admin.admin.exports import files, titles
from rft_admin.admin.exports import rows as export_rows
from rft_admin.admin.exports.texts import text_statement
from rft_admin.admin.paths import Path
from rft_admin.bookings.models import Booking
from rft_admin.core.database import db
from tests import factories
from tests.admin.conftest import Office, enter_office
from tests.conftest import environment

BOOKINGS = "/admin/bookings/export"
#: Bytes that no buffer of a socket takes at once.
MANY_ROWS = 200_000
PATIENCE_SECONDS = 20


def read(text: str) -> list[dict[str, str]]:
    """Return a CSV file's rows."""
    return list(csv.DictReader(io.StringIO(text.lstrip(files.BYTE_ORDER_MARK))))


def sheet(data: bytes) -> list[tuple[Any, ...]]:
    """Return an XLSX file's rows, its heading first."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr] # a new book has a sheet


def last_export(session: Session) -> AdminActivityLog:
    """Return what the audit log keeps of the last export."""
    return session.scalars(
        select(AdminActivityLog)
        .where(AdminActivityLog.action.startswith("exported"))
        .order_by(AdminActivityLog.id.desc())
        .limit(1)
    ).one()


@pytest.fixture
def booking(session: Session) -> Booking:
    """A booking that a spreadsheet might misread, and another."""
    factories.BookingFactory(booking_reference="RFT-BBBB", contact_first_name="Bob")
    booking: Booking = factories.BookingFactory(
        booking_reference="RFT-AAAA",
        contact_first_name="=Ann",
        contact_last_name="Two\nLines",
        company_name='Wit & "Co", 100 %',
        price_per_place=Decimal("75.00"),
        course_schedule=factories.ScheduleFactory(
            start_datetime=datetime(2027, 7, 1, 8, 30, tzinfo=UTC)
        ),
    )
    session.commit()
    return booking


@pytest.mark.usefixtures("booking")
class TestFiles:
    def test_have_the_chosen_columns_under_their_labels(self, office: Office) -> None:
        text = office.get(
            f"{BOOKINGS}/csv/?column=company_name&column=booking_reference&column=no_such"
        ).text

        assert list(read(text)[0]) == ["Reference", "Company name"]

    def test_have_all_columns_if_none_is_chosen(self, office: Office) -> None:
        found = read(office.get(f"{BOOKINGS}/csv/").text)

        assert {"Reference", "Booked by", "Course", "Phone"} <= set(found[0])

    def test_keep_line_breaks_quotes_and_percent_signs_inside_their_cells(
        self, office: Office
    ) -> None:
        found = read(office.get(f"{BOOKINGS}/csv/?search=aaaa").text)

        assert len(found) == 1
        assert found[0]["Last name"] == "Two\nLines"
        assert found[0]["Company name"] == 'Wit & "Co", 100 %'

    def test_disarm_formulas(self, office: Office) -> None:
        found = read(office.get(f"{BOOKINGS}/csv/?search=aaaa").text)[0]
        book = sheet(office.get(f"{BOOKINGS}/xlsx/?search=aaaa&column=contact_name").data)

        assert found["Booked by"].startswith("'=Ann")
        assert found["First name"] == "'=Ann"
        assert book[1] == ("'=Ann Two\nLines",)

    def test_tell_londons_time(self, office: Office) -> None:
        found = read(office.get(f"{BOOKINGS}/csv/?search=aaaa").text)[0]

        assert found["Course date"] == "2027-07-01 09:30:00"

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("search=nobody", []),
            ("search=100+%25", ["RFT-AAAA"]),
            ("search=bob", ["RFT-BBBB"]),
            ("flt_course_date_from=2027-07-01&flt_course_date_to=2027-07-01", ["RFT-AAAA"]),
            ("scope=cancelled", []),
            ("", ["RFT-AAAA", "RFT-BBBB"]),
        ],
    )
    def test_have_the_rows_of_the_list(self, office: Office, query: str, names: list[str]) -> None:
        found = read(office.get(f"{BOOKINGS}/csv/?{query}").text)

        assert sorted(row["Reference"] for row in found) == names

    def test_hold_numbers_in_a_workbook_as_numbers(self, office: Office) -> None:
        book = sheet(
            office.get(
                f"{BOOKINGS}/xlsx/?search=aaaa&column=booking_reference&column=payment_amount"
            ).data
        )

        assert book == [("Reference", "Total"), ("RFT-AAAA", 75)]


class TestSecrets:
    def test_are_in_no_file(self, office: Office, rows: dict[str, int]) -> None:
        assert rows
        for table, column in (
            ("special_requirements", "details"),
            ("admin_sessions", "session_token"),
            ("users", "password_hash"),
            ("password_resets", "token"),
        ):
            for kind in ("csv", "xlsx"):
                file = office.get(f"/admin/{table}/export/{kind}/?column={column}&column=id")
                heads = read(file.text)[0] if kind == "csv" else sheet(file.data)[0]

                assert list(heads) == ["No."], table

    def test_that_a_role_does_not_see_cannot_be_asked_for(
        self, classroom: Office, instructor: Any, session: Session
    ) -> None:
        trainer = factories.TrainerFactory(user=instructor)
        factories.ScheduleFactory(trainer=trainer, group_price=Decimal("777.77"))
        factories.ScheduleFactory()
        session.commit()

        page = classroom.get("/admin/course_schedules/export/").text
        file = classroom.get("/admin/course_schedules/export/csv/?column=group_price&column=id")

        assert "group_price" not in page
        assert [list(row) for row in read(file.text)] == [["No."]]

    def test_keep_away_who_may_not_export(self, classroom: Office) -> None:
        for path in ("", "csv/", "xlsx/"):
            assert classroom.get(f"/admin/notifications/export/{path}").status_code == 403


class TestAudit:
    def test_keeps_who_took_what(self, office: Office, booking: Booking, session: Session) -> None:
        office.get(
            f"{BOOKINGS}/csv/?search=aaaa&scope=pending&column=booking_reference&column=status"
        )

        entry = last_export(session)
        assert entry.action == "exported"
        assert entry.user_id == office.user_id
        assert entry.entity_type == "bookings"
        assert entry.changes["columns"] == ["booking_reference", "status"]
        assert entry.changes["filters"] == {"search": "aaaa", "scope": "pending"}
        assert entry.changes["rows"] == len(
            read(office.get(f"{BOOKINGS}/csv/?search=aaaa&scope=pending").text)
        )

    def test_marks_contact_details_and_facts_of_health(
        self, office: Office, rows: dict[str, int], session: Session
    ) -> None:
        assert rows
        for table, column in (("users", "email"), ("special_requirements", "severity")):
            office.get(f"/admin/{table}/export/xlsx/?column=id&column={column}")

            assert last_export(session).action == "exported_personal"
            assert last_export(session).changes["personal"] == [column]


class TestPage:
    def test_offers_the_columns_and_keeps_how_the_list_is_narrowed(
        self, office: Office, booking: Booking
    ) -> None:
        page = office.get("/admin/bookings/export/?search=aaaa&flt_status_is=pending&page=3").text

        assert '<input type="hidden" name="search" value="aaaa">' in page
        assert '<input type="hidden" name="flt_status_is" value="pending">' in page
        assert 'value="booking_reference" checked' in page
        assert 'value="idempotency_key">' in page
        assert 'name="page"' not in page

    def test_counts_the_rows_to_come(self, office: Office, booking: Booking) -> None:
        assert "1 row," in office.get("/admin/bookings/export/?search=aaaa").text
        assert "2 rows." in office.get("/admin/bookings/export/").text

    def test_is_reached_from_the_list(self, office: Office, booking: Booking) -> None:
        page = office.get("/admin/bookings/?search=aaaa").text

        assert 'href="/admin/bookings/export/?search=aaaa"' in page


class TestTexts:
    def test_are_the_same_by_copy_as_by_python(
        self, demo_app: Flask, demo_session: Session
    ) -> None:
        compared = 0
        for view in demo_app.extensions["rft_admin_views"].values():
            paths = [view.path(name) for name, _ in view.get_export_columns()]
            known = [path for path in paths if _statement(view, [path]) is not None]
            statement = _statement(view, known)
            assert statement is not None

            copied = b"".join(export_rows.csv_blocks(db.engine, statement, b"")).decode()
            spelt = "".join(
                files.csv_lines(
                    [], export_rows.portioned_rows(db.engine, view.model, _all(view), known)
                )
            )

            spelt = spelt.removeprefix(files.BYTE_ORDER_MARK).removeprefix("\n")
            assert list(csv.reader(io.StringIO(copied))) == list(csv.reader(io.StringIO(spelt)))
            compared += len(known)
        assert compared > 200

    def test_of_a_title_unknown_in_sql_are_spelt_in_python(
        self, office: Office, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        factories.ScheduleFactory(course=factories.CourseFactory(name="Burns"))
        session.commit()
        monkeypatch.delitem(titles.TITLES, "courses")

        text = office.get("/admin/course_schedules/export/csv/?column=course_id").text

        assert [row["Course"] for row in read(text)] == ["Burns"]


def _statement(view: Any, paths: list[Path]) -> Any:
    return text_statement(view.model, _all(view), paths)


def _all(view: Any) -> Any:
    return select(view.model.id)


class TestConnections:
    def test_one_is_enough_for_a_request_and_its_file(self, fresh_database: str) -> None:
        app = create_app(environment(fresh_database, DB_POOL_MAX="1"))
        with app.app_context():
            admin = factories.AdminFactory()
            factories.BookingFactory(booking_reference="RFT-AAAA")
            browser = enter_office(app, db.session(), admin)

        for kind in ("csv", "xlsx"):
            answer = browser.get(f"{BOOKINGS}/{kind}/")

            assert answer.status_code == 200
            assert len(answer.data) > 100
        with app.app_context():
            assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined] # a QueuePool
            db.engine.dispose()

    def test_are_freed_when_the_client_goes_away_in_the_middle(
        self, committed_app: Flask, fresh_database: str
    ) -> None:
        many = func.generate_series(1, MANY_ROWS).table_valued("n")
        statement = select(literal_column("repeat('x', 1000)")).select_from(many)
        with committed_app.app_context():
            engine = db.engine
            file: Iterator[bytes] = export_rows.csv_blocks(engine, statement, b"head\n")

            assert next(file).startswith(b"head\nxxx")
            assert engine.pool.checkedout() == 1  # type: ignore[attr-defined] # a QueuePool
            file.close()  # type: ignore[attr-defined] # a generator

            assert engine.pool.checkedout() == 0  # type: ignore[attr-defined] # as above
            assert _copies_end(fresh_database)

    def test_that_were_never_asked_for_a_byte_hold_nothing(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            file = export_rows.csv_blocks(db.engine, select(literal_column("1")), b"")

            assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined] # a QueuePool
            assert b"".join(file) == b"1\n"


def _copies_end(url: str) -> bool:
    """Return whether PostgreSQL stops to send within a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            running = connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE query LIKE 'COPY%' AND state = 'active'"
            ).fetchone()
            if running == (0,):
                return True
    return False
