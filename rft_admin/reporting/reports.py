"""Reports: asked for in the office, made by a job with its progress, stored for a while."""

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import select, update

from rft_admin.core.actor import Actor
from rft_admin.core.database import apart, db, unit_of_work
from rft_admin.core.errors import DomainError, NotFound
from rft_admin.core.files import StoredFile, store_file
from rft_admin.core.formats import format_short_date
from rft_admin.core.queue import defer
from rft_admin.reporting import letters
from rft_admin.reporting.models import Report, ReportFormat, ReportStatus
from rft_admin.reporting.queries import QUESTIONS, Cell, Question
from rft_admin.reporting.renderers import MEDIA_TYPES, RENDERERS

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
#: The progress is written down after so many rows.
PROGRESS_ROWS = 500
JOB = Actor(label="job run_report")


class UnknownReport(DomainError):
    """There is no report of that kind."""

    field = "report_type"


class DatesReversed(DomainError):
    """The last day is before the first. Please change one of them."""

    field = "end_date"


class NotReady(DomainError):
    """This report is not ready, or its file has expired. Run it again."""

    status = 409


def request_report(
    *,
    report_type: str,
    report_format: ReportFormat,
    start_date: date | None,
    end_date: date | None,
    now: datetime,
    by: Actor,
) -> Report:
    """Write down what is wanted and queue the job that makes it.

    :param start_date: first day, in London, included; None is without that limit.
    :param end_date: last day, included.
    :raises UnknownReport: if there is no such kind.
    :raises DatesReversed: if the last day is before the first.
    """
    if report_type not in QUESTIONS:
        raise UnknownReport
    if start_date and end_date and end_date < start_date:
        raise DatesReversed
    if by.user_id is None:
        raise DomainError("A report needs somebody who asked for it.")
    report = Report(
        generated_by_id=by.user_id,
        report_type=report_type,
        report_name=_name(QUESTIONS[report_type], start_date, end_date),
        format=report_format,
        start_date=start_date,
        end_date=end_date,
    )
    db.session.add(report)
    db.session.flush()
    defer("run_report", report_id=report.id)
    return report


def run_again(*, report_id: int, now: datetime, by: Actor) -> Report:
    """Ask for the same report once more; the earlier one stays as it is."""
    earlier = _get(report_id)
    return request_report(
        report_type=earlier.report_type,
        report_format=earlier.format,
        start_date=earlier.start_date,
        end_date=earlier.end_date,
        now=now,
        by=by,
    )


def run(report_id: int, *, now: datetime) -> None:
    """Make a report, its progress visible from outside, and store it for 30 days.

    A report that is completed already stays as it is. What cannot be made ends as failed, with
    the reason.
    """
    with unit_of_work(by=JOB):
        report = lock(report_id)
        if report.status is ReportStatus.COMPLETED:
            return
        report.status = ReportStatus.RUNNING
        report.progress = 0
        question = QUESTIONS[report.report_type]
        report.row_count = question.count(report.start_date, report.end_date)
    try:
        _make(report_id, question, now)
    except (DomainError, ValueError) as refusal:
        _fail(report_id, str(refusal))
    except Exception:
        _fail(report_id, "The report could not be made. The office was told.")
        raise


def download(*, report_id: int) -> StoredFile:
    """Return a report's file.

    :raises NotReady: before it is made, and after its file has expired.
    """
    report = _get(report_id)
    if report.status is not ReportStatus.COMPLETED or report.stored_file is None:
        raise NotReady
    return report.stored_file


def lock(report_id: int) -> Report:
    """Lock a report and return it as it is now.

    :raises NotFound: if there is no such report.
    """
    report = db.session.scalar(
        select(Report)
        .where(Report.id == report_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if report is None:
        raise NotFound("There is no such report.")
    return report


def _make(report_id: int, question: Question, now: datetime) -> None:
    # One read, apart from the rows that tell of its progress: what it says is of one moment.
    with unit_of_work(by=JOB):
        report = _get(report_id)
        rows = _counted(
            report_id, question.rows(report.start_date, report.end_date), report.row_count or 0
        )
        content = RENDERERS[report.format](report.report_name, question.columns, rows)
        ending, media_type = MEDIA_TYPES[report.format]
        stored = store_file(
            file_name=f"{question.name.replace(' ', '-').lower()}-{report_id}.{ending}",
            media_type=media_type,
            content=content,
            expires_at=now + KEPT,
        )
        report.stored_file_id = stored.id
        report.status = ReportStatus.COMPLETED
        report.progress = 100
        report.error_message = None
        report.file_url = f"/admin/reports/details/?id={report_id}"
        letters.report_ready(report, now=now)


def _counted(
    report_id: int, rows: Iterator[tuple[Cell, ...]], expected: int
) -> Iterator[tuple[Cell, ...]]:
    """Pass the rows on, and write the progress down on a connection of its own."""
    for number, row in enumerate(rows, start=1):
        yield row
        if number % PROGRESS_ROWS == 0 and expected:
            _tell_progress(report_id, min(99, number * 100 // expected))


def _tell_progress(report_id: int, percent: int) -> None:
    with apart() as session:
        session.execute(update(Report).where(Report.id == report_id).values(progress=percent))


def _fail(report_id: int, reason: str) -> None:
    with unit_of_work(by=JOB):
        report = lock(report_id)
        report.status = ReportStatus.FAILED
        report.error_message = reason


def _name(question: Question, start: date | None, end: date | None) -> str:
    if start is None and end is None:
        return f"{question.name}: all"
    first = format_short_date(start) if start else "the beginning"
    last = format_short_date(end) if end else "today"
    return f"{question.name}: {first} to {last}"


def _get(report_id: int) -> Report:
    report = db.session.get(Report, report_id)
    if report is None:
        raise NotFound("There is no such report.")
    return report
