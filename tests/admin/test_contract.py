"""What every registered screen promises, walked over all of them and everybody who may come."""

import csv
import html
import io
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, inspect, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from rft_admin.accounts import permissions
from rft_admin.accounts.models import Role, User
from rft_admin.core.database import db
from rft_admin.payments.models import Invoice, InvoiceKind
from tests import factories
from tests.admin.conftest import Office, QueryCounter
from tests.reliability.addresses import MARKERS, SCRIPTS

#: The page of a screen, the verb that opens it, and whether it shows one row.
PAGES = {
    "": ("list", False),
    "details/?id={}": ("view", True),
    "details/?id={}&tab=history": ("view", True),
    "new/": ("create", False),
    "edit/?id={}": ("edit", True),
    "delete/?id={}": ("delete", True),
    "export/csv/": ("export", False),
    "export/xlsx/": ("export", False),
}
#: The most queries of a page, whoever is shown what of however many rows.
CEILINGS = {
    "": 4,
    "details/?id={}": 10,
    "details/?id={}&tab=history": 12,
    "new/": 2,
    "edit/?id={}": 4,
    "export/csv/": 6,
    "export/xlsx/": 6,
}
#: A page with ten panels, and a timeline of as many sources: each is one query.
WIDE = {"bookings": 30, "course_schedules": 16}
#: One of each kind that has broken a page somewhere.
HOSTILE = (SCRIPTS[1], "\x00", "%_\\'\";--", "\u202e😀", "x" * 10_000, "-1")
#: The same for forms, several in one: each is posted to every screen twice.
IN_FORMS = (SCRIPTS[0], "=1+1\x00\u202e😀'\";--{{7*7}}", "x" * 10_000)


@pytest.fixture
def views(app: Flask) -> dict[str, Any]:
    """All registered screens by their tables."""
    registered: dict[str, Any] = app.extensions["rft_admin_views"]
    return registered


@pytest.fixture
def all_rows(rows: dict[str, int], session: Session, admin: User) -> dict[str, int]:
    """One row of each of the 22 tables and of those beside them that have a screen."""
    return rows | _rows_beside(session, rows, admin)


def _rows_beside(session: Session, rows: dict[str, int], admin: User) -> dict[str, int]:
    more = {
        "office_notes": factories.NoteFactory(booking_id=rows["bookings"], created_by_id=admin.id),
        "action_runs": factories.ActionRunFactory(user=admin),
        "stripe_events": factories.StripeEventFactory(),
        "reconciliation_differences": factories.DifferenceFactory(),
        "booking_attendees": factories.AttendeeFactory(),
        "invoices": factories.InvoiceFactory(),
    }
    session.commit()
    return {table: row.id for table, row in more.items()}


def expected(user: User, view: Any, verb: str, *, is_row: bool) -> int:
    """Return the status that the table of rights and the screen's offers amount to."""
    if not permissions.can(user, "list", view.model):
        return 403
    offered = {"create": view.can_create, "edit": view.can_edit, "delete": view.can_delete}
    if not (offered.get(verb, True) and permissions.can(user, verb, view.model)):
        return 403
    grant = permissions.GRANTS[user.role][view.model.__tablename__]
    return 404 if is_row and grant.scope is not None else 200


def status_of(answer: TestResponse) -> int:
    """Return the status; the answer is read, for a file holds a connection until its end."""
    answer.get_data()
    return answer.status_code


def fields_of(form: Any) -> list[str]:
    """Return the names of a form's fields."""
    return [name for name in dir(form) if hasattr(getattr(form, name), "field_class")]


def assert_harmless(answer: TestResponse, what: object) -> None:
    """Fail on a fault of ours, or on a stranger's script in a page."""
    assert status_of(answer) < 500, what
    if answer.mimetype == "text/html":
        assert [mark for mark in MARKERS if mark in answer.text] == [], what


class TestRights:
    def test_every_screen_has_a_row_here(
        self, views: dict[str, Any], all_rows: dict[str, int]
    ) -> None:
        assert set(views) == set(all_rows)

    def test_open_each_page_to_each_role_as_the_one_table_says(
        self,
        views: dict[str, Any],
        all_rows: dict[str, int],
        admin: User,
        instructor: User,
        enter: Callable[[User], Office],
        client: FlaskClient,
    ) -> None:
        for user in (admin, instructor):
            browser = enter(user)
            for table, view in views.items():
                for page, (verb, is_row) in PAGES.items():
                    path = f"/admin/{table}/{page.format(all_rows[table])}"
                    wanted = expected(user, view, verb, is_row=is_row)

                    assert status_of(browser.get(path)) == wanted, (user.role, path)
                    if user is admin:
                        assert client.get(path).status_code == 302, path

    def test_open_each_action_to_each_role_as_the_one_table_says(
        self,
        views: dict[str, Any],
        all_rows: dict[str, int],
        admin: User,
        instructor: User,
        enter: Callable[[User], Office],
    ) -> None:
        for user in (admin, instructor):
            browser = enter(user)
            for table, view in views.items():
                for name in view.actions_by_name:
                    wanted = expected(user, view, f"action:{name}", is_row=True)
                    answer = browser.post(
                        f"/admin/{table}/action/", {"action": name, "rowid": str(all_rows[table])}
                    )
                    is_open = answer.status_code in {200, 303, 409, 422}

                    assert is_open == (wanted == 200), (user.role, table, name)
                    assert is_open or answer.status_code == wanted, (user.role, table, name)

    def test_close_suggestions_to_who_may_not_list_their_table(
        self, views: dict[str, Any], all_rows: dict[str, int], classroom: Office, office: Office
    ) -> None:
        for table, view in views.items():
            for column in inspect(view.model).columns:
                if not column.foreign_keys:
                    continue
                target = next(iter(column.foreign_keys)).column.table.name
                path = f"/admin/{table}/ajax/lookup/?name={column.key}&query="
                answer = classroom.get(path)
                is_granted = target in permissions.list_granted(Role.INSTRUCTOR)

                assert office.get(path).status_code == 200, path
                assert answer.status_code in {200, 403}, path
                assert is_granted or not answer.json or answer.status_code == 403, path


class TestQueries:
    def test_of_a_page_are_few_and_do_not_grow_with_the_rows(
        self,
        views: dict[str, Any],
        all_rows: dict[str, int],
        office: Office,
        session: Session,
        count_queries: QueryCounter,
    ) -> None:
        def count_all() -> dict[str, int]:
            counts = {}
            for table, view in views.items():
                for page, ceiling in CEILINGS.items():
                    path = f"/admin/{table}/{page.format(all_rows[table])}"
                    if page.startswith("details"):
                        ceiling = WIDE.get(table, ceiling)
                    session.expire_all()
                    with count_queries() as queries:
                        answer = office.get(path)
                        assert answer.data is not None
                    if answer.status_code == 200:
                        counts[path] = len(queries)
                        assert len(queries) <= ceiling, (path, len(queries), *queries)
                assert view is not None
            return counts

        few = count_all()
        _add_rows(session, all_rows)
        many = count_all()

        lists = [path for path in few if "id=" not in path]
        assert len(lists) > 60
        assert {path: many[path] - few[path] for path in lists if many[path] > few[path]} == {}


def _add_rows(session: Session, all_rows: dict[str, int]) -> None:
    """Add more rows of every table that can have them, each with others behind it."""
    for number in range(4):
        factories.RefundFactory()
        attendance = factories.AttendanceFactory()
        factories.CertificateFactory(attendee=attendance.attendee)
        for make in (
            factories.TrainerFactory,
            factories.LetterFactory,
            factories.RequirementFactory,
            factories.InquiryFactory,
            factories.ReportFactory,
            factories.MaterialFactory,
            factories.NotificationFactory,
            factories.DiscountCodeFactory,
            factories.StripeEventFactory,
            factories.DifferenceFactory,
        ):
            make()
        factories.NoteFactory(booking_id=all_rows["bookings"], text=f"Note {number}")
    session.commit()


class TestHostileTexts:
    @pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12].encode().hex())
    def test_in_every_argument_of_every_list_are_taken_as_texts(
        self, views: dict[str, Any], all_rows: dict[str, int], office: Office, text: str
    ) -> None:
        for table, view in views.items():
            names = ["search", "sort", "scope", "page", "page_size", "desc"]
            names += [f"flt_{argument}" for argument in view.all_filters]
            for page in ("", "export/csv/"):
                answer = office.get(
                    f"/admin/{table}/{page}", query_string=dict.fromkeys(names, text)
                )

                assert answer.status_code == 200, (table, page)
                assert_harmless(answer, (table, page))
            fields = dict.fromkeys(fields_of(view._create_form_class), text)
            for page, more in (("new/", {}), ("edit/", {"id": str(all_rows[table])})):
                answer = office.get(f"/admin/{table}/{page}", query_string={**fields, **more})
                assert_harmless(answer, (table, page))

    @pytest.mark.parametrize("text", IN_FORMS, ids=lambda text: text[:12].encode().hex())
    def test_in_every_field_of_every_form_are_stored_or_refused(
        self, views: dict[str, Any], all_rows: dict[str, int], office: Office, text: str
    ) -> None:
        for table, view in views.items():
            for page, form in (
                ("new/", view._create_form_class),
                (f"edit/?id={all_rows[table]}", view._edit_form_class),
            ):
                fields = dict.fromkeys(fields_of(form), text)
                answer = office.post(f"/admin/{table}/{page}", fields)
                assert_harmless(answer, (table, page))
                assert answer.status_code in {302, 303, 403, 404, 409, 422}, (table, page)
                for shown in ("", f"details/?id={all_rows[table]}"):
                    assert_harmless(office.get(f"/admin/{table}/{shown}"), (table, page, shown))


class TestForms:
    def test_name_only_columns_that_there_are(self, views: dict[str, Any]) -> None:
        for table, view in views.items():
            columns = {attribute.key for attribute in inspect(view.model).column_attrs}

            assert set(view.not_in_form) <= columns, table
            assert all(reason for reason in view.not_in_form.values()), table

    def test_have_each_column_or_say_why_not(self, views: dict[str, Any]) -> None:
        for table, view in views.items():
            if view.read_only_because:
                continue
            fields = set(dir(view._edit_form_class)) | set(dir(view._create_form_class))
            system = {"id", "created_at", "updated_at", "created_by_id", "updated_by_id"}
            silent = (
                {
                    attribute.key
                    for attribute in inspect(view.model).column_attrs
                    if not attribute.columns[0].info.get("sensitive")
                }
                - fields
                - set(view.not_in_form)
                - system
                - {"row_version"}
            )

            assert silent == set(), table


class TestExports:
    @pytest.mark.parametrize("role", [Role.ADMIN, Role.INSTRUCTOR])
    def test_have_a_line_for_each_row_of_the_list(
        self,
        views: dict[str, Any],
        all_rows: dict[str, int],
        session: Session,
        role: Role,
        admin: User,
        instructor: User,
        enter: Callable[[User], Office],
    ) -> None:
        user = {Role.ADMIN: admin, Role.INSTRUCTOR: instructor}[role]
        browser = enter(user)
        _add_rows(session, all_rows)
        own = factories.ScheduleFactory(trainer=factories.TrainerFactory(user=instructor))
        booking = factories.BookingFactory(course_schedule=own)
        factories.AttendanceFactory(attendee=booking.attendees[0])
        session.commit()
        for table, view in views.items():
            if not permissions.can(user, "export", view.model):
                continue
            for query in ("", "?search=e", "?page=1&page_size=20&sort=id"):
                exported = browser.get(f"/admin/{table}/export/csv/{query}").text
                lines = list(csv.reader(io.StringIO(exported)))
                listed = browser.get(f"/admin/{table}/{query.replace('page=1&', '')}").text

                assert len({len(line) for line in lines}) == 1, table
                assert len(lines) - 1 == count_words(listed), (table, query)
                if not query and table not in CHANGING:
                    seen = permissions.scope(user, view.model, select(view.model.id))
                    counted = select(func.count()).select_from(seen.subquery())
                    assert len(lines) - 1 == db.session.scalar(counted), table


#: The export itself writes a row of the audit log.
CHANGING = frozenset({"admin_activity_logs"})


def count_words(page: str) -> int:
    """Return the number of rows that a list says it has; an empty one has no table."""
    found = re.search(r"<caption[^>]*>[^<]*, ([\d,]+)\+?</caption>", page)
    return int(found[1].replace(",", "")) if found else 0


class TestLinks:
    def test_lead_from_a_row_to_what_it_names_and_back(
        self, views: dict[str, Any], all_rows: dict[str, int], office: Office, session: Session
    ) -> None:
        _fill_keys(session, views, all_rows)
        rows = [*all_rows.items(), *_rows_of_another_kind(session, all_rows)]
        followed, missing = set(), []
        for table, row_id in rows:
            row = session.get_one(views[table].model, row_id)
            page = office.get(f"/admin/{table}/details/?id={row_id}").text
            for column, other in _keys(views[table].model, views):
                number = getattr(row, column)
                if number is None:
                    continue
                followed.add((table, column))
                there = f"/admin/{other}/details/?id={number}"
                if f'href="{there}"' not in page:
                    missing.append(f"{table}.{column}: no link to {other}")
                back = rf'href="(/admin/{table}/(?:details/\?id={row_id}|\?[^"]*))"'
                found = re.search(back, office.get(there).text)
                if found is None:
                    missing.append(f"{other}: no link back to {table}.{column}")
                elif office.get(html.unescape(found[1])).status_code != 200:
                    missing.append(f"{other}: {found[1]} leads nowhere")

        keys = {
            (table, column) for table in views for column, _ in _keys(views[table].model, views)
        }
        assert missing == []
        assert followed == keys


def _rows_of_another_kind(session: Session, all_rows: dict[str, int]) -> list[tuple[str, int]]:
    """Return rows for keys of which a row has one only: what a note is about, what is credited."""
    about = {
        "user_id": all_rows["users"],
        "course_schedule_id": all_rows["course_schedules"],
        "inquiry_id": all_rows["booking_inquiries"],
    }
    notes = [factories.NoteFactory(**{column: number}) for column, number in about.items()]
    invoice = session.get_one(Invoice, all_rows["invoices"])
    credit = factories.InvoiceFactory(
        booking=invoice.booking, kind=InvoiceKind.CREDIT_NOTE, credits_invoice_id=invoice.id
    )
    session.commit()
    return [*(("office_notes", note.id) for note in notes), ("invoices", credit.id)]


def _fill_keys(session: Session, views: dict[str, Any], all_rows: dict[str, int]) -> None:
    """Let every key that is empty name something, as far as the database allows."""
    for table, view in views.items():
        for column, other in _keys(view.model, views):
            empty = update(view.model).where(
                view.model.id == all_rows[table], getattr(view.model, column).is_(None)
            )
            with suppress(DBAPIError), session.begin_nested():
                session.execute(empty.values({column: all_rows[other]}))
    session.commit()
    session.expire_all()


def _keys(model: Any, views: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the foreign keys to tables with a screen: column and table."""
    columns = inspect(model).columns
    return [
        (attribute.key, target)
        for attribute in inspect(model).column_attrs
        for key in columns[attribute.key].foreign_keys
        if (target := key.column.table.name) in views
    ]
