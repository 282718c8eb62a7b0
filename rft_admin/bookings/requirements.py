"""Special requirements: health details, so kept with consent, encrypted, logged and purged."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from rft_admin.accounts import audit
from rft_admin.bookings import letters, settings
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    ConsentBy,
    RequirementType,
    Severity,
    SpecialRequirement,
)
from rft_admin.bookings.orders import LONGEST_TEXT, require_text
from rft_admin.bookings.rules import ConsentNeeded
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import crypto
from rft_admin.core.actor import Actor
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority

#: What a kind of requirement weighs until the office says otherwise.
SEVERITIES = {
    RequirementType.MEDICAL: Severity.HIGH,
    RequirementType.ACCESSIBILITY: Severity.MEDIUM,
}


class NothingToHandle(DomainError):
    """The requirement has been handled already."""

    status = 409


class DetailsPurged(DomainError):
    """The details were deleted after the course, as promised."""

    status = 404


def add(
    booking: Booking,
    *,
    requirement_type: str,
    details: str,
    consent_by: ConsentBy,
    attendee: BookingAttendee | None = None,
    severity: Severity | None = None,
    share_with_trainer: bool = False,
    now: datetime,
    by: Actor,
) -> SpecialRequirement:
    """Keep what a person needs, encrypted for its own row; alert the office if it weighs much.

    :param severity: None weighs it by its kind.
    :raises Incomplete: if there are no details.
    """
    plain = require_text(details, "requirement_details", longest=LONGEST_TEXT)
    kind = RequirementType(requirement_type or RequirementType.OTHER)
    weight = severity or SEVERITIES.get(kind, Severity.LOW)
    requirement = SpecialRequirement(
        booking=booking,
        attendee=attendee,
        user_id=attendee.user_id if attendee and attendee.user_id else booking.user_id,
        requirement_type=kind,
        severity=weight,
        requires_action=weight is not Severity.LOW,
        share_with_trainer=share_with_trainer,
        consent_given_at=now,
        consent_by=consent_by,
        purge_after=purge_day(booking.course_schedule),
    )
    db.session.add(requirement)
    db.session.flush()
    set_details(requirement, plain)
    _alert(requirement, now=now)
    return requirement


def set_details(requirement: SpecialRequirement, plain: str) -> None:
    """Replace the details, encrypted so that they open in this row only."""
    requirement.details = crypto.encrypt(plain, context=_context(requirement))
    db.session.flush()


def give_details(
    attendee: BookingAttendee,
    *,
    requirement_type: str,
    details: str,
    consent: bool,
    consent_by: ConsentBy = ConsentBy.ATTENDEE,
    now: datetime,
    by: Actor,
) -> SpecialRequirement:
    """Keep what an attendee tells about himself, by his own link or by telephone.

    :raises ConsentNeeded: if he does not agree that it is kept.
    """
    if not consent:
        raise ConsentNeeded
    requirement = add(
        attendee.booking,
        requirement_type=requirement_type,
        details=details,
        consent_by=consent_by,
        attendee=attendee,
        now=now,
        by=by,
    )
    attendee.may_have_needs = False
    db.session.flush()
    return requirement


def ask_attendees(booking: Booking, *, now: datetime) -> None:
    """Send everybody who may have needs a link of his own; the office asks the others."""
    waiting = [
        person for person in booking.attendees if person.may_have_needs and not person.is_cancelled
    ]
    for person in waiting:
        if person.email:
            letters.attendee_details(person, now=now)
    if any(not person.email for person in waiting):
        notifications.notify_office(
            type=NotificationType.SYSTEM_ANNOUNCEMENT,
            title=f"Please ask about special requirements: {booking.booking_reference}",
            message="Somebody of this party may have needs and has no e-mail address.",
            action_url=f"/admin/bookings/details/?id={booking.id}",
            booking_id=booking.id,
            now=now,
        )


def read(requirement: SpecialRequirement, *, by: Actor) -> str:
    """Return the details in plain text; the look is logged. Who may look, the door decides.

    :raises DetailsPurged: if they were deleted after the course.
    """
    if not requirement.details:
        raise DetailsPurged
    audit.record("viewed", by=by, entity=requirement)
    return crypto.decrypt(requirement.details, context=_context(requirement))


def mark_handled(requirement: SpecialRequirement, *, by: Actor) -> None:
    """Write down that the office has done what was needed.

    :raises NothingToHandle: if it is done already.
    """
    if requirement.action_completed:
        raise NothingToHandle
    with audit.acting("handled"):
        requirement.action_completed = True
        requirement.handled_by_id = by.user_id


def forget(attendee: BookingAttendee) -> None:
    """Delete what was kept of a person who gave up the place."""
    for requirement in db.session.scalars(
        select(SpecialRequirement).where(SpecialRequirement.attendee_id == attendee.id)
    ):
        db.session.delete(requirement)
    attendee.may_have_needs = False
    db.session.flush()


def follow_date(booking: Booking) -> None:
    """Keep a booking's requirements until its new date is over, and not longer."""
    for requirement in db.session.scalars(
        select(SpecialRequirement).where(SpecialRequirement.booking_id == booking.id)
    ):
        requirement.purge_after = purge_day(booking.course_schedule)
    db.session.flush()


def purge(*, now: datetime) -> int:
    """Empty the details whose day has passed and whose course is over; return how many."""
    today = london_date(now)
    due = db.session.scalars(
        select(SpecialRequirement)
        .join(Booking, SpecialRequirement.booking_id == Booking.id)
        .join(CourseSchedule, Booking.course_schedule_id == CourseSchedule.id)
        .where(
            SpecialRequirement.details != "",
            SpecialRequirement.purge_after < today,
            CourseSchedule.end_datetime < now - _retention(),
        )
        .order_by(SpecialRequirement.id)
    ).all()
    with audit.acting("purged"):
        for requirement in due:
            requirement.details = ""
    return len(due)


def purge_day(schedule: CourseSchedule) -> date:
    """Return the last day on which a requirement for this course is kept."""
    return london_date(schedule.end_datetime + _retention())


def _retention() -> timedelta:
    return timedelta(days=settings.requirements_retention_days())


def _context(requirement: SpecialRequirement) -> str:
    return f"special_requirements|details|{requirement.id}"


def _alert(requirement: SpecialRequirement, *, now: datetime) -> None:
    if requirement.severity is not Severity.HIGH:
        return
    letters.high_severity_requirement(requirement, now=now)
    notifications.notify_office(
        type=NotificationType.SYSTEM_ANNOUNCEMENT,
        title=f"Special requirement of {requirement.booking.booking_reference}",
        message="Somebody has told us of a need that matters much. Please read it.",
        priority=Priority.HIGH,
        action_url=f"/admin/special_requirements/details/?id={requirement.id}",
        booking_id=requirement.booking_id,
        now=now,
    )
