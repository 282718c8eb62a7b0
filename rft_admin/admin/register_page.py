"""The register's page: the whole class of a day in one form."""

from datetime import date, datetime, time
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.interrupted import is_shown_again
from rft_admin.admin.rights import can, scoped
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.catalogue.schedules import lock_schedules
from rft_admin.core import clock
from rft_admin.core.clock import LONDON
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.core.formats import format_time, label_of
from rft_admin.core.tokens import read_signed, sign
from rft_admin.delivery import register
from rft_admin.delivery.models import AttendanceRecord, AttendanceStatus
from rft_admin.delivery.register import DaySheet, Line, Mark

ASSESSMENT = {"": None, "1": True, "0": False}
#: What is tapped for the assessment: the field's value and its words.
ASSESSMENTS = (("", "Not yet"), ("1", "Passed"), ("0", "Not passed"))
#: In the order of how often they are tapped.
STATUSES = (
    AttendanceStatus.PRESENT,
    AttendanceStatus.LATE,
    AttendanceStatus.PARTIAL,
    AttendanceStatus.ABSENT,
    AttendanceStatus.EXCUSED,
)
LONGEST_FEEDBACK = 2000
#: A page that lay open longer no longer knows what it has shown.
LONGEST_OPEN_SECONDS = 24 * 3600


def show_or_save(schedule_id: int) -> str | tuple[str, int] | BaseResponse:
    """Show a day's register, or write down what was marked."""
    _check_rights(schedule_id)
    day = _read_day(request.values.get("day"))
    if request.method == "POST" and not is_shown_again():
        return _save(schedule_id, day)
    return _page(_sheet(schedule_id, day))


def _check_rights(schedule_id: int) -> None:
    if not can("edit", AttendanceRecord):
        abort(403)
    if not 0 < schedule_id < 2**31:
        abort(404)
    own = scoped(CourseSchedule, select(CourseSchedule.id).where(CourseSchedule.id == schedule_id))
    if db.session.scalar(own) is None:
        abort(404)


def _read_day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(404)


def _sheet(schedule_id: int, day: date | None) -> DaySheet:
    return register.day_sheet(schedule_id=schedule_id, session_date=day, now=clock.now())


def _page(sheet: DaySheet, refusal: str = "") -> str:
    return render_template(
        "admin/register.html",
        sheet=sheet,
        statuses=STATUSES,
        assessments=ASSESSMENTS,
        refusal=refusal,
        typed=_typed,
        seen=_seal(sheet),
        today=clock.london_date(clock.now()),
        london_date=clock.london_date,
    )


def _typed(line: Line, name: str) -> Any:
    """Return what a field shows: what was just posted, else what is stored."""
    field = f"{name}-{line.attendee.id}"
    if request.method == "POST":
        return request.form.get(field, "")
    return _stored(line.record, name)


def _stored(record: AttendanceRecord | None, name: str) -> str:
    if record is None:
        return ""
    assessment = {None: "", True: "1", False: "0"}[record.passed_assessment]
    return {
        "status": record.status.value,
        "in": format_time(record.check_in_time) if record.check_in_time else "",
        "out": format_time(record.check_out_time) if record.check_out_time else "",
        "identity": "1" if record.identity_checked else "",
        "assessment": assessment,
        "score": "" if record.participation_score is None else str(record.participation_score),
        "feedback": record.trainer_feedback,
        "minutes": "",
    }[name]


def _save(schedule_id: int, day: date | None) -> tuple[str, int] | BaseResponse:
    sheet = _sheet(schedule_id, day)
    actor, now = current_actor_from_request(), clock.now()
    deed = request.form.get("do", "save")

    def use_case() -> str:
        # Nobody else marks this class until it is written, so what is compared stays true.
        lock_schedules([schedule_id])
        db.session.expire_all()
        now_stored = _sheet(schedule_id, sheet.session_date)
        seen = _read_seen(sheet)
        marks = [mark for line in now_stored.lines if (mark := _read_mark(line, sheet, seen))]
        register.save_marks(
            schedule_id=schedule_id, session_date=sheet.session_date, marks=marks, now=now, by=actor
        )
        return _do(deed, schedule_id, sheet.session_date, now) or f"{len(marks)} saved."

    try:
        flash(transact(use_case, by=actor), "success")
    except DomainError as error:
        return _page(_sheet(schedule_id, sheet.session_date), error.message), error.status
    address = url_for("admin.register", schedule_id=schedule_id, day=sheet.session_date.isoformat())
    return redirect(address, code=303)


def _do(deed: str, schedule_id: int, day: date, now: datetime) -> str:
    actor = current_actor_from_request()
    if deed == "all_present":
        count = register.mark_all_present(
            schedule_id=schedule_id, session_date=day, now=now, by=actor
        )
        return f"{count} marked present."
    if deed == "end_day":
        register.end_day(schedule_id=schedule_id, session_date=day, now=now, by=actor)
        return "The day is ended: everybody is checked out."
    if deed == "complete":
        register.complete(schedule_id=schedule_id, now=now, by=actor)
        return "The course is completed."
    return ""


def _seal(sheet: DaySheet) -> str:
    """Return what the page shows of everybody, to tell later what was touched on it."""
    return sign(_purpose(sheet), {str(line.attendee.id): _values(line) for line in sheet.lines})


def _read_seen(sheet: DaySheet) -> dict[str, list[str]]:
    """Return what the page that was sent has shown, by attendee; nothing if it does not say."""
    text = request.form.get("seen", "")
    seen = read_signed(_purpose(sheet), text, max_age_seconds=LONGEST_OPEN_SECONDS)
    return seen if isinstance(seen, dict) else {}


def _purpose(sheet: DaySheet) -> str:
    return f"register|{sheet.schedule.id}|{sheet.session_date}"


def _values(line: Line) -> list[str]:
    return [_stored(line.record, name) for name in _NAMES]


def _read_mark(line: Line, sheet: DaySheet, seen: dict[str, list[str]]) -> Mark | None:
    """Return what was marked for one person, or None where nothing was changed on this page.

    :raises MarkedMeanwhile: if somebody else has marked the person since the page was opened.
    """
    posted = {
        name: request.form.get(f"{name}-{line.attendee.id}", "").replace("\r\n", "\n").strip()
        for name in _NAMES
    }
    stored, shown = _values(line), seen.get(str(line.attendee.id))
    if list(posted.values()) in (stored, shown):
        return None
    if shown is not None and shown != stored:
        raise MarkedMeanwhile(line)
    if not posted["status"]:
        if line.record is not None:
            return None
        if request.form.get("do") != "all_present":
            raise StatusMissing(line)
        posted["status"] = AttendanceStatus.PRESENT.value
    try:
        status = AttendanceStatus(posted["status"])
        return Mark(
            attendee_id=line.attendee.id,
            status=status,
            check_in_time=_moment(posted["in"], sheet.session_date),
            check_out_time=_moment(posted["out"], sheet.session_date),
            minutes_attended=_number(posted["minutes"], 1440),
            identity_checked=posted["identity"] == "1",
            passed_assessment=ASSESSMENT.get(posted["assessment"]),
            participation_score=_number(posted["score"], 100),
            trainer_feedback=posted["feedback"].replace("\x00", "")[:LONGEST_FEEDBACK],
        )
    except ValueError as error:
        raise Unreadable(f"{line.attendee}: please check the times and numbers.") from error


class MarkedMeanwhile(DomainError):
    """Somebody else has marked a person meanwhile."""

    status = 409

    def __init__(self, line: Line) -> None:
        status = label_of(line.record.status).lower() if line.record else "not marked"
        super().__init__(
            f"{line.attendee} was marked by somebody else meanwhile: {status}. Nothing is saved "
            "yet. What you see is yours; save again to put it in the place of theirs."
        )


class Unreadable(DomainError):
    """Please check the times and numbers."""


class StatusMissing(DomainError):
    """Somebody has a result or a time, but no attendance."""

    def __init__(self, line: Line) -> None:
        super().__init__(f"{line.attendee}: please say present, late, partial, absent or excused.")


def _moment(text: str, day: date) -> datetime | None:
    return datetime.combine(day, time.fromisoformat(text), LONDON) if text else None


def _number(text: str, largest: int) -> int | None:
    if not text:
        return None
    number = int(text)
    if not 0 <= number <= largest:
        raise ValueError(text)
    return number


_NAMES = ("status", "in", "out", "identity", "assessment", "score", "feedback", "minutes")
