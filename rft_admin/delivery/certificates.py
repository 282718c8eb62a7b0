"""Certificates: issued once for what was earned, corrected by a newer one, revoked for a reason."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import joinedload

from rft_admin.bookings.models import Booking, BookingAttendee
from rft_admin.catalogue.models import CourseSchedule, ScheduleStatus
from rft_admin.core.actor import Actor
from rft_admin.core.clock import add_years, london_date
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError, NotFound, refuse_on
from rft_admin.core.files import store_file
from rft_admin.core.queue import defer
from rft_admin.core.references import check_character, random_reference
from rft_admin.delivery import letters, register, settings
from rft_admin.delivery.eligibility import Eligibility, issue_date_of, judge
from rft_admin.delivery.models import AttendanceRecord, Certificate, CertificateStatus
from rft_admin.delivery.pdf import certificate_pdf

PDF_MEDIA_TYPE = "application/pdf"
RANDOM_CHARACTERS = 6
#: Whoever has waited longer than this is looked for by hand.
WAITING_LOOKED_AT = timedelta(days=366)


class NotEligible(DomainError):
    """No certificate has been earned yet."""

    def __init__(self, name: str, eligibility: Eligibility) -> None:
        super().__init__(
            f"{name} has not earned a certificate yet: {', '.join(eligibility.reasons)}."
        )


class AlreadyIssued(DomainError):
    """A certificate was issued already. Use Reissue to correct one."""

    status = 409


class NameMissing(DomainError):
    """A certificate needs the person's name. Please fill in the first and last name."""


class NoPlaceOnCourse(DomainError):
    """This place or its booking was cancelled: there is nothing to certify."""


class CourseWasCancelled(DomainError):
    """This course was cancelled: there is nothing to certify."""


class NotPaidYet(DomainError):
    """Certificates wait for payment, and this booking is not paid yet."""


class NotLive(DomainError):
    """This certificate was revoked or superseded already."""


class ReasonMissing(DomainError):
    """Please say why."""

    field = "reason"


refuse_on("uq_certificates_live", AlreadyIssued)


def issue(*, attendee_id: int, schedule_id: int, now: datetime, by: Actor) -> Certificate:
    """Issue a person's certificate: number, stored PDF, letter.

    :raises CourseWasCancelled: if the date was cancelled.
    :raises NoPlaceOnCourse: if the place or the booking was cancelled.
    :raises NameMissing: while the attendee has no name.
    :raises AlreadyIssued: if there is one that is neither revoked nor superseded.
    :raises NotEligible: naming what is missing.
    :raises NotPaidYet: if certificates wait for payment.
    """
    attendee = _lock_attendee(attendee_id)
    schedule = _get_schedule(schedule_id)
    records = _records(attendee_id, schedule_id)
    _refuse_unearned(attendee, schedule, records)
    return _issue(attendee, schedule, records, now=now, by=by)


def issue_for_booking(*, booking_id: int, now: datetime, by: Actor) -> list[Certificate]:
    """Issue the certificates of a booking's party that have none yet.

    :raises AlreadyIssued: if everybody of the party has one.
    :raises DomainError: as :func:`issue` refuses the first person.
    """
    booking = db.session.get(Booking, booking_id)
    if booking is None:
        raise NotFound("There is no such booking.")
    if booking.is_cancelled:
        raise NoPlaceOnCourse
    waiting = [a for a in booking.attendees if not a.is_cancelled and not has_live(a.id, booking)]
    if not waiting:
        raise AlreadyIssued
    return [
        issue(attendee_id=attendee.id, schedule_id=booking.course_schedule_id, now=now, by=by)
        for attendee in waiting
    ]


def is_waiting(*, attendee_id: int, schedule_id: int) -> bool:
    """Return whether a person has earned a certificate that can be issued now."""
    attendee = _lock_attendee(attendee_id)
    schedule = _get_schedule(schedule_id)
    try:
        _refuse_unearned(attendee, schedule, _records(attendee_id, schedule_id))
    except DomainError:
        return False
    return True


def list_waiting(*, schedule_id: int) -> list[BookingAttendee]:
    """Return the people of a class who have earned a certificate and have none."""
    return [
        attendee
        for attendee in register.list_class(schedule_id)
        if is_waiting(attendee_id=attendee.id, schedule_id=schedule_id)
    ]


def has_waiting(now: datetime) -> ColumnElement[bool]:
    """Return the condition of dates of the last year with somebody who has earned a certificate.

    Who had one that was revoked does not wait: that was somebody's decision.
    """
    issued = exists().where(
        Certificate.attendee_id == AttendanceRecord.attendee_id,
        Certificate.course_schedule_id == AttendanceRecord.course_session_id,
    )
    waiting = select(AttendanceRecord.course_session_id).where(
        AttendanceRecord.certificate_eligible,
        AttendanceRecord.session_date > london_date(now - WAITING_LOOKED_AT),
        ~issued,
    )
    is_over = CourseSchedule.status == ScheduleStatus.COMPLETED
    return is_over & CourseSchedule.id.in_(waiting)


def queue_for_schedule(*, schedule_id: int) -> int:
    """Queue one job for each certificate of the class that can be issued; return how many."""
    waiting = list_waiting(schedule_id=schedule_id)
    for attendee in waiting:
        defer("issue_certificate", attendee_id=attendee.id, course_schedule_id=schedule_id)
    return len(waiting)


def revoke(*, certificate_id: int, reason: str, now: datetime, by: Actor) -> Certificate:
    """Revoke a certificate; its public page says so from now on.

    :raises ReasonMissing: without a reason.
    :raises NotLive: if it was revoked or superseded already.
    """
    if not reason.strip():
        raise ReasonMissing
    certificate = _lock_live(certificate_id)
    _revoke(certificate, reason, now=now, by=by)
    return certificate


def reissue(*, certificate_id: int, reason: str, now: datetime, by: Actor) -> Certificate:
    """Issue a corrected certificate from the present records; the old one is revoked and linked.

    :raises ReasonMissing: without a reason.
    :raises NotLive: if it was revoked or superseded already.
    :raises DomainError: as :func:`issue` refuses.
    """
    if not reason.strip():
        raise ReasonMissing
    known = _get(certificate_id)
    attendee_id, schedule_id = known.attendee_id, known.course_schedule_id
    attendee = _lock_attendee(attendee_id)
    old = _lock_live(certificate_id)
    schedule = _get_schedule(schedule_id)
    records = _records(attendee_id, schedule_id)
    _revoke(old, reason, now=now, by=by)
    _refuse_unearned(attendee, schedule, records)
    corrected = _issue(attendee, schedule, records, now=now, by=by)
    old.superseded_by_id = corrected.id
    db.session.flush()
    return corrected


def resend(*, certificate_id: int, now: datetime, by: Actor) -> None:
    """Queue the certificate's letter again.

    :raises NotLive: if it was revoked or superseded.
    """
    certificate = _get(certificate_id)
    if not certificate.is_live:
        raise NotLive
    letters.certificate_issued(certificate, now=now)


def expire(*, now: datetime) -> int:
    """Let certificates whose last day has passed say so; return how many."""
    today = london_date(now)
    overdue = db.session.scalars(
        select(Certificate)
        .where(Certificate.status == CertificateStatus.ACTIVE, Certificate.expiry_date < today)
        .order_by(Certificate.id)
        .limit(500)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    for certificate in overdue:
        certificate.status = CertificateStatus.EXPIRED
    db.session.flush()
    return len(overdue)


def eligibility_of(*, attendee_id: int, schedule_id: int) -> Eligibility:
    """Return whether a person has earned the certificate of a schedule, and what is missing."""
    return judge(_records(attendee_id, schedule_id), _get_schedule(schedule_id).course)


def has_live(attendee_id: int, booking: Booking) -> bool:
    """Return whether the person holds a certificate of the booking's date."""
    return _find_live(attendee_id, booking.course_schedule_id) is not None


def _refuse_unearned(
    attendee: BookingAttendee, schedule: CourseSchedule, records: Sequence[AttendanceRecord]
) -> None:
    booking = attendee.booking
    if schedule.status is ScheduleStatus.CANCELLED:
        raise CourseWasCancelled
    if attendee.is_cancelled or booking.status not in register.LISTED:
        raise NoPlaceOnCourse
    if booking.course_schedule_id != schedule.id:
        raise NoPlaceOnCourse
    if not (attendee.first_name and attendee.last_name):
        raise NameMissing
    if _find_live(attendee.id, schedule.id) is not None:
        raise AlreadyIssued
    eligibility = judge(records, schedule.course)
    if not eligibility.is_eligible:
        raise NotEligible(attendee.full_name, eligibility)
    if settings.require_payment() and booking.payment_amount > 0 and not booking.is_paid:
        raise NotPaidYet


def _issue(
    attendee: BookingAttendee,
    schedule: CourseSchedule,
    records: Sequence[AttendanceRecord],
    *,
    now: datetime,
    by: Actor,
) -> Certificate:
    certificate = _write(attendee, schedule, records)
    pdf = certificate_pdf(certificate)
    stored = store_file(
        file_name=f"{certificate.certificate_number}.pdf", media_type=PDF_MEDIA_TYPE, content=pdf
    )
    certificate.stored_file_id = stored.id
    certificate.pdf_sha256 = stored.sha256
    certificate.pdf_url = f"/certificates/{certificate.certificate_number}.pdf"
    db.session.flush()
    booking = attendee.booking
    booking.certificate_issued = all(
        has_live(other.id, booking) for other in booking.attendees if not other.is_cancelled
    )
    letters.certificate_issued(certificate, now=now)
    db.session.flush()
    return certificate


def _write(
    attendee: BookingAttendee, schedule: CourseSchedule, records: Sequence[AttendanceRecord]
) -> Certificate:
    course = schedule.course
    issue_date = issue_date_of(records)
    certificate = Certificate(
        booking_id=attendee.booking_id,
        user_id=attendee.user_id or attendee.booking.user_id,
        course_id=course.id,
        course_schedule_id=schedule.id,
        attendee_id=attendee.id,
        certificate_number=new_number(issue_date.year),
        issue_date=issue_date,
        expiry_date=add_years(issue_date, course.certification_validity_years),
        holder_name=attendee.full_name,
        contact_hours=course.duration_hours,
        course_name=course.name,
        venue_name=_place(schedule),
        # First names only, as everywhere but on invoices and terms.
        trainer_name=schedule.instructor.first_name if schedule.instructor else "",
    )
    db.session.add(certificate)
    db.session.flush()
    db.session.refresh(certificate)
    return certificate


def new_number(year: int) -> str:
    """Return an unguessable number: RFT, the year, six characters and a check character.

    Six of 23 characters are 148 million numbers a year; one that is taken is drawn again.
    """
    while True:
        drawn = random_reference(f"RFT-{year}", length=RANDOM_CHARACTERS)
        number = drawn + check_character(drawn)
        taken = select(Certificate.id).where(Certificate.certificate_number == number)
        if db.session.scalar(taken) is None:
            return number


def _place(schedule: CourseSchedule) -> str:
    """Return where it was: a client's own site is not printed, its kind is."""
    return schedule.venue.name if schedule.venue else ""


def _revoke(certificate: Certificate, reason: str, *, now: datetime, by: Actor) -> None:
    certificate.status = CertificateStatus.REVOKED
    certificate.revoked_at = now
    certificate.revocation_reason = reason.strip()
    certificate.booking.certificate_issued = False
    certificate.updated_by_id = by.user_id
    db.session.flush()


def _lock_attendee(attendee_id: int) -> BookingAttendee:
    attendee = db.session.scalar(
        select(BookingAttendee)
        .where(BookingAttendee.id == attendee_id)
        .options(joinedload(BookingAttendee.booking, innerjoin=True))
        .with_for_update(key_share=True, of=BookingAttendee)
        .execution_options(populate_existing=True)
    )
    if attendee is None:
        raise NotFound("There is no such attendee.")
    return attendee


def _lock_live(certificate_id: int) -> Certificate:
    certificate = db.session.scalar(
        select(Certificate)
        .where(Certificate.id == certificate_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if certificate is None:
        raise NotFound("There is no such certificate.")
    if not certificate.is_live:
        raise NotLive
    return certificate


def _get(certificate_id: int) -> Certificate:
    certificate = db.session.get(Certificate, certificate_id)
    if certificate is None:
        raise NotFound("There is no such certificate.")
    return certificate


def _get_schedule(schedule_id: int) -> CourseSchedule:
    schedule = db.session.get(CourseSchedule, schedule_id)
    if schedule is None:
        raise NotFound("There is no such course date.")
    return schedule


def _find_live(attendee_id: int, schedule_id: int) -> Certificate | None:
    return db.session.scalar(
        select(Certificate).where(
            Certificate.attendee_id == attendee_id,
            Certificate.course_schedule_id == schedule_id,
            Certificate.status != CertificateStatus.REVOKED,
            Certificate.superseded_by_id.is_(None),
        )
    )


def _records(attendee_id: int, schedule_id: int) -> list[AttendanceRecord]:
    return list(
        db.session.scalars(
            select(AttendanceRecord)
            .where(
                AttendanceRecord.attendee_id == attendee_id,
                AttendanceRecord.course_session_id == schedule_id,
            )
            .order_by(AttendanceRecord.session_date, AttendanceRecord.id)
        )
    )
