"""Tests of the named actions: confirmation, deed, refusal, trail."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.accounts.models import AdminActivityLog, AdminSession, PasswordReset, User
from rft_admin.bookings.models import Booking, BookingStatus, InquiryStatus
from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus
from rft_admin.core import clock
from rft_admin.delivery.models import Certificate
from rft_admin.messaging.models import EmailLog
from rft_admin.payments.models import PaymentTransaction, Refund, RefundStatus
from tests import factories
from tests.admin.conftest import Office

ACTIONS = {
    "bookings": {
        "confirm", "cancel", "reinstate", "resend_confirmation", "record_payment",
        "request_refund", "issue_certificate", "send_reminder", "transfer",
    },
    "refunds": {"approve_refund", "reject_refund", "retry_refund"},
    "certificates": {"revoke", "resend_certificate", "reissue"},
    "course_schedules": {
        "publish", "unpublish", "cancel_schedule", "complete", "duplicate", "email_attendees",
        "issue_certificates",
    },
    "booking_inquiries": {"respond", "convert_to_booking", "close"},
    "email_logs": {"resend"},
    "admin_sessions": {"end_session"},
    "users": {"deactivate", "activate", "unlock", "send_password_reset"},
    "reports": {"run_again", "download"},
    "notifications": {"mark_read"},
}  # fmt: skip


def act(office: Office, table: str, name: str, *ids: int, **fields: str) -> int:
    """Confirm an action on rows and return the answer's status."""
    return office.post(
        f"/admin/{table}/action/",
        {"action": name, "rowid": [str(i) for i in ids], "confirmed": "1", **fields},
    ).status_code


def convert(office: Office, inquiry_id: int) -> int:
    """Make a booking of an inquiry, to be paid by card."""
    return act(office, "booking_inquiries", "convert_to_booking", inquiry_id, payment_method="card")


def page_after(office: Office, table: str, row_id: int) -> str:
    """Return a row's details with the message of what was just done."""
    return office.get(f"/admin/{table}/details/?id={row_id}").text


class TestEveryAction:
    def test_of_the_contract_exists(self, app: Flask) -> None:
        views = app.extensions["rft_admin_views"]

        found = {table: set(view.actions_by_name) for table, view in views.items()}

        for table, names in ACTIONS.items():
            assert names <= found[table], table

    def test_asks_before_it_does_anything(self, office: Office, rows: dict[str, int]) -> None:
        for table, names in ACTIONS.items():
            for name in names - {"download"}:
                answer = office.post(
                    f"/admin/{table}/action/", {"action": name, "rowid": str(rows[table])}
                )

                assert answer.status_code == 200, (table, name)
                assert 'name="confirmed" value="1"' in answer.text

    def test_needs_a_row_that_exists(self, office: Office, rows: dict[str, int]) -> None:
        for table, names in ACTIONS.items():
            path, name = f"/admin/{table}/action/", next(iter(names))

            assert office.post(path, {"action": name}).status_code == 303
            assert office.post(path, {"action": name, "rowid": "2147483000"}).status_code == 404
            many = {"action": name, "rowid": [str(i) for i in range(1, 300)]}
            assert office.post(path, many).status_code == 400

    def test_is_refused_to_who_may_not(self, classroom: Office, rows: dict[str, int]) -> None:
        for table, names in ACTIONS.items():
            for name in names - {"complete", "mark_read"}:
                status = act(classroom, table, name, rows[table])

                assert status == 403, (table, name)


@pytest.fixture
def booking(session: Session) -> Booking:
    """A confirmed booking of a date to come."""
    start = clock.now() + timedelta(days=60)
    booking = factories.BookingFactory(
        course_schedule=factories.ScheduleFactory(start_datetime=start)
    )
    session.commit()
    return booking


class TestBookings:
    def test_cancel_needs_a_reason(self, office: Office, booking: Booking) -> None:
        assert act(office, "bookings", "cancel", booking.id) == 422
        assert booking.status is BookingStatus.CONFIRMED

    def test_cancel_shows_what_comes_back_and_does_it(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        factories.PaymentFactory(booking=booking)
        session.commit()
        asked = office.post(
            "/admin/bookings/action/", {"action": "cancel", "rowid": str(booking.id)}
        ).text

        status = act(office, "bookings", "cancel", booking.id, reason="Asked by phone")

        session.refresh(booking)
        refund = session.scalars(select(Refund)).one()
        assert "Comes back" in asked
        assert f"£{refund.net_refund}" in asked
        assert status == 303
        assert booking.status is BookingStatus.CANCELLED
        assert f"/admin/refunds/details/?id={refund.id}" in page_after(
            office, "bookings", booking.id
        )

    def test_reinstate_and_confirm(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        refused = act(office, "bookings", "reinstate", booking.id)
        act(office, "bookings", "cancel", booking.id, reason="By mistake")
        done = act(office, "bookings", "reinstate", booking.id)

        session.refresh(booking)
        assert (refused, done) == (422, 303)
        assert booking.status is BookingStatus.CONFIRMED

    def test_confirm_a_pending_one(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        booking.status = BookingStatus.PENDING
        session.commit()

        assert act(office, "bookings", "confirm", booking.id) == 303
        session.refresh(booking)
        assert booking.status is BookingStatus.CONFIRMED

    def test_resend_confirmation_queues_and_logs_it(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        status = act(office, "bookings", "resend_confirmation", booking.id)

        letter = session.scalars(select(EmailLog)).one()
        assert status == 303
        assert letter.template_name == "booking_confirmed"
        assert letter.booking_id == booking.id
        assert (
            session.scalar(
                select(AdminActivityLog.user_id).where(AdminActivityLog.entity_type == "email_logs")
            )
            == office.user_id
        )

    def test_resend_confirmation_refuses_a_cancelled_one(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        act(office, "bookings", "cancel", booking.id, reason="Ill")
        before = session.scalar(select(func.count(EmailLog.id)))

        assert act(office, "bookings", "resend_confirmation", booking.id) == 422
        assert session.scalar(select(func.count(EmailLog.id))) == before

    def test_tell_of_each_row_what_became_of_it(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        cancelled = factories.BookingFactory(
            course_schedule=booking.course_schedule, status=BookingStatus.CANCELLED
        )
        session.commit()

        answer = office.post(
            "/admin/bookings/action/",
            {
                "action": "send_reminder",
                "rowid": [str(booking.id), str(cancelled.id)],
                "confirmed": "1",
            },
        )

        page = office.get(answer.headers["Location"]).text
        assert answer.status_code == 303
        assert f"Reminder for {booking} queued" in page
        assert "It is cancelled." in page
        assert f"/admin/bookings/details/?id={cancelled.id}" in page

    def test_record_payment_refuses_too_much(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        fields = {"payment_method": "bank transfer", "reference": "BACS 7"}

        refused = act(office, "bookings", "record_payment", booking.id, amount="99", **fields)
        done = act(office, "bookings", "record_payment", booking.id, amount="75", **fields)

        assert (refused, done) == (422, 303)
        assert session.scalars(select(PaymentTransaction)).one().amount == Decimal("75.00")

    def test_request_refund_waits_for_approval(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        factories.PaymentFactory(booking=booking)
        session.commit()

        status = act(office, "bookings", "request_refund", booking.id, amount="20", reason="Late")

        [refund] = session.scalars(select(Refund))
        timeline = office.get(f"/admin/bookings/details/?id={booking.id}&tab=timeline").text
        told = timeline.split(f"{refund.refund_reference}</a> of £20.00 asked for")[1]
        assert status == 303
        assert refund.status is RefundStatus.PENDING
        assert f'/admin/users/details/?id={office.user_id}"' in told.split("</li>")[0]

    def test_issue_certificate_refuses_who_was_not_there(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        answer = office.post(
            "/admin/bookings/action/",
            {"action": "issue_certificate", "rowid": str(booking.id), "confirmed": "1"},
        )

        assert answer.status_code in (409, 422)
        assert session.scalar(select(func.count(Certificate.id))) == 0

    def test_issue_certificate_makes_it_with_its_pdf_and_letter(
        self, office: Office, session: Session
    ) -> None:
        start = clock.now() - timedelta(days=2)
        booking = factories.BookingFactory(
            course_schedule=factories.ScheduleFactory(
                start_datetime=start, trainer=factories.TrainerFactory()
            ),
            status=BookingStatus.COMPLETED,
        )
        factories.AttendanceFactory(attendee=booking.attendees[0], identity_checked=True)
        session.commit()

        status = act(office, "bookings", "issue_certificate", booking.id)
        again = act(office, "bookings", "issue_certificate", booking.id)

        certificate = session.scalars(select(Certificate)).one()
        pdf = office.get(f"/admin/files/certificates/{certificate.id}")
        assert (status, again) == (303, 409)
        assert pdf.data.startswith(b"%PDF")
        assert session.scalar(
            select(EmailLog.id).where(EmailLog.template_name == "certificate_issued")
        )


class TestRefunds:
    def test_approve_needs_a_reason_for_another_amount(
        self, office: Office, session: Session
    ) -> None:
        refund = factories.RefundFactory()
        session.commit()

        refused = act(office, "refunds", "approve_refund", refund.id, amount="20")
        done = act(office, "refunds", "approve_refund", refund.id, amount="20", reason="Goodwill")
        again = act(office, "refunds", "approve_refund", refund.id)

        session.refresh(refund)
        assert (refused, done, again) == (422, 303, 422)
        assert refund.net_refund == Decimal("20.00")
        assert refund.approved_by_id == office.user_id

    def test_reject_tells_the_customer_why(self, office: Office, session: Session) -> None:
        refund = factories.RefundFactory()
        session.commit()

        refused = act(office, "refunds", "reject_refund", refund.id)
        done = act(office, "refunds", "reject_refund", refund.id, reason="Course was given")

        session.refresh(refund)
        assert (refused, done) == (422, 303)
        assert refund.status is RefundStatus.REJECTED
        assert session.scalar(
            select(EmailLog.id).where(EmailLog.template_name == "refund_rejected")
        )


class TestCertificates:
    def test_revoke_and_no_more(self, office: Office, rows: dict[str, int]) -> None:
        row_id = rows["certificates"]

        refused = act(office, "certificates", "revoke", row_id)
        done = act(office, "certificates", "revoke", row_id, reason="Wrong name")
        again = act(office, "certificates", "resend_certificate", row_id)

        assert (refused, done, again) == (422, 303, 422)


class TestDates:
    def test_publish_unpublish_repeat_and_cancel(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        schedule = booking.course_schedule
        starts_at = (clock.now() + timedelta(days=90)).strftime("%Y-%m-%dT09:30")

        assert act(office, "course_schedules", "publish", schedule.id) == 422
        assert act(office, "course_schedules", "unpublish", schedule.id) == 303
        assert act(office, "course_schedules", "publish", schedule.id) == 303
        assert act(office, "course_schedules", "duplicate", schedule.id, starts_at="") == 422
        assert act(office, "course_schedules", "duplicate", schedule.id, starts_at=starts_at) == 303
        assert session.scalar(select(func.count(CourseSchedule.id))) == 2

    def test_write_to_the_class(self, office: Office, booking: Booking, session: Session) -> None:
        status = act(
            office,
            "course_schedules",
            "email_attendees",
            booking.course_schedule_id,
            subject="Parking",
            message="Please park\nbehind the hall.",
        )

        letter = session.scalars(select(EmailLog)).one()
        assert status == 303
        assert letter.recipient_email == booking.user.email
        assert "behind the hall" in letter.body_text

    def test_cancel_takes_the_bookings_with_it(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        schedule_id = booking.course_schedule_id

        status = act(
            office, "course_schedules", "cancel_schedule", schedule_id, reason="Trainer ill"
        )

        session.expire_all()
        assert status == 303
        assert booking.course_schedule.status is ScheduleStatus.CANCELLED
        assert booking.status is BookingStatus.CANCELLED


class TestInquiries:
    def test_answer_convert_and_close(self, office: Office, session: Session) -> None:
        start = clock.now() + timedelta(days=60)
        schedule = factories.ScheduleFactory(start_datetime=start)
        inquiry = factories.InquiryFactory(course_session=schedule)
        general = factories.InquiryFactory()
        session.commit()

        assert act(office, "booking_inquiries", "respond", inquiry.id, response="Yes.") == 303
        assert convert(office, general.id) == 422
        assert convert(office, inquiry.id) == 303
        assert act(office, "booking_inquiries", "close", general.id) == 303

        session.expire_all()
        assert inquiry.status is InquiryStatus.CONVERTED
        assert inquiry.booking is not None
        assert general.status is InquiryStatus.CLOSED


class TestPeople:
    def test_deactivate_ends_sessions_but_not_ones_own(
        self, office: Office, classroom: Office, session: Session
    ) -> None:
        own = act(office, "users", "deactivate", office.user_id)
        other = act(office, "users", "deactivate", classroom.user_id)

        assert (own, other) == (422, 303)
        assert classroom.get("/admin/").status_code == 302
        assert act(office, "users", "activate", classroom.user_id) == 303
        assert session.get_one(User, classroom.user_id).is_active

    def test_send_a_password_reset(
        self, office: Office, instructor: User, session: Session
    ) -> None:
        session.commit()

        assert act(office, "users", "send_password_reset", instructor.id) == 303
        assert act(office, "users", "unlock", instructor.id) == 303
        assert session.scalars(select(PasswordReset)).one().user_id == instructor.id

    def test_end_a_session(self, office: Office, classroom: Office, session: Session) -> None:
        row_id = session.scalars(
            select(AdminSession.id).where(AdminSession.user_id == classroom.user_id)
        ).one()

        assert act(office, "admin_sessions", "end_session", row_id) == 303
        assert classroom.get("/admin/").status_code == 302


class TestOthers:
    def test_resend_a_letter_read_a_notification_and_run_a_report_again(
        self, office: Office, rows: dict[str, int]
    ) -> None:
        assert act(office, "email_logs", "resend", rows["email_logs"]) == 303
        assert act(office, "notifications", "mark_read", rows["notifications"]) == 303
        assert act(office, "notifications", "mark_read", rows["notifications"]) == 422
        assert act(office, "reports", "run_again", rows["reports"]) == 303
        assert act(office, "reports", "download", rows["reports"]) in (409, 422)
