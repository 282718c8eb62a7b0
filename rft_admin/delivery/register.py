"""The register: who was in the room, day by day, and what each has earned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, BookingAttendee, BookingStatus
from rft_admin.catalogue import schedules as catalogue
from rft_admin.catalogue.models import CourseSchedule, CourseScheduleDay, ScheduleStatus
from rft_admin.core.actor import Actor
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError, NotFound
from rft_admin.core.queue import defer
from rft_admin.delivery import settings
from rft_admin.delivery.eligibility import Eligibility, judge
from rft_admin.delivery.models import ATTENDED, AttendanceRecord, AttendanceStatus

MINUTE = timedelta(minutes=1)
#: Bookings whose people stand in the register.
LISTED = (BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW)


class NotThatDay(DomainError):
    """This course does not run on that day."""

    status = 404


class NotInThisClass(DomainError):
    """This person has no place on this course."""

    status = 404


class NotYet(DomainError):
    """This day has not begun. The register opens on the day itself."""


class RegisterClosed(DomainError):
    """This course was cancelled: its register is closed."""


class TimesReversed(DomainError):
    """The check-out is before the check-in. Please correct one of them."""

    field = "check_out_time"


class DayStillOpen(DomainError):
    """Somebody is not marked yet. Please mark everybody on each day first."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What the trainer writes down for one person on one day."""

    attendee_id: int
    status: AttendanceStatus
    check_in_time: datetime | None = None
    check_out_time: datetime | None = None
    #: Contact minutes, breaks apart; None lets them follow from the times. Make-up time counts.
    minutes_attended: int | None = None
    identity_checked: bool = False
    #: None is not assessed yet.
    passed_assessment: bool | None = None
    participation_score: int | None = None
    trainer_feedback: str = ""


@dataclass(frozen=True)
class Line:
    """One person's line of the day's register."""

    attendee: BookingAttendee
    record: AttendanceRecord | None
    eligibility: Eligibility


@dataclass(frozen=True)
class DaySheet:
    """The register of one day."""

    schedule: CourseSchedule
    days: list[CourseScheduleDay]
    day: CourseScheduleDay
    lines: list[Line]

    @property
    def session_date(self) -> date:
        """The day, in London."""
        return london_date(self.day.starts_at)

    @property
    def is_last_day(self) -> bool:
        """Whether the course ends with this day."""
        return self.day is self.days[-1]

    @property
    def unmarked(self) -> list[Line]:
        """The lines without a mark."""
        return [line for line in self.lines if line.record is None]


def day_sheet(*, schedule_id: int, session_date: date | None, now: datetime) -> DaySheet:
    """Return the class on one day: the given one, else today's, else the next or the last.

    :raises NotFound: if there is no such schedule.
    :raises NotThatDay: if the course does not run on the day.
    """
    schedule = _get_schedule(schedule_id)
    day = _day_of(schedule, session_date or _natural_date(schedule, now))
    attendees = list_class(schedule_id)
    records = _records_by_attendee(schedule_id)
    lines = [_line(attendee, records.get(attendee.id, []), schedule, day) for attendee in attendees]
    return DaySheet(schedule=schedule, days=list(schedule.days), day=day, lines=lines)


def list_class(schedule_id: int) -> list[BookingAttendee]:
    """Return the people who have a place, by name; the nameless last."""
    return list(
        db.session.scalars(
            select(BookingAttendee)
            .join(Booking, Booking.id == BookingAttendee.booking_id)
            .where(
                Booking.course_schedule_id == schedule_id,
                Booking.status.in_(LISTED),
                BookingAttendee.cancelled_at.is_(None),
            )
            .options(joinedload(BookingAttendee.booking, innerjoin=True))
            .order_by(
                BookingAttendee.last_name.nulls_last(),
                BookingAttendee.first_name.nulls_last(),
                BookingAttendee.id,
            )
        )
    )


def save_marks(
    *, schedule_id: int, session_date: date, marks: Sequence[Mark], now: datetime, by: Actor
) -> None:
    """Write a day's marks, the whole class in one act; the first one begins the course.

    :raises RegisterClosed: if the course was cancelled.
    :raises NotYet: before the day.
    :raises NotInThisClass: if a person has no place on the course.
    :raises TimesReversed: if a check-out is before its check-in.
    """
    schedule = _get_open_schedule(schedule_id)
    day = _day_of(schedule, session_date)
    if london_date(now) < session_date:
        raise NotYet
    attendees = {attendee.id: attendee for attendee in list_class(schedule_id)}
    records = _records_by_attendee(schedule_id)
    for mark in marks:
        if mark.attendee_id not in attendees:
            raise NotInThisClass
        _write(mark, attendees[mark.attendee_id], schedule, day, records, now=now, by=by)
    if schedule.is_open:
        _begin(schedule, by=by)
    db.session.flush()


def mark(*, schedule_id: int, session_date: date, mark: Mark, now: datetime, by: Actor) -> None:
    """Write one person's mark; refuses as :func:`save_marks` does."""
    save_marks(schedule_id=schedule_id, session_date=session_date, marks=[mark], now=now, by=by)


def mark_all_present(*, schedule_id: int, session_date: date, now: datetime, by: Actor) -> int:
    """Mark everybody present who has no mark yet; return how many."""
    sheet = day_sheet(schedule_id=schedule_id, session_date=session_date, now=now)
    marks = [
        Mark(attendee_id=line.attendee.id, status=AttendanceStatus.PRESENT)
        for line in sheet.unmarked
    ]
    save_marks(schedule_id=schedule_id, session_date=session_date, marks=marks, now=now, by=by)
    return len(marks)


def end_day(*, schedule_id: int, session_date: date, now: datetime, by: Actor) -> None:
    """Check out everybody who is still in the room, at the day's planned end.

    :raises DayStillOpen: if somebody has no mark.
    """
    sheet = day_sheet(schedule_id=schedule_id, session_date=session_date, now=now)
    if sheet.unmarked:
        raise DayStillOpen
    for line in sheet.lines:
        record = line.record
        if record and record.status in ATTENDED and record.check_out_time is None:
            record.check_out_time = sheet.day.ends_at
            record.marked_by_id = by.user_id
    db.session.flush()


def complete(*, schedule_id: int, now: datetime, by: Actor) -> None:
    """End the course: bookings become completed or no-show, certificates are issued if set so.

    :raises DayStillOpen: if somebody is not marked on one of the days.
    """
    schedule = _get_open_schedule(schedule_id)
    attendees = list_class(schedule_id)
    records = _records_by_attendee(schedule_id)
    days = {london_date(day.starts_at) for day in schedule.days}
    if any({r.session_date for r in records.get(a.id, [])} != days for a in attendees):
        raise DayStillOpen
    catalogue.complete(schedule, now=now, by=by)
    settle_bookings(schedule_id=schedule_id, now=now, by=by)
    if settings.auto_issue_certificates():
        defer("issue_schedule_certificates", course_schedule_id=schedule_id)


def settle_bookings(*, schedule_id: int, now: datetime, by: Actor) -> None:
    """Let each booking say whether anybody of its party attended: completed, else no-show."""
    records = _records_by_attendee(schedule_id)
    came: dict[int, bool] = {}
    parties: dict[int, Booking] = {}
    for attendee in list_class(schedule_id):
        attended = any(record.status in ATTENDED for record in records.get(attendee.id, []))
        parties[attendee.booking_id] = attendee.booking
        came[attendee.booking_id] = came.get(attendee.booking_id, False) or attended
    for booking_id, booking in parties.items():
        wanted = BookingStatus.COMPLETED if came[booking_id] else BookingStatus.NO_SHOW
        if booking.status is not wanted:
            settle = bookings.complete if came[booking_id] else bookings.mark_no_show
            settle(booking, now=now, by=by)


def contact_minutes(day: CourseScheduleDay) -> int:
    """Return the day's planned contact minutes: its length without breaks."""
    length = day.ends_at - day.starts_at
    return max(0, int(length.total_seconds() // 60) - day.break_minutes)


def minutes_between(
    check_in: datetime | None, check_out: datetime | None, day: CourseScheduleDay
) -> int:
    """Return the contact minutes of somebody who came late or left early.

    What lies outside the day does not count; what was missed of the day is taken off its
    contact minutes.
    """
    came = max(check_in or day.starts_at, day.starts_at)
    left = min(check_out or day.ends_at, day.ends_at)
    missed = (came - day.starts_at) + (day.ends_at - left)
    return max(0, contact_minutes(day) - int(max(missed, timedelta()).total_seconds() // 60))


def _begin(schedule: CourseSchedule, *, by: Actor) -> None:
    for status in (ScheduleStatus.CONFIRMED, ScheduleStatus.IN_PROGRESS):
        if schedule.can_become(status):
            catalogue.change_status(schedule, status, by=by)


def _write(
    mark: Mark,
    attendee: BookingAttendee,
    schedule: CourseSchedule,
    day: CourseScheduleDay,
    records: dict[int, list[AttendanceRecord]],
    *,
    now: datetime,
    by: Actor,
) -> None:
    if mark.check_in_time and mark.check_out_time and mark.check_out_time <= mark.check_in_time:
        raise TimesReversed
    if mark.check_in_time and mark.check_in_time >= day.ends_at:
        raise TimesReversed("The check-in is after the end of the day.", field="check_in_time")
    status = _status_of(mark, day)
    record = _record_for(attendee, schedule, day, status, records)
    record.status = status
    record.check_in_time = _check_in(mark, day, now)
    record.check_out_time = mark.check_out_time if record.status in ATTENDED else None
    record.minutes_attended = _minutes(mark, record, day)
    record.identity_checked = mark.identity_checked
    if record.passed_assessment is not mark.passed_assessment:
        record.passed_assessment = mark.passed_assessment
        record.assessed_on = None if mark.passed_assessment is None else london_date(now)
    record.participation_score = mark.participation_score
    record.trainer_feedback = mark.trainer_feedback
    record.marked_by_id = by.user_id
    _judge_all(attendee, records[attendee.id], schedule)


def _record_for(
    attendee: BookingAttendee,
    schedule: CourseSchedule,
    day: CourseScheduleDay,
    status: AttendanceStatus,
    records: dict[int, list[AttendanceRecord]],
) -> AttendanceRecord:
    session_date = london_date(day.starts_at)
    mine = records.setdefault(attendee.id, [])
    for record in mine:
        if record.session_date == session_date:
            return record
    record = AttendanceRecord(
        booking_id=attendee.booking_id,
        course_session_id=schedule.id,
        user_id=attendee.user_id or attendee.booking.user_id,
        attendee_id=attendee.id,
        session_date=session_date,
        status=status,
    )
    db.session.add(record)
    mine.append(record)
    return record


def _status_of(mark: Mark, day: CourseScheduleDay) -> AttendanceStatus:
    """Let the tolerance decide between present and late where a check-in was typed."""
    if mark.status not in {AttendanceStatus.PRESENT, AttendanceStatus.LATE}:
        return mark.status
    if mark.check_in_time is None:
        return mark.status
    tolerance = timedelta(minutes=settings.late_tolerance_minutes())
    is_late = mark.check_in_time > day.starts_at + tolerance
    return AttendanceStatus.LATE if is_late else AttendanceStatus.PRESENT


def _check_in(mark: Mark, day: CourseScheduleDay, now: datetime) -> datetime | None:
    if mark.status not in ATTENDED:
        return None
    if mark.check_in_time or mark.status is AttendanceStatus.PRESENT:
        return mark.check_in_time or day.starts_at
    return min(max(now, day.starts_at), day.ends_at - MINUTE)


def _minutes(mark: Mark, record: AttendanceRecord, day: CourseScheduleDay) -> int:
    if mark.minutes_attended is not None:
        return mark.minutes_attended
    if record.status not in ATTENDED:
        return 0
    return minutes_between(record.check_in_time, record.check_out_time, day)


def _judge_all(
    attendee: BookingAttendee, records: list[AttendanceRecord], schedule: CourseSchedule
) -> None:
    eligible = judge(records, schedule.course).is_eligible
    for record in records:
        record.certificate_eligible = eligible


def _line(
    attendee: BookingAttendee,
    records: list[AttendanceRecord],
    schedule: CourseSchedule,
    day: CourseScheduleDay,
) -> Line:
    session_date = london_date(day.starts_at)
    today = next((record for record in records if record.session_date == session_date), None)
    return Line(attendee=attendee, record=today, eligibility=judge(records, schedule.course))


def _get_schedule(schedule_id: int) -> CourseSchedule:
    schedule = db.session.get(CourseSchedule, schedule_id)
    if schedule is None:
        raise NotFound("There is no such course date.")
    return schedule


def _get_open_schedule(schedule_id: int) -> CourseSchedule:
    schedule = db.session.scalar(
        select(CourseSchedule)
        .where(CourseSchedule.id == schedule_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if schedule is None:
        raise NotFound("There is no such course date.")
    if schedule.status is ScheduleStatus.CANCELLED:
        raise RegisterClosed
    return schedule


def _day_of(schedule: CourseSchedule, session_date: date) -> CourseScheduleDay:
    for day in schedule.days:
        if london_date(day.starts_at) == session_date:
            return day
    raise NotThatDay


def _natural_date(schedule: CourseSchedule, now: datetime) -> date:
    dates = [london_date(day.starts_at) for day in schedule.days]
    today = london_date(now)
    return next((day for day in dates if day >= today), dates[-1])


def _records_by_attendee(schedule_id: int) -> dict[int, list[AttendanceRecord]]:
    records = db.session.scalars(
        select(AttendanceRecord)
        .where(AttendanceRecord.course_session_id == schedule_id)
        .order_by(AttendanceRecord.session_date, AttendanceRecord.id)
    )
    found: dict[int, list[AttendanceRecord]] = {}
    for record in records:
        found.setdefault(record.attendee_id, []).append(record)
    return found
