"""The screens of what was done and earned: attendance and certificates."""

from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask_admin.form import BaseForm
from sqlalchemy import select
from wtforms import BooleanField, DateField, IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional

from rft_admin.admin.actions import Action, Consequences, Done, Order, letter_to
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.bookings import reference_to
from rft_admin.admin.fields import LondonDateTimeField, LongTextField, StatusField, YesNoField
from rft_admin.admin.fields_of_actions import ReasonForm
from rft_admin.admin.registry import details_address, screen
from rft_admin.catalogue import schedules
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.delivery import certificates, register
from rft_admin.delivery.models import (
    AttendanceRecord,
    AttendanceStatus,
    Certificate,
    CertificateStatus,
)

#: Certificates that expire so soon stand under "Expiring".
EXPIRING_AHEAD = timedelta(days=90)
NEEDED = InputRequired("Please fill this in.")


class MarkForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """What is written down for one person on one day."""

    course_session_id = reference_to("course_schedules", "Date", validators=[NEEDED])
    attendee_id = reference_to("booking_attendees", "Attendee", validators=[NEEDED])
    session_date = DateField("Day", validators=[NEEDED])
    status = StatusField("Attendance", AttendanceStatus)
    check_in_time = LondonDateTimeField("Check-in", validators=[Optional()])
    check_out_time = LondonDateTimeField("Check-out", validators=[Optional()])
    minutes_attended = IntegerField(
        "Minutes attended",
        description="Empty: reckoned from the times. Make-up time counts.",
        validators=[Optional(), NumberRange(0, 1440)],
    )
    identity_checked = BooleanField("Identity checked")
    passed_assessment = YesNoField("Assessment passed")
    participation_score = IntegerField(
        "Participation (0-100)", validators=[Optional(), NumberRange(0, 100)]
    )
    trainer_feedback = LongTextField("Feedback", validators=[Optional()])


def mark_of(form: BaseForm, attendee_id: int) -> register.Mark:
    """Return the mark that the form says."""
    return register.Mark(
        attendee_id=attendee_id,
        status=form.status.data,
        check_in_time=form.check_in_time.data,
        check_out_time=form.check_out_time.data,
        minutes_attended=form.minutes_attended.data,
        identity_checked=form.identity_checked.data,
        passed_assessment=form.passed_assessment.data,
        participation_score=form.participation_score.data,
        trainer_feedback=form.trainer_feedback.data or "",
    )


@screen(AttendanceRecord)
class AttendanceRecordView(TableView):
    """The register's rows; saving marks the register."""

    group, icon, title, singular = "Learners", "check", "Attendance", "attendance record"
    is_sought = False
    can_delete = False
    question = "Who was in the room on which day, and who has earned a certificate?"
    column_list = (
        "attendee_id",
        "course_session_id",
        "session_date",
        "status",
        "minutes_attended",
        "passed_assessment",
        "identity_checked",
        "certificate_eligible",
    )
    column_searchable_list = (
        "attendee.full_name",
        "booking.booking_reference",
        "course_session.course.name",
    )
    column_filters = (
        "course_session_id",
        "status",
        "certificate_eligible",
        "booking_id",
        "session_date",
    )
    default_order = (("session_date", True),)
    scopes = {
        "today": ListScope(
            "Today",
            lambda: AttendanceRecord.session_date == clock.london_date(clock.now()),
        ),
        "eligible": ListScope("Eligible", lambda: AttendanceRecord.certificate_eligible.is_(True)),
        "absent": ListScope("Absent", lambda: AttendanceRecord.status == AttendanceStatus.ABSENT),
    }
    new_form = MarkForm
    reference_fields = {
        "course_session_id": AttendanceRecord.__table__.c.course_session_id,
        "attendee_id": AttendanceRecord.__table__.c.attendee_id,
    }
    form_columns = (
        "status",
        "check_in_time",
        "check_out_time",
        "minutes_attended",
        "identity_checked",
        "passed_assessment",
        "participation_score",
        "trainer_feedback",
    )
    not_in_form = {
        "booking_id": "the attendee's",
        "course_session_id": "as marked",
        "attendee_id": "as marked",
        "session_date": "as marked",
        "user_id": "the attendee's, else the booker's",
        "marked_by_id": "whoever saves",
        "certificate_eligible": "judged by the rules",
        "assessed_on": "the day on which the assessment was written down",
    }
    empty_words = "Open a date's register to mark the class."

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Lead to the register of that day."""
        address = url_for(
            "admin.register", schedule_id=row.course_session_id, day=row.session_date.isoformat()
        )
        return [("Register", address)]

    def lock_for_change(self, row: Any) -> None:
        """Lock the date, as everybody who marks its register does."""
        schedules.lock_schedules([row.course_session_id])

    def save_new(self, form: BaseForm) -> Any:
        """Mark the register."""
        self._mark(form, form.course_session_id.data, form.attendee_id.data, form.session_date.data)
        return db.session.scalars(
            select(AttendanceRecord).where(
                AttendanceRecord.attendee_id == form.attendee_id.data,
                AttendanceRecord.course_session_id == form.course_session_id.data,
                AttendanceRecord.session_date == form.session_date.data,
            )
        ).one()

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Mark the register anew."""
        self._mark(form, row.course_session_id, row.attendee_id, row.session_date)

    def _mark(self, form: BaseForm, schedule_id: int, attendee_id: int, day: date) -> None:
        register.mark(
            schedule_id=schedule_id,
            session_date=day,
            mark=mark_of(form, attendee_id),
            now=clock.now(),
            by=self.actor(),
        )


def _revoke(certificate: Any, order: Order) -> Done:
    certificates.revoke(
        certificate_id=certificate.id, reason=order.values["reason"], now=order.now, by=order.by
    )
    return Done(f"{certificate} revoked; its public page says so.", details_address(certificate))


def _resend(certificate: Any, order: Order) -> Done:
    certificates.resend(certificate_id=certificate.id, now=order.now, by=order.by)
    return Done(f"{certificate} queued again.", details_address(certificate))


def _reissue(certificate: Any, order: Order) -> Done:
    corrected = certificates.reissue(
        certificate_id=certificate.id, reason=order.values["reason"], now=order.now, by=order.by
    )
    return Done(f"{corrected} takes the place of {certificate}.", details_address(corrected))


def _not_live(certificate: Any) -> str | None:
    return None if certificate.is_live else "It was revoked or replaced."


def _letter(rows: list[Any]) -> Consequences:
    return Consequences(
        letters=[letter_to("certificate_issued", str(row.holder_name)) for row in rows]
    )


class NewCertificateForm(BaseForm):  # type: ignore[misc] # as above
    """Whose certificate is issued for which date."""

    course_schedule_id = reference_to("course_schedules", "Date", validators=[NEEDED])
    attendee_id = reference_to("booking_attendees", "Attendee", validators=[NEEDED])


@screen(Certificate)
class CertificateView(TableView):
    """Certificates as printed."""

    group, icon, singular = "Learners", "award", "certificate"
    can_delete = False
    question = "Who holds which certificate, and until when is it valid?"
    new_words = "Issue certificate"
    column_list = (
        "certificate_number",
        "holder_name",
        "course_name",
        "status",
        "issue_date",
        "expiry_date",
        "booking_id",
    )
    column_searchable_list = (
        "certificate_number",
        "holder_name",
        "external_number",
        "booking.booking_reference",
    )
    column_filters = (
        "status",
        "course_id",
        "course_schedule_id",
        "booking_id",
        "issue_date",
        "expiry_date",
    )
    default_order = (("issue_date", True),)
    main_date = "issue_date"
    scopes = {
        "active": ListScope("Valid", lambda: Certificate.status == CertificateStatus.ACTIVE),
        "expiring": ListScope(
            "Expiring",
            lambda: (
                (Certificate.status == CertificateStatus.ACTIVE)
                & (Certificate.expiry_date <= clock.london_date(clock.now() + EXPIRING_AHEAD))
            ),
        ),
        "revoked": ListScope("Revoked", lambda: Certificate.status == CertificateStatus.REVOKED),
    }
    new_form = NewCertificateForm
    form_columns = ("external_number",)
    not_in_form = dict.fromkeys(
        (
            "booking_id",
            "user_id",
            "course_id",
            "course_schedule_id",
            "attendee_id",
            "certificate_number",
            "issue_date",
            "expiry_date",
            "pdf_url",
            "status",
            "holder_name",
            "contact_hours",
            "course_name",
            "venue_name",
            "trainer_name",
            "revoked_at",
            "revocation_reason",
            "superseded_by_id",
            "stored_file_id",
            "pdf_sha256",
            "reminded_days_before",
        ),
        "stands as printed; a correction is reissued",
    )
    actions = (
        Action(
            name="resend_certificate",
            is_primary=True,
            label="Send again",
            question="The certificate is queued again as a letter with its PDF.",
            run=_resend,
            hindrance=_not_live,
            consequences=_letter,
        ),
        Action(
            name="reissue",
            is_primary=True,
            label="Reissue",
            question="A corrected one is made from the present records; this one is revoked.",
            run=_reissue,
            form=ReasonForm,
            hindrance=_not_live,
            consequences=_letter,
        ),
        Action(
            name="revoke",
            label="Revoke",
            question="The certificate is worth nothing from now on; its public page says so.",
            run=_revoke,
            form=ReasonForm,
            hindrance=_not_live,
            is_dangerous=True,
        ),
    )

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Lead to the public page and the stored PDF."""
        found = [("Public page", f"/verify/{row.certificate_number}")]
        if row.stored_file_id:
            found.append(("PDF", url_for("admin.file", table="certificates", row_id=row.id)))
        return found

    def save_new(self, form: BaseForm) -> Any:
        """Issue the certificate."""
        return certificates.issue(
            attendee_id=form.attendee_id.data,
            schedule_id=form.course_schedule_id.data,
            now=clock.now(),
            by=self.actor(),
        )
