"""Tests of certificates: refused, issued once, superseded, revoked, expired."""

import hashlib
import io
import threading
from datetime import date, timedelta

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.bookings.models import BookingAttendee, BookingStatus, PaymentStatus
from rft_admin.catalogue.models import CertificateIssuer, ScheduleStatus
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact, unit_of_work
from rft_admin.core.errors import DomainError, NotFound
from rft_admin.core.references import has_valid_check_character
from rft_admin.core.settings import Setting, ValueType
from rft_admin.delivery import certificates, register, verification
from rft_admin.delivery.models import AttendanceStatus, Certificate, CertificateStatus
from rft_admin.delivery.verification import Standing
from rft_admin.messaging.models import EmailLog
from tests.factories import (
    START,
    AdminFactory,
    AttendanceFactory,
    BookingFactory,
    CertificateFactory,
    ScheduleFactory,
)

NOW = START + timedelta(hours=8)


@pytest.fixture
def by(session: Session) -> Actor:
    """The person who issues."""
    return Actor(user_id=AdminFactory().id, label="Alex")


def earned(**values: object) -> BookingAttendee:
    """An attendee who has earned the certificate."""
    return AttendanceFactory(**values).attendee


def issue(attendee: BookingAttendee, by: Actor) -> Certificate:
    """Issue as the office does."""
    with unit_of_work(by=by):
        return issue_in_open_unit(attendee, by)


def issue_in_open_unit(attendee: BookingAttendee, by: Actor) -> Certificate:
    """Issue inside a unit of work that somebody else opened."""
    return certificates.issue(
        attendee_id=attendee.id, schedule_id=attendee.booking.course_schedule_id, now=NOW, by=by
    )


def set_setting(key: str, value: str) -> None:
    """Let the office have changed a setting."""
    db.session.add(
        Setting(
            key=key,
            value=value,
            value_type=ValueType.BOOLEAN,
            category="certificate",
            display_name=key,
            description="",
            default_value="false",
        )
    )
    db.session.flush()


class TestIssue:
    def test_refuses_whom_it_does_not_know(self, by: Actor) -> None:
        with pytest.raises(NotFound):
            certificates.issue(attendee_id=999_999, schedule_id=1, now=NOW, by=by)

    def test_refuses_who_has_not_earned_it_and_says_why(self, by: Actor) -> None:
        attendee = BookingFactory().attendees[0]

        with pytest.raises(certificates.NotEligible, match="attended 0 h of 6 h"):
            issue(attendee, by)

    def test_refuses_a_second_one(self, by: Actor) -> None:
        attendee = earned()
        issue(attendee, by)

        with pytest.raises(certificates.AlreadyIssued):
            issue(attendee, by)

    def test_refuses_a_person_without_a_name(self, by: Actor) -> None:
        attendee = earned(attendee__first_name=None, attendee__last_name=None)

        with pytest.raises(certificates.NameMissing):
            issue(attendee, by)

    def test_refuses_a_cancelled_booking(self, by: Actor) -> None:
        attendee = earned(attendee__booking__status=BookingStatus.CANCELLED)

        with pytest.raises(certificates.NoPlaceOnCourse):
            issue(attendee, by)

    def test_refuses_a_cancelled_place(self, by: Actor) -> None:
        attendee = earned(attendee__cancelled_at=START)

        with pytest.raises(certificates.NoPlaceOnCourse):
            issue(attendee, by)

    def test_refuses_a_cancelled_course(self, by: Actor) -> None:
        attendee = earned(attendee__booking__course_schedule__status=ScheduleStatus.CANCELLED)

        with pytest.raises(certificates.CourseWasCancelled):
            issue(attendee, by)

    def test_refuses_another_date_than_the_booked_one(self, by: Actor) -> None:
        attendee, other = earned(), ScheduleFactory()

        with pytest.raises(certificates.NoPlaceOnCourse):
            certificates.issue(attendee_id=attendee.id, schedule_id=other.id, now=NOW, by=by)

    def test_waits_for_payment_where_the_setting_says_so(self, by: Actor) -> None:
        attendee = earned()
        set_setting("certificate.require_payment", "true")
        db.session.commit()

        with pytest.raises(certificates.NotPaidYet):
            issue(attendee, by)

        attendee.booking.payment_status = PaymentStatus.PAID
        assert issue(attendee, by).is_live

    def test_prints_what_was_earned(self, by: Actor) -> None:
        attendee = earned()

        certificate = issue(attendee, by)

        assert certificate.holder_name == attendee.full_name
        assert certificate.issue_date == START.date()
        assert certificate.expiry_date == date(2030, 2, 1)
        assert certificate.contact_hours == 6
        assert certificate.certificate_number.startswith("RFT-2027-")
        assert has_valid_check_character(certificate.certificate_number)
        assert attendee.booking.certificate_issued

    def test_stores_the_pdf_it_issued(self, by: Actor) -> None:
        certificate = issue(earned(), by)

        content = certificate.stored_file.content
        assert content.startswith(b"%PDF-")
        assert hashlib.sha256(content).hexdigest() == certificate.pdf_sha256

    def test_queues_the_letter_to_the_attendee_with_the_pdf(self, by: Actor) -> None:
        certificate = issue(earned(attendee__email="sam@example.com"), by)

        letter = db.session.scalars(select(EmailLog)).one()
        assert (letter.recipient_email, letter.template_name) == (
            "sam@example.com",
            "certificate_issued",
        )
        assert letter.attachments == [{"kind": "stored_file", "id": certificate.stored_file_id}]
        assert certificate.certificate_number in letter.body_text

    def test_writes_to_the_booker_when_the_attendee_has_no_address(self, by: Actor) -> None:
        attendee = earned()

        issue(attendee, by)

        letter = db.session.scalars(select(EmailLog)).one()
        assert letter.recipient_email == attendee.booking.user.email

    def test_leaves_a_trail(self, by: Actor) -> None:
        certificate = issue(earned(), by)

        entry = db.session.scalars(
            select(AdminActivityLog).where(
                AdminActivityLog.entity_type == "certificates",
                AdminActivityLog.entity_id == certificate.id,
                AdminActivityLog.action == "created",
            )
        ).one()
        assert entry.user_id == by.user_id

    def test_leaves_nothing_behind_when_it_is_rolled_back(
        self, by: Actor, session: Session
    ) -> None:
        attendee = earned()
        session.commit()

        def issue_and_crash() -> None:
            issue_in_open_unit(attendee, by)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            transact(issue_and_crash, by=by)

        assert session.scalar(select(func.count()).select_from(Certificate)) == 0
        assert session.scalar(select(func.count()).select_from(EmailLog)) == 0

    def test_turns_a_leap_day_into_28_february(self, by: Actor) -> None:
        day = START.replace(year=2028, month=2, day=29)
        attendee = earned(attendee__booking__course_schedule__start_datetime=day)

        assert issue(attendee, by).expiry_date == date(2031, 2, 28)

    def test_issues_one_of_two_at_once(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            attendee = earned()
            attendee_id, schedule_id = attendee.id, attendee.booking.course_schedule_id
            db.session.commit()
        answers: list[object] = []
        together = threading.Barrier(4)

        def try_it() -> None:
            with committed_app.app_context():
                together.wait()
                try:
                    transact(
                        lambda: certificates.issue(
                            attendee_id=attendee_id,
                            schedule_id=schedule_id,
                            now=NOW,
                            by=Actor(label="test"),
                        )
                    )
                    answers.append("issued")
                except DomainError as refusal:
                    answers.append(type(refusal))

        threads = [threading.Thread(target=try_it) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers.count("issued") == 1
        assert answers.count(certificates.AlreadyIssued) == 3


class TestIssueForBooking:
    def test_refuses_when_everybody_has_one(self, by: Actor) -> None:
        attendee = earned()
        issue(attendee, by)

        with pytest.raises(certificates.AlreadyIssued):
            certificates.issue_for_booking(booking_id=attendee.booking_id, now=NOW, by=by)

    def test_refuses_a_cancelled_booking(self, by: Actor) -> None:
        booking = BookingFactory(status=BookingStatus.CANCELLED)

        with pytest.raises(certificates.NoPlaceOnCourse):
            certificates.issue_for_booking(booking_id=booking.id, now=NOW, by=by)

    def test_issues_for_the_whole_party(self, by: Actor) -> None:
        booking = BookingFactory(number_of_places=2)
        for attendee in booking.attendees:
            AttendanceFactory(attendee=attendee)

        issued = certificates.issue_for_booking(booking_id=booking.id, now=NOW, by=by)

        assert len(issued) == 2
        assert booking.certificate_issued

    def test_issues_for_the_rest_of_a_party(self, by: Actor) -> None:
        booking = BookingFactory(number_of_places=2)
        for attendee in booking.attendees:
            AttendanceFactory(attendee=attendee)
        issue(booking.attendees[0], by)
        assert not booking.certificate_issued

        issued = certificates.issue_for_booking(booking_id=booking.id, now=NOW, by=by)

        assert [certificate.attendee_id for certificate in issued] == [booking.attendees[1].id]


class TestListWaiting:
    def test_leaves_out_who_has_one_or_has_not_earned_it(self, by: Actor) -> None:
        booking = BookingFactory(number_of_places=3)
        has_one, waits, absent = booking.attendees
        for attendee in (has_one, waits):
            AttendanceFactory(attendee=attendee)
        AttendanceFactory(attendee=absent, status=AttendanceStatus.ABSENT, minutes_attended=0)
        issue(has_one, by)

        waiting = certificates.list_waiting(schedule_id=booking.course_schedule_id)

        assert [attendee.id for attendee in waiting] == [waits.id]


class TestRevoke:
    def test_refuses_without_a_reason(self, by: Actor) -> None:
        with pytest.raises(certificates.ReasonMissing):
            certificates.revoke(certificate_id=CertificateFactory().id, reason="  ", now=NOW, by=by)

    def test_refuses_a_revoked_one(self, by: Actor) -> None:
        certificate = CertificateFactory()
        certificates.revoke(certificate_id=certificate.id, reason="Mistaken", now=NOW, by=by)

        with pytest.raises(certificates.NotLive):
            certificates.revoke(certificate_id=certificate.id, reason="Again", now=NOW, by=by)

    def test_shows_on_the_public_page(self, by: Actor) -> None:
        certificate = CertificateFactory()

        certificates.revoke(certificate_id=certificate.id, reason="Mistaken", now=NOW, by=by)

        found = verification.look_up(certificate.certificate_number, now=NOW)
        assert found is not None
        assert found.standing is Standing.REVOKED

    def test_lets_a_new_one_be_issued(self, by: Actor) -> None:
        attendee = earned()
        first = issue(attendee, by)
        certificates.revoke(certificate_id=first.id, reason="Mistaken", now=NOW, by=by)

        assert issue(attendee, by).id != first.id


class TestReissue:
    def test_refuses_without_a_reason(self, by: Actor) -> None:
        with pytest.raises(certificates.ReasonMissing):
            certificates.reissue(certificate_id=CertificateFactory().id, reason="", now=NOW, by=by)

    def test_supersedes_the_old_one_with_the_corrected_name(self, by: Actor) -> None:
        attendee = earned()
        old = issue(attendee, by)
        attendee.last_name = "Corrected"

        new = certificates.reissue(certificate_id=old.id, reason="Misspelt", now=NOW, by=by)

        assert new.holder_name == "Sam Corrected"
        assert (old.superseded_by_id, old.status) == (new.id, CertificateStatus.REVOKED)
        found = verification.look_up(old.certificate_number, now=NOW)
        assert found is not None
        assert found.standing is Standing.SUPERSEDED

    def test_keeps_the_old_one_when_nothing_is_earned_any_more(
        self, by: Actor, session: Session
    ) -> None:
        attendee = earned()
        old = issue(attendee, by)
        record = register._records_by_attendee(old.course_schedule_id)[attendee.id][0]
        record.minutes_attended = 0
        session.commit()

        with pytest.raises(certificates.NotEligible), unit_of_work(by=by):
            certificates.reissue(certificate_id=old.id, reason="Misspelt", now=NOW, by=by)

        session.refresh(old)
        assert old.is_live


class TestResend:
    def test_refuses_a_revoked_one(self, by: Actor) -> None:
        certificate = CertificateFactory()
        certificates.revoke(certificate_id=certificate.id, reason="Mistaken", now=NOW, by=by)

        with pytest.raises(certificates.NotLive):
            certificates.resend(certificate_id=certificate.id, now=NOW, by=by)

    def test_queues_the_letter_again(self, by: Actor) -> None:
        certificate = issue(earned(), by)

        certificates.resend(certificate_id=certificate.id, now=NOW, by=by)

        assert db.session.scalar(select(func.count()).select_from(EmailLog)) == 2


class TestExpire:
    def test_leaves_the_last_day_valid(self, session: Session) -> None:
        certificate = CertificateFactory()
        last_day = START.replace(year=2030, month=2, day=1, hour=23)

        assert certificates.expire(now=last_day) == 0
        assert certificates.expire(now=last_day + timedelta(hours=1)) == 1
        assert certificate.status is CertificateStatus.EXPIRED

    def test_leaves_a_revoked_one_revoked(self, by: Actor) -> None:
        certificate = CertificateFactory()
        certificates.revoke(certificate_id=certificate.id, reason="Mistaken", now=NOW, by=by)

        assert certificates.expire(now=NOW + timedelta(days=4000)) == 0


class TestVerification:
    @pytest.mark.parametrize("number", ["", "RFT-2027-NOSUCH1", "x" * 500, "a\x00b", "%"])
    def test_finds_nothing_for_an_unknown_number(self, session: Session, number: str) -> None:
        CertificateFactory()

        assert verification.look_up(number, now=NOW) is None

    def test_mends_spaces_and_small_letters(self, session: Session) -> None:
        certificate = CertificateFactory()
        typed = f" {certificate.certificate_number.lower().replace('-test', ' -test')} "

        assert verification.look_up(typed, now=NOW) is not None

    def test_says_expired_on_the_day_after_even_before_the_job_ran(self, session: Session) -> None:
        certificate = CertificateFactory()

        found = verification.look_up(
            certificate.certificate_number, now=START.replace(year=2030, month=2, day=2)
        )

        assert found is not None
        assert found.standing is Standing.EXPIRED

    def test_tells_a_mistyped_number(self) -> None:
        assert verification.looks_mistyped("RFT-2027-AAAAAAA")


class TestPdf:
    def test_names_an_awarding_body_and_is_no_certificate_of_ours(self, by: Actor) -> None:
        attendee = earned()
        course = attendee.booking.course_schedule.course
        db.session.execute(
            update(type(course)).values(
                certificate_issuer=CertificateIssuer.AWARDING_BODY, awarding_body_name="Some Body"
            )
        )
        db.session.expire_all()

        text = pdf_text(issue(attendee, by))

        assert "Record of attendance and result" in text
        assert "issued by Some Body" in text
        assert "1981" not in text

    def test_says_what_a_first_aid_at_work_certificate_must(self, by: Actor) -> None:
        certificate = issue(earned(), by)

        text = pdf_text(certificate)

        for words in (
            "React Fast Training",
            certificate.holder_name,
            "Emergency First Aid at Work",
            "Health and Safety (First-Aid) Regulations 1981",
            "currently accepted first-aid practice",
            "valid for 3 years from completion",
            certificate.certificate_number,
            "1 February 2030",
        ):
            assert words in text
        assert "HSE" not in text

    def test_prints_markup_in_a_name_as_it_is(self, by: Actor) -> None:
        attendee = earned(attendee__first_name="#panic()", attendee__last_name="*Bold* $x$")

        assert "#panic() *Bold* $x$" in pdf_text(issue(attendee, by))


def pdf_text(certificate: Certificate) -> str:
    """Return the words of a certificate's PDF, its line breaks as spaces."""
    pages = PdfReader(io.BytesIO(certificate.stored_file.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())
