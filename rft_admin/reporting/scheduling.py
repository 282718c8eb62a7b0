"""Reports that come by themselves: every day, week or month, about the one that has passed."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import partial

from sqlalchemy import select

from rft_admin.accounts import people
from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.clock import LONDON, london_date
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError, sentence_of
from rft_admin.messaging import notifications
from rft_admin.messaging.models import NotificationType, Priority
from rft_admin.reporting import reports
from rft_admin.reporting.models import Report, ScheduleFrequency

#: When a report comes, by the clock on London's wall.
COMES_AT = time(6)
MOST_RECIPIENTS = 10


class NotOfTheOffice(DomainError):
    """Reports hold people's names, so they go to people of the office only."""

    field = "recipients"


class TooManyRecipients(DomainError):
    """A report goes to ten people at most."""

    field = "recipients"


class FrequencyMissing(DomainError):
    """Please say how often it comes."""

    field = "schedule_frequency"


def plan(
    *,
    report: Report,
    is_scheduled: bool,
    frequency: ScheduleFrequency | None,
    recipients: Sequence[str],
    now: datetime,
    by: Actor,
) -> Report:
    """Let a report come by itself from now on, or no more.

    :param recipients: e-mail addresses of admins, who are told by letter; nobody is allowed too.
    :raises FrequencyMissing: if it is to come and nobody said how often.
    :raises NotOfTheOffice: naming the address that is not an active admin's.
    :raises TooManyRecipients: above ten.
    """
    if is_scheduled and frequency is None:
        raise FrequencyMissing
    report.recipients = _checked(recipients)
    report.is_scheduled = is_scheduled
    report.schedule_frequency = frequency
    report.next_run_at = next_run(frequency, now) if is_scheduled and frequency else None
    db.session.flush()
    return report


def next_run(frequency: ScheduleFrequency, after: datetime) -> datetime:
    """Return when the next one comes: the next day, Monday or first of a month, at six."""
    today = london_date(after)
    if frequency is ScheduleFrequency.DAILY:
        day = today + timedelta(days=1)
    elif frequency is ScheduleFrequency.WEEKLY:
        day = today + timedelta(days=7 - today.weekday())
    else:
        day = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime.combine(day, COMES_AT, LONDON)


def period_before(frequency: ScheduleFrequency, due: date) -> tuple[date, date]:
    """Return the first and the last day that a report is about which is due on that day."""
    last = due - timedelta(days=1)
    if frequency is ScheduleFrequency.DAILY:
        return last, last
    if frequency is ScheduleFrequency.WEEKLY:
        return due - timedelta(days=7), last
    return last.replace(day=1), last


def make_due(*, now: datetime, by: Actor = SYSTEM) -> int:
    """Ask for every report that has come due; return how many.

    Opens its own unit of work for each; call it outside one. After days without a worker each
    comes once, about the period that was due first.
    """
    due_ids = transact(lambda: _list_due(now), by=by)
    return sum(transact(partial(_make_once, report_id, now=now), by=by) for report_id in due_ids)


def _list_due(now: datetime) -> list[int]:
    due = select(Report.id).where(Report.is_scheduled, Report.next_run_at <= now)
    return list(db.session.scalars(due.order_by(Report.id)))


def _make_once(report_id: int, *, now: datetime) -> bool:
    """Ask for the report unless another run has; whoever wants it must still be of the office."""
    planned = reports.lock(report_id)
    due_at, frequency = planned.next_run_at, planned.schedule_frequency
    if not planned.is_scheduled or due_at is None or frequency is None or due_at > now:
        return False
    if not _may_have_reports(planned):
        _stop(planned, now=now)
        return False
    planned.next_run_at = next_run(frequency, now)
    first, last = period_before(frequency, london_date(due_at))
    made = reports.request_report(
        report_type=planned.report_type,
        report_format=planned.format,
        start_date=first,
        end_date=last,
        now=now,
        by=Actor(user_id=planned.generated_by_id, label=planned.generated_by.email),
    )
    made.recipients = [address for address in planned.recipients if _is_of_the_office(address)]
    made.parameters = {"planned_by_report": planned.id}
    return True


def _may_have_reports(planned: Report) -> bool:
    return planned.generated_by.is_admin and planned.generated_by.is_active


def _stop(planned: Report, *, now: datetime) -> None:
    planned.is_scheduled = False
    planned.next_run_at = None
    notifications.notify_office(
        type=NotificationType.SYSTEM_ANNOUNCEMENT,
        title=f"The report “{planned}” comes no more",
        message="Whoever asked for it is no longer an active admin. Plan it again if you want it.",
        priority=Priority.MEDIUM,
        action_url=f"/admin/reports/details/?id={planned.id}",
        now=now,
    )


def _checked(recipients: Sequence[str]) -> list[str]:
    """Return the addresses in order, each once."""
    wanted = list(dict.fromkeys(address.strip().lower() for address in recipients))
    wanted = [address for address in wanted if address]
    for address in wanted:
        if not _is_of_the_office(address):
            raise NotOfTheOffice(f"{address} is no active admin. {sentence_of(NotOfTheOffice)}")
    if len(wanted) > MOST_RECIPIENTS:
        raise TooManyRecipients
    return wanted


def _is_of_the_office(address: str) -> bool:
    return any(admin.email.lower() == address for admin in people.list_active_admins())
