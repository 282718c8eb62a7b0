"""Tests of actions on many rows: the result table, all or none, all that fit, sent twice."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from rft_admin.accounts import action_runs
from rft_admin.accounts.models import (
    ActionRun,
    ActionRunRow,
    AdminActivityLog,
    Role,
    RowOutcome,
    RunStatus,
    User,
)
from rft_admin.admin import acting, choosing
from rft_admin.admin.bookings import BookingView
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.catalogue.models import Course, CourseSchedule, ScheduleStatus
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import transact
from rft_admin.messaging.models import EmailLog, Notification
from tests import factories
from tests.admin.conftest import Office, QueryCounter


def send(office: Office, table: str, name: str, *ids: int, **fields: str) -> TestResponse:
    """Post an action on rows."""
    data = {"action": name, "rowid": [str(row_id) for row_id in ids], **fields}
    return office.post(f"/admin/{table}/action/", data)


def confirm(office: Office, asked: TestResponse, table: str, **fields: str) -> TestResponse:
    """Press the button of a confirmation page: everything hidden in it is sent back."""
    main = asked.text[asked.text.index('class="consequences"') :]
    hidden: dict[str, Any] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', main):
        hidden.setdefault(name, []).append(value.replace("&amp;", "&"))
    return office.post(f"/admin/{table}/action/", {**hidden, **fields})


def result_of(office: Office, done: TestResponse) -> str:
    """Return the page that an action on several rows leads to."""
    assert done.status_code == 303, done.text
    return office.get(done.headers["Location"]).text


def outcomes(session: Session) -> dict[int, RowOutcome]:
    """Return what became of each row of every run."""
    session.expire_all()
    return {row.entity_id: row.outcome for row in session.scalars(select(ActionRunRow))}


@pytest.fixture
def bookings(session: Session) -> list[Booking]:
    """Three confirmed bookings of a date to come, and one that is cancelled."""
    start = clock.now() + timedelta(days=60)
    schedule = factories.ScheduleFactory(start_datetime=start)
    made = [factories.BookingFactory(course_schedule=schedule) for _ in range(3)]
    made.append(factories.BookingFactory(course_schedule=schedule, status=BookingStatus.CANCELLED))
    session.commit()
    return made


class TestRowByRow:
    def test_tells_what_is_left_out_before_anything_is_done(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        asked = send(office, "bookings", "send_reminder", *[one.id for one in bookings]).text

        assert "Send reminder: 3 of 4 bookings" in asked
        assert "Left out: 1 of 4" in asked
        assert "It is cancelled." in asked
        assert "“reminder” to 3 people" in re.sub(r"</?strong>", "", asked)
        assert session.scalar(select(func.count(EmailLog.id))) == 0

    def test_shows_each_row_with_its_outcome_and_a_way_to_it(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        ids = [one.id for one in bookings]

        page = result_of(office, send(office, "bookings", "send_reminder", *ids, confirmed="1"))

        letter = session.scalars(select(EmailLog)).first()
        assert letter is not None
        assert f"Reminder for {bookings[0]} queued." in page
        assert f"/admin/email_logs/details/?id={letter.id}" in page
        assert "It is cancelled." in page
        assert "Try the rest again (1)" in page
        assert outcomes(session) == {
            **dict.fromkeys(ids[:3], RowOutcome.DONE),
            ids[3]: RowOutcome.REFUSED,
        }

    def test_a_refusal_takes_back_its_own_row_only(self, office: Office, session: Session) -> None:
        poorer = factories.BookingFactory(payment_amount=70)
        payment = factories.PaymentFactory(booking=poorer, amount=70)
        first = factories.RefundFactory(booking=poorer, payment_transaction=payment, amount=70)
        second = factories.RefundFactory()
        session.commit()
        # More than the first one's payment.
        fields = {"amount": "74", "reason": "Goodwill", "confirmed": "1"}

        send(office, "refunds", "approve_refund", first.id, second.id, **fields)

        assert outcomes(session) == {first.id: RowOutcome.REFUSED, second.id: RowOutcome.DONE}
        session.refresh(second)
        assert second.net_refund == 74

    def test_asks_for_what_is_missing_before_any_row(
        self, office: Office, session: Session
    ) -> None:
        ids = [factories.RefundFactory().id for _ in range(2)]
        session.commit()

        answer = send(office, "refunds", "approve_refund", *ids, amount="5", confirmed="1")

        assert answer.status_code == 422
        assert "Please give a reason" in answer.text
        assert outcomes(session) == {}

    def test_leaves_a_trail_of_each_row_even_where_nothing_of_it_changed(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        letters = {"subject": "Parking", "message": "Behind the hall.", "confirmed": "1"}
        schedule_id = bookings[0].course_schedule_id

        send(office, "course_schedules", "email_attendees", schedule_id, **letters)
        send(office, "bookings", "cancel", bookings[0].id, reason="Ill", confirmed="1")

        def trail(table: str, row_id: int, action: str) -> int | None:
            return session.scalar(
                select(func.count(AdminActivityLog.id)).where(
                    AdminActivityLog.entity_type == table,
                    AdminActivityLog.entity_id == row_id,
                    AdminActivityLog.action == action,
                    AdminActivityLog.user_id == office.user_id,
                )
            )

        assert trail("course_schedules", schedule_id, "email_attendees") == 1
        # The use case told of it by itself, so it is not told twice.
        assert trail("bookings", bookings[0].id, "cancel") == 0

    def test_asks_the_rights_of_the_person_again_for_each_row(
        self, office: Office, admin: User, bookings: list[Booking], session: Session
    ) -> None:
        run = transact(
            lambda: action_runs.open_run(
                token="x" * 30,
                entity_type="bookings",
                action="send_reminder",
                fields={},
                entity_ids=[one.id for one in bookings[:2]],
                is_together=False,
                return_url="",
                by=Actor(user_id=admin.id, label="office"),
            )
        )
        admin.role = Role.INSTRUCTOR
        session.commit()

        action_runs.carry_on(run.id)

        assert set(outcomes(session).values()) == {RowOutcome.REFUSED}
        assert session.scalar(select(func.count(EmailLog.id))) == 0

    def test_is_refused_where_it_is_about_one_row(
        self, office: Office, bookings: list[Booking]
    ) -> None:
        answer = send(office, "bookings", "record_payment", bookings[0].id, bookings[1].id)

        assert answer.status_code == 303
        assert "for one row at a time" in office.get("/admin/bookings/").text


class TestAllOrNone:
    @pytest.fixture
    def courses(self, session: Session) -> list[Course]:
        """Two courses in use and one that is not."""
        made = [factories.CourseFactory() for _ in range(2)]
        made.append(factories.CourseFactory(is_active=False))
        factories.CourseFactory()
        session.commit()
        return made

    def test_names_what_stands_in_the_way_and_offers_the_rest(
        self, office: Office, courses: list[Course], session: Session
    ) -> None:
        asked = send(office, "courses", "deactivate", *[one.id for one in courses])

        assert "Nothing can be done while these are among them" in asked.text
        assert "Go on with the 2 that can" in asked.text
        again = confirm(office, asked, "courses")
        assert again.status_code == 200
        assert "Deactivate: 2 courses" in again.text
        assert confirm(office, again, "courses").status_code == 303
        session.expire_all()
        assert [one.is_active for one in courses] == [False, False, False]

    def test_undoes_all_when_one_is_refused_and_says_which(
        self, office: Office, courses: list[Course], session: Session
    ) -> None:
        ids = [one.id for one in courses]

        page = result_of(office, send(office, "courses", "deactivate", *ids, confirmed="1"))

        assert outcomes(session) == {
            ids[0]: RowOutcome.SKIPPED,
            ids[1]: RowOutcome.SKIPPED,
            ids[2]: RowOutcome.REFUSED,
        }
        assert [one.is_active for one in courses] == [True, True, False]
        assert "Out of use already." in page
        assert "all of the rows or none" in page

    def test_refuses_more_than_one_transaction_should_hold(
        self, office: Office, courses: list[Course], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(acting, "MOST_TOGETHER", 2)

        answer = send(office, "courses", "deactivate", *[one.id for one in courses])

        assert answer.status_code == 303
        assert "At most 2 rows at once here" in office.get("/admin/courses/").text

    def test_offers_to_take_back_what_was_done(
        self, office: Office, courses: list[Course], session: Session
    ) -> None:
        ids = [one.id for one in courses[:2]]

        page = result_of(office, send(office, "courses", "deactivate", *ids, confirmed="1"))
        send(office, "courses", "activate", *ids, confirmed="1")

        session.expire_all()
        assert "Take it back: activate" in page
        assert [one.is_active for one in courses[:2]] == [True, True]

    def test_holds_for_dates_but_not_for_bookings(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        on_sale = bookings[0].course_schedule
        not_on_sale = factories.ScheduleFactory(is_published=False)
        session.commit()

        send(office, "course_schedules", "unpublish", on_sale.id, not_on_sale.id, confirmed="1")

        assert session.get_one(CourseSchedule, on_sale.id).is_published
        assert outcomes(session)[on_sale.id] is RowOutcome.SKIPPED


class TestAllThatFit:
    def test_takes_the_rows_of_the_address_and_no_other(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        other = factories.BookingFactory(status=BookingStatus.PENDING)
        session.commit()
        fields = {"everything": "1", "matching": "flt_status_is=confirmed"}

        asked = send(office, "bookings", "resend_confirmation", **fields)
        done = confirm(office, asked, "bookings")

        assert "Resend confirmation: 3 bookings" in asked.text
        assert done.status_code == 303
        assert set(outcomes(session)) == {one.id for one in bookings[:3]}
        assert other.id not in outcomes(session)

    def test_takes_each_row_of_a_search_once_wherever_it_is_found(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        first, second, *_ = bookings
        first.contact_last_name = first.user.last_name = "Zinnvale"
        second.user.email = "zinnvale@example.com"
        session.commit()
        asked = send(
            office, "bookings", "send_reminder", everything="1", matching="search=zinnvale"
        )
        confirm(office, asked, "bookings")

        assert set(outcomes(session)) == {first.id, second.id}

    def test_leaves_out_what_cannot_be_done(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        asked = send(office, "bookings", "send_reminder", everything="1", matching="")
        confirm(office, asked, "bookings")

        assert "3 of 4 bookings" in asked.text
        assert outcomes(session) == {one.id: RowOutcome.DONE for one in bookings[:3]}

    def test_asks_again_when_other_rows_fit_by_now(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        asked = send(office, "bookings", "send_reminder", everything="1", matching="")
        factories.BookingFactory(course_schedule=bookings[0].course_schedule)
        session.commit()

        again = confirm(office, asked, "bookings")

        assert again.status_code == 409
        assert "3 rows could take it then, 4 can now" in again.text
        assert session.scalar(select(func.count(EmailLog.id))) == 0
        assert confirm(office, again, "bookings").status_code == 303
        assert session.scalar(select(func.count(EmailLog.id))) == 4

    @pytest.mark.parametrize(
        "text",
        ["flt_no_such=1", "flt_status_is=nonsense", "scope=nonsense", "page=2", "search=%25"],
    )
    def test_refuses_an_address_that_means_something_else_than_it_says(
        self, office: Office, bookings: list[Booking], session: Session, text: str
    ) -> None:
        answer = send(office, "bookings", "send_reminder", everything="1", matching=text)

        assert answer.status_code == 303
        assert "choose in the list again" in office.get("/admin/bookings/").text

    def test_refuses_more_than_can_be_shown_and_carried_out(
        self,
        office: Office,
        bookings: list[Booking],
        session: Session,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(choosing, "MOST_MATCHING", 3)

        answer = send(office, "bookings", "send_reminder", everything="1", matching="")

        assert answer.status_code == 303
        assert "Please narrow the list" in office.get("/admin/bookings/").text

    def test_reaches_only_the_rows_of_the_person(
        self, classroom: Office, instructor: User, session: Session
    ) -> None:
        own = factories.NotificationFactory(user=instructor)
        strange = factories.NotificationFactory()
        session.commit()

        asked = send(classroom, "notifications", "mark_read", everything="1", matching="")
        confirm(classroom, asked, "notifications")

        session.expire_all()
        assert own.is_read
        assert not strange.is_read

    def test_is_offered_by_the_list_with_its_own_filters(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        for _ in range(20):
            factories.BookingFactory(course_schedule=factories.ScheduleFactory())
        session.commit()

        page = office.get("/admin/bookings/?flt_status_is=confirmed&search=").text

        assert "All 23 that fit, not only those on this page" in page
        assert 'name="matching" value="flt_status_is=confirmed"' in page


class TestSentTwice:
    def test_is_done_once_for_one_row(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        asked = send(office, "bookings", "send_reminder", bookings[0].id)

        first = confirm(office, asked, "bookings")
        second = confirm(office, asked, "bookings")

        assert (first.status_code, second.status_code) == (303, 303)
        assert session.scalar(select(func.count(EmailLog.id))) == 1
        assert "sent twice and done once" in office.get(second.headers["Location"]).text

    def test_is_done_once_for_many(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        asked = send(office, "bookings", "send_reminder", *[one.id for one in bookings])

        first = confirm(office, asked, "bookings")
        second = confirm(office, asked, "bookings")

        assert first.headers["Location"] == second.headers["Location"]
        assert session.scalar(select(func.count(EmailLog.id))) == 3

    def test_may_be_tried_again_after_a_refusal(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        asked = send(office, "bookings", "cancel", bookings[0].id)

        refused = confirm(office, asked, "bookings", reason="")
        done = confirm(office, refused, "bookings", reason="Ill")

        assert (refused.status_code, done.status_code) == (422, 303)

    def test_is_two_deeds_from_two_pages(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        for _ in range(2):
            asked = send(office, "bookings", "resend_confirmation", bookings[0].id)
            confirm(office, asked, "bookings")

        assert session.scalar(select(func.count(EmailLog.id))) == 2


class TestLong:
    @pytest.fixture
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let two rows be many."""
        monkeypatch.setattr(acting, "MOST_AT_ONCE", 1)

    def test_is_left_to_the_worker_with_a_bar(
        self, office: Office, bookings: list[Booking], session: Session, few: None
    ) -> None:
        done = send(
            office, "bookings", "send_reminder", *[one.id for one in bookings], confirmed="1"
        )

        page = result_of(office, done)
        run = session.scalars(select(ActionRun)).one()
        progress = office.get(f"/admin/action_runs/progress/?id={run.id}").json
        assert 'max="4" value="0"' in page
        assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page
        assert progress == {
            "done": 0, "refused": 0, "total": 4, "words": "0 of 4 rows", "is_over": False,
        }  # fmt: skip
        assert session.scalar(select(func.count(EmailLog.id))) == 0

        action_runs.carry_on(run.id)

        page = result_of(office, done)
        assert "<progress" not in page
        told = session.scalars(select(Notification).where(Notification.user_id == office.user_id))
        assert [(one.title, one.action_url) for one in told] == [
            ("Send reminder: 3 of 4 done", f"/admin/action_runs/details/?id={run.id}")
        ]
        assert set(outcomes(session).values()) == {RowOutcome.DONE, RowOutcome.REFUSED}
        assert session.scalar(select(func.count(EmailLog.id))) == 3

    def test_keeps_what_was_typed_and_reads_it_anew(
        self, office: Office, bookings: list[Booking], session: Session, few: None
    ) -> None:
        ids = [one.id for one in bookings[:2]]
        send(office, "bookings", "cancel", *ids, reason="Trainer ill", confirmed="1")
        run = session.scalars(select(ActionRun)).one()

        action_runs.carry_on(run.id)

        session.expire_all()
        assert run.fields == {"reason": ["Trainer ill"]}
        assert [one.cancellation_reason for one in bookings[:2]] == ["Trainer ill"] * 2

    def test_keeps_nothing_but_the_actions_own_fields_and_no_nul(
        self, office: Office, bookings: list[Booking], session: Session, few: None
    ) -> None:
        ids = [one.id for one in bookings[:2]]
        strange = {"strange": "x" * 10_000, "reason-2": "y", "reasons": "z"}

        answer = send(
            office, "bookings", "cancel", *ids, reason="I\x00ll", confirmed="1", **strange
        )

        assert answer.status_code == 303
        assert session.scalars(select(ActionRun.fields)).all() == [
            {"reason": ["Ill"], "reason-2": ["y"]}
        ]

    def test_can_be_stopped_and_leaves_the_rest_alone(
        self, office: Office, bookings: list[Booking], session: Session, few: None
    ) -> None:
        send(office, "bookings", "send_reminder", *[one.id for one in bookings], confirmed="1")
        run = session.scalars(select(ActionRun)).one()

        stopped = send(office, "action_runs", "stop", run.id, confirmed="1")
        again = send(office, "action_runs", "stop", run.id, confirmed="1")
        action_runs.carry_on(run.id)

        assert (stopped.status_code, again.status_code) == (303, 422)
        session.refresh(run)
        assert run.status is RunStatus.STOPPED
        assert session.scalar(select(func.count(EmailLog.id))) == 0

    def test_is_hidden_from_other_people(
        self,
        office: Office,
        classroom: Office,
        bookings: list[Booking],
        session: Session,
    ) -> None:
        send(office, "bookings", "send_reminder", *[one.id for one in bookings], confirmed="1")
        run_id = session.scalars(
            select(ActionRun.id).where(ActionRun.entity_type == "bookings")
        ).one()

        assert classroom.get(f"/admin/action_runs/details/?id={run_id}").status_code == 404
        assert classroom.get(f"/admin/action_runs/progress/?id={run_id}").status_code == 404
        assert classroom.get("/admin/action_runs/").status_code == 200


class TestRowMenu:
    def test_says_what_can_be_done_and_why_not(
        self, office: Office, bookings: list[Booking]
    ) -> None:
        page = office.get(f"/admin/bookings/menu/?id={bookings[0].id}").text
        piece = office.get(f"/admin/bookings/menu/?id={bookings[0].id}&piece=1").text

        assert '<button name="action" value="send_reminder">' in " ".join(page.split())
        assert "It is confirmed." in page
        assert "<html" in page
        assert "<html" not in piece
        assert piece.strip() in page or 'value="send_reminder"' in piece

    def test_leads_from_the_list_and_works_by_itself(
        self, office: Office, bookings: list[Booking]
    ) -> None:
        page = office.get("/admin/bookings/").text

        assert f"/admin/bookings/menu/?id={bookings[0].id}&amp;url=" in page
        asked = office.post(
            "/admin/bookings/action/", {"action": "cancel", "rowid": str(bookings[0].id)}
        )
        assert str(bookings[0]) in asked.text

    def test_is_closed_to_rows_out_of_reach(
        self, classroom: Office, bookings: list[Booking]
    ) -> None:
        assert classroom.get(f"/admin/bookings/menu/?id={bookings[0].id}").status_code in (403, 404)
        assert classroom.get("/admin/course_schedules/menu/?id=2147483000").status_code == 404


class TestOwnWork:
    def test_of_several_dates_is_settled_date_by_date(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        first = bookings[0].course_schedule
        second = factories.ScheduleFactory(status=ScheduleStatus.COMPLETED)
        third = factories.ScheduleFactory(start_datetime=clock.now() + timedelta(days=9))
        session.commit()

        answer = send(
            office, "course_schedules", "cancel_schedule", first.id, second.id, third.id,
            reason="Trainer ill", confirmed="1",
        )  # fmt: skip

        assert "<progress" in result_of(office, answer)
        action_runs.carry_on(session.scalars(select(ActionRun.id)).one())
        page = result_of(office, answer)
        assert outcomes(session) == {
            first.id: RowOutcome.DONE,
            second.id: RowOutcome.REFUSED,
            third.id: RowOutcome.DONE,
        }
        assert "Date cancelled, 3 bookings with it." in page
        assert [one.status for one in (first, third)] == [ScheduleStatus.CANCELLED] * 2

    def test_comes_back_later_for_a_row_that_a_dead_worker_has_claimed(
        self, office: Office, admin: User, bookings: list[Booking], session: Session
    ) -> None:
        schedule_id = bookings[0].course_schedule_id
        run = action_runs.open_run(
            token="x" * 30,
            entity_type="course_schedules",
            action="cancel_schedule",
            fields={"reason": ["Trainer ill"]},
            entity_ids=[schedule_id],
            is_together=False,
            return_url="",
            by=Actor(user_id=admin.id, label="office"),
        )
        action_runs.claim_next(run.id, now=clock.now())
        session.commit()

        action_runs.carry_on(run.id)

        jobs = text("SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = :name")
        come_back = session.scalars(jobs, {"name": action_runs.JOB}).all()
        assert outcomes(session) == {schedule_id: RowOutcome.WAITING}
        assert [at > clock.now() for at in come_back] == [True]

    def test_goes_on_where_a_request_was_cut_off(
        self, office: Office, admin: User, bookings: list[Booking], session: Session
    ) -> None:
        """The date itself was cancelled already: that is no hindrance to its bookings."""
        schedule = bookings[0].course_schedule
        run = action_runs.open_run(
            token="x" * 30,
            entity_type="course_schedules",
            action="cancel_schedule",
            fields={"reason": ["Trainer ill"]},
            entity_ids=[schedule.id],
            is_together=False,
            return_url="",
            by=Actor(user_id=admin.id, label="office"),
        )
        action_runs.claim_next(run.id, now=clock.now() - 2 * action_runs.CLAIM_LASTS)
        schedule.status = ScheduleStatus.CANCELLED
        session.commit()

        action_runs.carry_on(run.id)

        assert outcomes(session) == {schedule.id: RowOutcome.DONE}
        assert {one.status for one in bookings} == {BookingStatus.CANCELLED}

    def test_leaves_a_job_that_looks_after_a_single_row(
        self, office: Office, bookings: list[Booking], session: Session
    ) -> None:
        schedule_id = bookings[0].course_schedule_id

        send(
            office, "course_schedules", "cancel_schedule", schedule_id, reason="Ill", confirmed="1"
        )

        jobs = text(
            "SELECT args ->> 'action_run_id' FROM procrastinate_jobs WHERE task_name = :name"
        )
        run = session.scalars(select(ActionRun)).one()
        assert session.scalars(jobs, {"name": action_runs.JOB}).all() == [str(run.id)]
        assert (run.status, run.done_count) == (RunStatus.COMPLETED, 1)


class TestReadingAhead:
    ACTIONS = ("cancel", "request_refund", "send_payment_link")

    @pytest.mark.parametrize("action", ACTIONS)
    def test_says_the_same_as_one_by_one(
        self, office: Office, bookings: list[Booking], session: Session, action: str
    ) -> None:
        for one in bookings[:2]:
            payment = factories.PaymentFactory(booking=one)
            factories.RefundFactory(payment_transaction=payment, amount=20)
        session.commit()
        chosen = BookingView.actions[[one.name for one in BookingView.actions].index(action)]
        apart = [chosen.hindrance(one) for one in bookings]
        able = [one for one, why in zip(bookings, apart, strict=True) if why is None]
        sums = chosen.consequences(able).sums

        with chosen.read_ahead(list(bookings)):
            together = [chosen.hindrance(one) for one in bookings]
            ahead = chosen.consequences(able).sums

        assert together == apart
        assert ahead == sums

    @pytest.mark.parametrize("action", ACTIONS)
    def test_asks_no_more_for_twenty_rows_than_for_ten(
        self,
        office: Office,
        session: Session,
        count_queries: QueryCounter,
        action: str,
    ) -> None:
        schedule = factories.ScheduleFactory(
            start_datetime=clock.now() + timedelta(days=60), max_capacity=50
        )
        made = [factories.BookingFactory(course_schedule=schedule) for _ in range(20)]
        for one in made[::2]:
            factories.PaymentFactory(booking=one)
        ids = [one.id for one in made]
        session.commit()
        send(office, "bookings", action, ids[0])

        counts = []
        for some in (ids[:10], ids):
            with count_queries() as seen:
                send(office, "bookings", action, *some)
            counts.append(len(seen))

        assert counts[0] == counts[1]
