"""The contract's table of screens, walked by everybody."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from rft_admin.core.database import Base
from tests import factories
from tests.admin.conftest import Office, QueryCounter

GENERATED = (
    "courses",
    "venues",
    "trainers",
    "course_materials",
    "discount_codes",
    "users",
    "notifications",
)
BY_USE_CASE = (
    "course_schedules",
    "bookings",
    "refunds",
    "special_requirements",
    "booking_inquiries",
    "attendance_records",
    "certificates",
    "reports",
)
READ_ONLY = (
    "admin_activity_logs",
    "admin_sessions",
    "password_resets",
    "email_logs",
    "analytics_events",
)
#: Table: the status of new, edit and delete for an admin.
SCREENS = {
    **dict.fromkeys(GENERATED, (200, 200, 200)),
    "settings": (403, 200, 403),
    **dict.fromkeys(BY_USE_CASE, (200, 200, 403)),
    "payment_transactions": (200, 403, 403),
    **dict.fromkeys(READ_ONLY, (403, 403, 403)),
}
#: What an instructor's list answers with.
OPEN_TO_INSTRUCTORS = {
    "courses",
    "venues",
    "course_materials",
    "course_schedules",
    "attendance_records",
    "special_requirements",
    "trainers",
    "notifications",
}
HOSTILE = (
    "?page=-1",
    "?page=99999999999999999999",
    "?page=abc",
    "?page_size=-5",
    "?sort=nonsense&desc=1",
    "?search=%00",
    "?search=%25_%5C%27%22%3B--",
    "?search=" + "x" * 5000,
    "?flt_status_is=nonsense",
    "?flt0_=1",
    "?flt_no_such_filter=1",
    "?scope=nonsense",
    "?search=%F0%9F%92%A3%ED%A0%80",
    "?search=%3Cscript%3Ealert(1)%3C/script%3E",
)
BAD_IDS = (
    "",
    "abc",
    "-1",
    "0",
    "1.5",
    "99999999999",
    "2147483647",
    "1%00",
    "%C2%B2",
    "1;2",
    "1%20",
)


def read(answer: TestResponse) -> TestResponse:
    """Return the answer, read to its end: a file holds a connection until then."""
    answer.get_data()
    return answer


def test_all_22_tables_are_walked() -> None:
    assert len(SCREENS) == 22
    assert set(SCREENS) <= set(Base.metadata.tables)


class TestScreens:
    def test_answer_an_admin_as_the_contract_says(
        self, office: Office, rows: dict[str, int]
    ) -> None:
        found = {
            table: tuple(
                office.get(f"/admin/{table}/{path}").status_code
                for path in ("new/", f"edit/?id={rows[table]}", f"delete/?id={rows[table]}")
            )
            for table in SCREENS
        }

        assert found == SCREENS

    def test_show_list_details_and_exports_to_an_admin(
        self, office: Office, rows: dict[str, int]
    ) -> None:
        paths = ("", "details/?id={}", "export/csv/", "export/xlsx/", "export/pdf/")
        found = {
            table: [
                read(office.get(f"/admin/{table}/{path.format(rows[table])}")).status_code
                for path in paths
            ]
            for table in SCREENS
        }

        assert found == {table: [200, 200, 200, 200, 404] for table in SCREENS}

    def test_open_to_an_instructor_by_his_role(
        self, classroom: Office, rows: dict[str, int]
    ) -> None:
        found = {t for t in SCREENS if classroom.get(f"/admin/{t}/").status_code == 200}

        assert found == OPEN_TO_INSTRUCTORS

    def test_send_strangers_to_sign_in(self, client: FlaskClient, rows: dict[str, int]) -> None:
        for path in ("", *(f"{table}/" for table in SCREENS), "calendar/", "search?q=a"):
            page = client.get(f"/admin/{path}")

            assert page.status_code == 302, path
            assert "/admin/sign-in" in page.headers["Location"]

    def test_answer_programs_without_a_session_with_401(self, client: FlaskClient) -> None:
        page = client.get("/admin/bookings/", headers={"Accept": "application/json"})

        assert page.status_code == 401

    @pytest.mark.parametrize("table", ["users", "bookings", "course_schedules", "settings"])
    def test_clamp_hostile_addresses(
        self, office: Office, rows: dict[str, int], table: str
    ) -> None:
        for query in HOSTILE:
            page = office.get(f"/admin/{table}/{query}")

            assert page.status_code == 200, query
            assert "<script>alert" not in page.text

    def test_refuse_bad_ids_with_404(self, office: Office, rows: dict[str, int]) -> None:
        for table in SCREENS:
            for bad in BAD_IDS[:: 1 if table == "bookings" else 4]:
                path = f"/admin/{table}/details/?id={bad}"
                assert office.get(path).status_code == 404, path
        for bad in BAD_IDS:
            assert office.get(f"/admin/courses/edit/?id={bad}").status_code == 404, bad
            assert office.get(f"/admin/courses/delete/?id={bad}").status_code == 404, bad

    def test_refuse_every_unsafe_request_without_a_token(
        self, office: Office, rows: dict[str, int]
    ) -> None:
        for table in SCREENS:
            for path in ("new/", f"edit/?id={rows[table]}", "delete/", "action/", "ajax/update/"):
                answer = office.client.post(f"/admin/{table}/{path}")

                assert answer.status_code == 400, (table, path)

    def test_are_kept_by_no_browser(self, office: Office, rows: dict[str, int]) -> None:
        for path in ("", "bookings/", f"users/details/?id={rows['users']}", "search?q=Pat", "none"):
            kept = office.get(f"/admin/{path}").headers["Cache-Control"]

            assert kept == "no-store", path

    def test_have_no_inline_handler_or_style(self, office: Office, rows: dict[str, int]) -> None:
        for table in SCREENS:
            for path in ("", f"details/?id={rows[table]}", "new/", f"edit/?id={rows[table]}"):
                text = office.get(f"/admin/{table}/{path}").text

                assert re.search(r"<[^>]+ (on[a-z]+|style)=", text) is None, (table, path)

    def test_refuse_an_unknown_action(self, office: Office, rows: dict[str, int]) -> None:
        for table in SCREENS:
            answer = office.post(f"/admin/{table}/action/", {"action": "no_such", "rowid": "1"})

            assert answer.status_code == 400, table

    def test_say_why_they_are_read_only(self, app: Flask) -> None:
        views = app.extensions["rft_admin_views"]

        read_only = {t for t, view in views.items() if view.read_only_because}
        assert read_only == {
            *READ_ONLY,
            "action_runs",
            "invoices",
            "reconciliation_differences",
            "stripe_events",
        }

    def test_answer_a_question_each(self, app: Flask) -> None:
        views = app.extensions["rft_admin_views"]

        assert all(view.question.endswith("?") for view in views.values())


class TestLists:
    def test_of_100_bookings_takes_at_most_8_queries(
        self, office: Office, count_queries: QueryCounter, session: Session
    ) -> None:
        schedule = factories.ScheduleFactory(max_capacity=200)
        for _ in range(100):
            factories.BookingFactory(course_schedule=schedule, attendees=False)
        session.commit()

        with count_queries() as queries:
            page = office.get("/admin/bookings/?page_size=100")

        assert page.text.count('name="rowid"') == 100
        assert len(queries) <= 8, "\n".join(queries)
