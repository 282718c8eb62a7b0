"""What an instructor's session can be made to tell and to do: each leak tried as an attacker would.

The matrix itself stands in docs/roles.md; here every way round it is tried by hand-made requests.
"""

import io
import re
import zipfile
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.accounts import permissions
from rft_admin.accounts.models import AdminActivityLog, Role, User
from rft_admin.accounts.permissions import LOOK, Grant
from rft_admin.bookings.models import SpecialRequirement
from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus, Trainer
from rft_admin.core.files import store_file
from rft_admin.delivery.models import AttendanceRecord
from rft_admin.messaging.models import Notification
from tests import factories
from tests.admin.conftest import Office

#: What only the office may read; none of it may reach an instructor.
SECRETS = ("7777.77", "7,777.77", "4321.09", "4,321.09", "hidden@example.com", "Otherclass")
PAGES = ("", "new/", "edit/?id={}", "details/?id={}", "delete/?id={}")
MORE = ("export/csv/", "export/xlsx/", "ajax/lookup/?name=user_id&query=")


@dataclass(frozen=True)
class Classes:
    """The instructor's own class and somebody else's, each with all that hangs on it."""

    own: CourseSchedule
    other: CourseSchedule
    #: By "own" and "other": a row of each table that hangs on the class.
    rows: dict[str, dict[str, Any]]


@pytest.fixture
def classes(session: Session, instructor: User) -> Classes:
    """Two classes with secrets in them; the first is the instructor's."""
    teacher = factories.TrainerFactory(user=instructor, hourly_rate=Decimal("30.00"))
    own = factories.ScheduleFactory(trainer=teacher, group_price=Decimal("7777.77"))
    other = factories.ScheduleFactory(
        course=factories.CourseFactory(name="Paediatric First Aid"),
        site_address="Otherclass Lane 1",
        group_price=Decimal("7777.77"),
        trainer=factories.TrainerFactory(trainer_code="Otherclass"),
    )
    rows = {name: _hang_on(schedule) for name, schedule in (("own", own), ("other", other))}
    for row in rows["other"].values():
        if hasattr(row, "contact_last_name"):
            row.contact_last_name = "Otherclass"
        if isinstance(row, AttendanceRecord):
            row.attendee.last_name = "Otherclass"
    session.commit()
    return Classes(own, other, rows)


def _hang_on(schedule: CourseSchedule) -> dict[str, Any]:
    booking = factories.BookingFactory(
        course_schedule=schedule, price_per_place=Decimal("4321.09"), attendees=False
    )
    attendee = factories.AttendeeFactory(booking=booking, email="hidden@example.com")
    return {
        "bookings": booking,
        "attendance_records": factories.AttendanceFactory(attendee=attendee),
        "certificates": factories.CertificateFactory(attendee=attendee),
        "special_requirements": factories.RequirementFactory(
            booking=booking, share_with_trainer=True
        ),
        "refunds": factories.RefundFactory(
            payment_transaction=factories.PaymentFactory(booking=booking)
        ),
    }


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hide fields of a table from instructors for this test."""

    def hide_fields(table: str, *fields: str) -> None:
        grants = permissions.GRANTS[Role.INSTRUCTOR]
        monkeypatch.setitem(
            grants, table, replace(grants[table], hidden=grants[table].hidden | set(fields))
        )

    return hide_fields


def assert_tells_nothing(text: str) -> None:
    """Fail if a text holds one of the secrets."""
    assert [secret for secret in SECRETS if secret in text] == []


class TestTablesWithoutGrant:
    def test_are_closed_by_every_address(
        self, app: Flask, classroom: Office, rows: dict[str, int]
    ) -> None:
        granted = set(permissions.list_granted(Role.INSTRUCTOR))
        closed = set(app.extensions["rft_admin_views"]) - granted
        found = {
            path: classroom.get(path).status_code
            for table in closed
            for path in (f"/admin/{table}/{end.format(rows.get(table, 1))}" for end in PAGES + MORE)
        }

        assert {"bookings", "users", "refunds", "settings", "admin_activity_logs"} <= closed
        assert {path: status for path, status in found.items() if status != 403} == {}

    def test_take_no_posted_action_or_form(
        self, app: Flask, classroom: Office, classes: Classes, session: Session
    ) -> None:
        booking = classes.rows["own"]["bookings"]
        for data in ({}, {"confirmed": "1", "reason": "mine"}):
            answer = classroom.post(
                "/admin/bookings/action/",
                {"action": "cancel", "rowid": str(booking.id), **data},
            )
            assert answer.status_code == 403
        edited = classroom.post(
            f"/admin/bookings/edit/?id={booking.id}", {"contact_first_name": "Mine"}
        )
        made = classroom.post("/admin/users/new/", {"email": "me@example.com", "role": "admin"})

        session.refresh(booking)
        assert (edited.status_code, made.status_code) == (403, 403)
        assert booking.status == "confirmed"
        assert booking.contact_first_name == "Pat"
        assert session.scalar(select(func.count()).where(User.email == "me@example.com")) == 0

    def test_give_no_file(self, classroom: Office, classes: Classes, session: Session) -> None:
        certificate = classes.rows["own"]["certificates"]
        certificate.stored_file_id = store_file(
            file_name="c.pdf", media_type="application/pdf", content=b"%PDF"
        ).id
        session.commit()

        assert classroom.get(f"/admin/files/certificates/{certificate.id}").status_code == 403
        assert classroom.get("/admin/files/reports/1").status_code == 403
        assert classroom.get("/admin/files/users/1").status_code == 404

    def test_are_found_by_no_search(self, classroom: Office, classes: Classes) -> None:
        reference = classes.rows["own"]["bookings"].booking_reference
        for text in (reference, "hidden@example.com", "Pat", "RFT-2027", "Otherclass"):
            page = classroom.get(f"/admin/search?q={text}")
            answer = classroom.get(
                f"/admin/search?q={text}", headers={"Accept": "application/json"}
            )
            tables = {one["table"] for one in answer.json["results"]}  # type: ignore[index] # JSON

            assert tables <= set(permissions.list_granted(Role.INSTRUCTOR)), text
            assert "/admin/bookings/" not in page.text
            assert "/admin/users/" not in page.text

    def test_are_suggested_to_no_field(self, classroom: Office, classes: Classes) -> None:
        for table, name in (
            ("attendance_records", "booking_id"),
            ("attendance_records", "user_id"),
            ("special_requirements", "booking_id"),
            ("trainers", "user_id"),
            ("course_schedules", "private_for_user_id"),
        ):
            answer = classroom.get(f"/admin/{table}/ajax/lookup/?name={name}&query=")

            assert answer.json == [], (table, name)

    def test_are_linked_from_no_page(self, classroom: Office, classes: Classes) -> None:
        own = classes.rows["own"]
        for path in (
            "/admin/",
            f"/admin/course_schedules/details/?id={classes.own.id}",
            f"/admin/attendance_records/details/?id={own['attendance_records'].id}",
            f"/admin/special_requirements/details/?id={own['special_requirements'].id}",
            f"/admin/register/{classes.own.id}/",
        ):
            text = classroom.get(path).text

            for table in ("bookings", "users", "refunds", "payment_transactions", "invoices"):
                assert f"/admin/{table}/" not in text, (path, table)


class TestForeignRows:
    @pytest.mark.parametrize("table", ["attendance_records", "special_requirements"])
    def test_are_not_there(self, classroom: Office, classes: Classes, table: str) -> None:
        own, other = (classes.rows[name][table].id for name in ("own", "other"))

        assert classroom.get(f"/admin/{table}/details/?id={own}").status_code == 200
        assert classroom.get(f"/admin/{table}/details/?id={other}").status_code == 404

    def test_are_neither_edited_nor_acted_on(
        self, classroom: Office, classes: Classes, session: Session
    ) -> None:
        record = classes.rows["other"]["attendance_records"]
        schedule = classes.other

        answers = [
            classroom.get(f"/admin/attendance_records/edit/?id={record.id}").status_code,
            classroom.post(
                f"/admin/attendance_records/edit/?id={record.id}", {"status": "absent"}
            ).status_code,
            classroom.post(
                "/admin/course_schedules/action/",
                {"action": "complete", "rowid": str(schedule.id), "confirmed": "1"},
            ).status_code,
            classroom.post(
                "/admin/course_schedules/action/",
                {"action": "complete", "rowid": [str(classes.own.id), str(schedule.id)]},
            ).status_code,
        ]

        session.refresh(record)
        session.refresh(schedule)
        assert answers == [404, 404, 404, 404]
        assert record.status == "present"
        assert schedule.status is ScheduleStatus.SCHEDULED

    def test_have_no_register(self, classroom: Office, classes: Classes, session: Session) -> None:
        attendee = classes.rows["other"]["attendance_records"].attendee_id
        path = f"/admin/register/{classes.other.id}/"
        posted = {f"status-{attendee}": "absent", "do": "save", "day": "2027-02-01"}

        assert classroom.get(path).status_code == 404
        assert classroom.post(path, posted).status_code == 404
        assert classroom.get(f"/admin/register/{classes.own.id}/").status_code == 200
        assert (
            session.scalar(
                select(AttendanceRecord.status).where(AttendanceRecord.attendee_id == attendee)
            )
            == "present"
        )

    def test_take_no_mark_by_a_form_made_by_hand(
        self, classroom: Office, classes: Classes, session: Session
    ) -> None:
        before = session.scalar(select(func.count(AttendanceRecord.id)))
        theirs = factories.AttendeeFactory(booking=classes.rows["other"]["bookings"])
        session.commit()
        for schedule in (classes.own.id, classes.other.id):
            answer = classroom.post(
                "/admin/attendance_records/new/",
                {
                    "course_session_id": f"(#{schedule})",
                    "attendee_id": f"(#{theirs.id})",
                    "session_date": "2027-02-01",
                    "status": "present",
                },
            )
            assert answer.status_code == 422, schedule
            assert_tells_nothing(answer.text)

        assert session.scalar(select(func.count(AttendanceRecord.id))) == before

    def test_stand_in_no_list_export_calendar_or_suggestion(
        self, classroom: Office, classes: Classes
    ) -> None:
        for path in (
            "/admin/",
            "/admin/calendar/?month=2027-02",
            "/admin/course_schedules/",
            "/admin/course_schedules/export/csv/",
            "/admin/attendance_records/",
            "/admin/attendance_records/export/csv/",
            "/admin/special_requirements/",
            "/admin/trainers/",
            "/admin/attendance_records/ajax/lookup/?name=course_session_id&query=",
            "/admin/attendance_records/ajax/lookup/?name=attendee_id&query=",
            f"/admin/attendance_records/?flt_schedule_is={classes.other.id}",
        ):
            answer = classroom.get(path)

            assert answer.status_code == 200, path
            assert_tells_nothing(answer.text)
            assert f'course_schedules/details/?id={classes.other.id}"' not in answer.text

    def test_of_others_notifications_and_profiles_stay_theirs(
        self, classroom: Office, classes: Classes, session: Session, instructor: User
    ) -> None:
        note = factories.NotificationFactory(title="For the office")
        session.commit()
        other = session.scalars(select(Trainer).where(Trainer.user_id != instructor.id)).first()
        assert other is not None

        read = classroom.post(
            "/admin/notifications/action/",
            {"action": "mark_read", "rowid": str(note.id), "confirmed": "1"},
        )

        assert read.status_code == 404
        assert (
            session.scalar(select(Notification.read_at).where(Notification.id == note.id)) is None
        )
        assert classroom.get(f"/admin/notifications/details/?id={note.id}").status_code == 404
        assert classroom.get(f"/admin/trainers/edit/?id={other.id}").status_code == 404

    def test_of_requirements_that_nobody_shared_stay_hidden(
        self, classroom: Office, classes: Classes, session: Session
    ) -> None:
        secret = factories.RequirementFactory(
            booking=classes.rows["own"]["bookings"], share_with_trainer=False
        )
        session.commit()

        listed = classroom.get("/admin/special_requirements/").text

        assert f'details/?id={secret.id}"' not in listed
        page = classroom.get(f"/admin/special_requirements/details/?id={secret.id}")
        assert page.status_code == 404
        assert session.scalar(select(func.count(SpecialRequirement.id))) == 3


class TestRecord:
    def test_names_nobody_whose_page_is_closed(
        self, office: Office, classroom: Office, classes: Classes, session: Session
    ) -> None:
        classes.own.created_by_id = office.user_id
        session.commit()
        path = f"/admin/course_schedules/details/?id={classes.own.id}"

        assert "Created by" in office.get(path).text
        assert "Created by" not in classroom.get(path).text


class TestToday:
    def test_shows_an_instructor_his_classes_and_nothing_of_the_offices_work(
        self, office: Office, classroom: Office, classes: Classes, session: Session
    ) -> None:
        factories.RequirementFactory(
            booking=classes.rows["own"]["bookings"], share_with_trainer=True, requires_action=True
        )
        session.commit()
        words = ("refunds to decide", "bookings owed", "dates to decide", "requirements to handle")

        seen = classroom.get("/admin/").text

        assert [one for one in words if one not in office.get("/admin/").text] == []
        assert [one for one in words if one in seen] == []
        assert "Emergency First Aid at Work" in seen
        assert_tells_nothing(seen)


class TestHiddenFields:
    def test_are_on_no_page_and_in_no_file(
        self, office: Office, classroom: Office, classes: Classes
    ) -> None:
        path = f"/admin/course_schedules/details/?id={classes.own.id}"
        assert "£7,777.77" in office.get(path).text
        assert "7777.77" in office.get("/admin/course_schedules/export/csv/").text

        book = classroom.get("/admin/course_schedules/export/xlsx/").data
        with zipfile.ZipFile(io.BytesIO(book)) as parts:
            sheets = "".join(parts.read(name).decode() for name in parts.namelist())
        assert_tells_nothing(sheets)
        for address in (
            path,
            "/admin/course_schedules/",
            "/admin/course_schedules/export/csv/",
            f"/admin/register/{classes.own.id}/",
            "/admin/attendance_records/export/csv/",
        ):
            assert_tells_nothing(classroom.get(address).text)

    def test_are_neither_listed_nor_sorted_by(
        self, office: Office, classroom: Office, classes: Classes, hide: Any, session: Session
    ) -> None:
        small = factories.ScheduleFactory(
            trainer=classes.own.trainer,
            max_capacity=4,
            start_datetime=classes.own.start_datetime.replace(month=5),
        )
        session.commit()
        up, down = (f"/admin/course_schedules/?sort=max_capacity{end}" for end in ("", "&desc=1"))
        assert _order(classroom, up) != _order(classroom, down)

        hide("course_schedules", "max_capacity")

        assert _order(classroom, up) == _order(classroom, down)
        assert _order(office, up) != _order(office, down)
        assert "Places on sale" not in classroom.get(up).text
        assert "Places on sale" in office.get(up).text
        assert small.id in _order(classroom, up)

    def test_are_not_filtered_by(
        self, office: Office, classroom: Office, classes: Classes, hide: Any
    ) -> None:
        path = "/admin/course_schedules/?flt_status_is=cancelled"
        assert _order(classroom, path) == []

        hide("course_schedules", "status")

        assert _order(classroom, path) == [classes.own.id]
        assert _order(office, path) == []
        assert "flt_status_is" not in classroom.get("/admin/course_schedules/").text

    def test_are_neither_exported_nor_filtered_by_in_exports(
        self, classroom: Office, classes: Classes, hide: Any
    ) -> None:
        path = "/admin/course_schedules/export/csv/?flt_status_is=cancelled"
        assert classroom.get(path).text.count("\n") == 1

        hide("course_schedules", "status", "max_capacity")

        exported = classroom.get(path).text
        assert exported.count("\n") == 2
        assert "Places on sale" not in exported

    def test_are_not_searched(
        self, office: Office, classroom: Office, classes: Classes, hide: Any
    ) -> None:
        path = "/admin/course_schedules/?search=Emergency"
        assert _order(classroom, path) == [classes.own.id]

        hide("course_schedules", "course_id")

        assert _order(classroom, path) == []
        assert _order(office, path) == [classes.own.id]

    def test_behind_a_table_that_is_closed_are_not_searched(
        self, office: Office, classroom: Office, classes: Classes
    ) -> None:
        reference = classes.rows["own"]["bookings"].booking_reference
        path = f"/admin/attendance_records/?search={reference}"

        assert _order(office, path) == [classes.rows["own"]["attendance_records"].id]
        assert _order(classroom, path) == []

    def test_of_the_people_behind_a_row_are_not_searched(
        self, classroom: Office, classes: Classes
    ) -> None:
        own = classes.rows["own"]["attendance_records"]
        path = "/admin/attendance_records/?search="

        assert _order(classroom, path + own.attendee.last_name) == [own.id]
        assert _order(classroom, path + "hidden@example.com") == []
        assert _order(classroom, path + "hidden") == []

    def test_are_not_told_by_suggestions(
        self, classroom: Office, classes: Classes, session: Session
    ) -> None:
        path = "/admin/attendance_records/ajax/lookup/?name=attendee_id&query="

        assert len(classroom.get(path).json or []) == 1
        assert classroom.get(path + "hidden@example.com").json == []
        assert classroom.get(path + "4321").json == []

    def test_are_not_written_by_a_form_made_by_hand(
        self, classroom: Office, classes: Classes, session: Session
    ) -> None:
        trainer = classes.own.trainer
        assert trainer is not None
        page = classroom.get(f"/admin/trainers/edit/?id={trainer.id}").text
        version = re.search(r'name="row_version" value="([^"]+)"', page)
        assert version is not None
        answer = classroom.post(
            f"/admin/trainers/edit/?id={trainer.id}",
            {
                "bio": "Ten years of first aid.",
                "hourly_rate": "999.00",
                "trainer_code": "X",
                "row_version": version[1],
                "is_available": "y",
                "specializations": "[]",
            },
        )

        session.refresh(trainer)
        assert 'name="bio"' in page
        assert 'name="hourly_rate"' not in page
        assert answer.status_code == 302
        assert trainer.bio == "Ten years of first aid."
        assert (trainer.hourly_rate, trainer.trainer_code != "X") == (Decimal("30.00"), True)

    def test_leave_no_trace_in_a_history_that_is_opened(
        self,
        office: Office,
        classroom: Office,
        classes: Classes,
        monkeypatch: pytest.MonkeyPatch,
        session: Session,
    ) -> None:
        session.add(
            AdminActivityLog(
                action="updated",
                entity_type="course_schedules",
                entity_id=classes.own.id,
                changes={
                    "group_price": {"old": "7777.77", "new": "4321.09"},
                    "min_places": {"old": 0, "new": 31},
                },
            )
        )
        session.commit()
        path = f"/admin/course_schedules/details/?id={classes.own.id}&tab=history"
        assert_tells_nothing(classroom.get(path).text)
        monkeypatch.setitem(permissions.GRANTS[Role.INSTRUCTOR], "admin_activity_logs", Grant(LOOK))

        opened = classroom.get(path).text

        assert "4,321.09" in office.get(path).text
        assert "Places needed to run" in opened
        assert_tells_nothing(opened)

    def test_are_kept_from_lines_that_are_written_by_hand(
        self,
        office: Office,
        classroom: Office,
        classes: Classes,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = f"/admin/bookings/details/?id={classes.rows['own']['bookings'].id}&tab=timeline"
        grants = permissions.GRANTS[Role.INSTRUCTOR]
        monkeypatch.setitem(grants, "bookings", Grant(LOOK, hidden=frozenset({"payment_amount"})))

        told = classroom.get(path)

        assert told.status_code == 200
        assert "4,321.09" in office.get(path).text
        assert "4,321.09" not in told.text

    def test_of_the_audit_are_its_values_for_whoever_is_no_admin(self) -> None:
        for role, grants in permissions.GRANTS.items():
            grant = grants.get("admin_activity_logs")

            assert role is Role.ADMIN or grant is None or "changes" in grant.hidden


class TestPeopleWithoutRole:
    def test_are_turned_away_though_their_session_is_live(
        self, app: Flask, enter: Any, session: Session, rows: dict[str, int]
    ) -> None:
        for change in ({"role": Role.CUSTOMER}, {"is_active": False}):
            person = factories.AdminFactory(must_change_password=False)
            browser = enter(person)
            assert browser.get("/admin/bookings/").status_code == 200

            for name, value in change.items():
                setattr(person, name, value)
            session.commit()

            for path in ("/admin/", "/admin/bookings/", "/admin/search?q=a"):
                answer = browser.get(path)
                assert answer.status_code == 302, (change, path)
                assert "/admin/sign-in" in answer.headers["Location"]
            asked = browser.get("/admin/bookings/", headers={"Accept": "application/json"})
            assert asked.status_code == 401

    def test_lose_what_was_theirs_at_once_when_their_role_changes(
        self, enter: Any, session: Session, rows: dict[str, int]
    ) -> None:
        person = factories.AdminFactory()
        browser = enter(person)
        assert browser.get("/admin/bookings/").status_code == 200

        person.role = Role.INSTRUCTOR
        session.commit()

        assert browser.get("/admin/bookings/").status_code == 403


class TestOneTable:
    def test_refuses_a_second_grant_for_the_same_table(self) -> None:
        with pytest.raises(ValueError, match="bookings"):
            permissions.add_grant(Role.ADMIN, "bookings", Grant(LOOK))

    def test_opens_nothing_that_is_not_named(self, app: Flask) -> None:
        for role, grants in permissions.GRANTS.items():
            assert role is not Role.CUSTOMER
            assert all(grant.verbs for grant in grants.values())


def _order(browser: Office, path: str) -> list[int]:
    """Return the ids of a list's rows in their order."""
    table = path.split("/")[2]
    found = re.findall(rf"/admin/{table}/details/\?id=(\d+)", browser.get(path).text)
    return [int(number) for number in dict.fromkeys(found)]


class TestLinksInRows:
    def test_lead_nowhere_outside_the_office(self, office: Office, session: Session) -> None:
        paths = ("//evil.example/", "/\\evil.example/", "https://evil.example/", "javascript:x")
        notes = [factories.NotificationFactory(action_url=path) for path in paths]
        own = factories.NotificationFactory(action_url="/admin/refunds/")
        session.commit()

        for note in (*notes, own):
            page = office.get(f"/admin/notifications/details/?id={note.id}").text
            opened = re.findall(r'<a class="[^"]*button[^"]*" href="([^"]+)">Open</a>', page)

            assert opened == (["/admin/refunds/"] if note is own else []), note.action_url
