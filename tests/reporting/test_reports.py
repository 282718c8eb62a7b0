"""Tests of reports: asked for, made by a job with its progress, stored, expired, failed."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from rft_admin.accounts.models import Role, User
from rft_admin.core import clock, files
from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError, NotFound
from rft_admin.reporting import queries, reports
from rft_admin.reporting.models import Report, ReportFormat, ReportStatus
from rft_admin.upkeep import retention
from seeds import bulk
from seeds.reference import ADMIN_EMAIL, seed_reference

NOW = datetime(2027, 3, 3, 9, 30, tzinfo=UTC)
MANY = 20_000
MEGABYTE = 1024 * 1024


@pytest.fixture
def office(session: Session, app: Flask) -> Actor:
    seed_reference(app.config["RFT"])
    admin = session.query(User).filter_by(email=ADMIN_EMAIL).one()
    return Actor(user_id=admin.id, label="Lex")


class TestRequestReport:
    def test_is_refused_for_an_unknown_kind(self, office: Actor) -> None:
        with pytest.raises(reports.UnknownReport):
            _request(office, report_type="everything")

    def test_is_refused_for_dates_in_reverse(self, office: Actor) -> None:
        with pytest.raises(reports.DatesReversed):
            _request(office, start_date=date(2027, 2, 2), end_date=date(2027, 2, 1))

    def test_is_refused_for_nobody(self, office: Actor) -> None:
        with pytest.raises(DomainError):
            _request(SYSTEM)

    def test_queues_the_job_that_makes_it(self, session: Session, office: Actor) -> None:
        report = _request(office, start_date=date(2027, 2, 1), end_date=date(2027, 2, 28))

        assert report.status is ReportStatus.QUEUED
        assert report.report_name == "Bookings by date range: 1 Feb 2027 to 28 Feb 2027"
        jobs = session.execute(text("SELECT task_name, args FROM procrastinate_jobs")).all()
        assert [tuple(job) for job in jobs] == [("run_report", {"report_id": report.id})]

    def test_repeats_an_earlier_one(self, office: Actor) -> None:
        report = _request(office, start_date=date(2027, 2, 1))

        again = reports.run_again(report_id=report.id, now=NOW, by=office)

        assert again.id != report.id
        assert again.start_date == date(2027, 2, 1)

    def test_repeats_nothing_that_does_not_exist(self, office: Actor) -> None:
        with pytest.raises(NotFound):
            reports.run_again(report_id=0, now=NOW, by=office)


class TestDownload:
    def test_is_refused_before_it_is_made(self, office: Actor) -> None:
        report = _request(office)

        with pytest.raises(reports.NotReady):
            reports.download(report_id=report.id)


class TestRunOnTheDemo:
    @pytest.mark.parametrize("report_format", list(ReportFormat))
    def test_makes_every_format(self, demo_session: Session, report_format: ReportFormat) -> None:
        report_id = _asked(report_format=report_format)

        reports.run(report_id, now=clock.now())

        report = db.session.get_one(Report, report_id)
        assert report.status is ReportStatus.COMPLETED
        assert report.progress == 100
        assert report.row_count == demo_session.scalar(text("SELECT count(*) FROM bookings"))
        stored = reports.download(report_id=report_id)
        assert stored.file_name.endswith(
            f".{ {'excel': 'xlsx'}.get(report_format, report_format) }"
        )
        assert stored.size > 500

    def test_keeps_to_the_days_of_london(self, demo_session: Session) -> None:
        booked = demo_session.execute(
            text(
                "SELECT (created_at AT TIME ZONE 'Europe/London')::date AS day,"
                " count(*) AS bookings"
                " FROM bookings GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
            )
        ).one()
        report_id = _asked(start_date=booked.day, end_date=booked.day)

        reports.run(report_id, now=clock.now())

        assert db.session.get_one(Report, report_id).row_count == booked.bookings
        assert len(_rows_of(report_id)) == booked.bookings

    def test_tells_what_was_paid_and_given_back(self, demo_session: Session) -> None:
        report_id = _asked()

        reports.run(report_id, now=clock.now())

        paid = demo_session.scalar(
            text(
                "SELECT sum(amount) FROM payment_transactions WHERE status IN"
                " ('succeeded', 'partially_refunded', 'refunded', 'disputed')"
            )
        )
        refunded = demo_session.scalar(
            text("SELECT sum(net_refund) FROM refunds WHERE status = 'completed'")
        )
        rows = _rows_of(report_id)
        assert sum(float(row["Paid"]) for row in rows) == pytest.approx(float(paid or 0))
        assert sum(float(row["Refunded"]) for row in rows) == pytest.approx(float(refunded or 0))

    def test_leaves_a_finished_report_as_it_is(self, demo_session: Session) -> None:
        report_id = _asked()
        reports.run(report_id, now=clock.now())
        file_id = db.session.get_one(Report, report_id).stored_file_id

        reports.run(report_id, now=clock.now())

        assert db.session.get_one(Report, report_id).stored_file_id == file_id

    def test_ends_as_failed_with_the_reason(
        self, demo_session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "MAX_FILE_BYTES", 100)
        report_id = _asked()

        reports.run(report_id, now=clock.now())

        report = db.session.get_one(Report, report_id)
        assert report.status is ReportStatus.FAILED
        assert report.error_message is not None
        assert "10 MB" in report.error_message
        with pytest.raises(reports.NotReady):
            reports.download(report_id=report_id)

    def test_rises_and_says_so_when_it_is_a_bug(
        self, demo_session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any) -> bytes:
            raise ZeroDivisionError

        monkeypatch.setitem(reports.RENDERERS, ReportFormat.CSV, broken)
        report_id = _asked()

        with pytest.raises(ZeroDivisionError):
            reports.run(report_id, now=clock.now())

        assert db.session.get_one(Report, report_id).status is ReportStatus.FAILED

    def test_expires_with_its_file(self, demo_session: Session) -> None:
        report_id = _asked()
        reports.run(report_id, now=clock.now())

        retention.run(now=clock.now() + reports.KEPT + timedelta(days=1))

        demo_session.expire_all()
        with pytest.raises(reports.NotReady):
            reports.download(report_id=report_id)


class TestRunOnManyRows:
    def test_tells_its_progress_and_stays_small(self, many_bookings: Flask) -> None:
        with many_bookings.app_context():
            report_id = _asked()
            seen: list[int] = []
            tell = reports._tell_progress

            def watch(report: int, percent: int) -> None:
                tell(report, percent)
                seen.append(_progress_seen_from_outside(report))

            patch = pytest.MonkeyPatch()
            patch.setattr(reports, "_tell_progress", watch)
            tracemalloc.start()
            reports.run(report_id, now=clock.now())
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            patch.undo()

            assert seen == sorted(seen)
            assert len(seen) == MANY // reports.PROGRESS_ROWS
            assert seen[0] < 10
            assert seen[-1] == 99
            assert db.session.get_one(Report, report_id).row_count == MANY
            assert len(_rows_of(report_id)) == MANY
            # Twice the file, and a little; never the rows.
            assert peak < 25 * MEGABYTE


@pytest.fixture
def many_bookings(committed_app: Flask) -> Iterator[Flask]:
    with committed_app.app_context():
        transact(lambda: seed_reference(committed_app.config["RFT"]))
        bulk.load(bookings=MANY, advance=lambda count: None)
    return committed_app


def _request(by: Actor, **wanted: Any) -> Report:
    return reports.request_report(
        **{
            "report_type": "bookings_by_date",
            "report_format": ReportFormat.CSV,
            "start_date": None,
            "end_date": None,
            "now": NOW,
            "by": by,
            **wanted,
        }
    )


def _asked(**wanted: Any) -> int:
    """Ask for a report as the seeded admin, and commit."""
    admin = db.session.query(User).filter_by(role=Role.ADMIN).order_by(User.id).first()
    assert admin is not None
    by = Actor(user_id=admin.id, label="Lex")
    db.session.rollback()
    return int(transact(lambda: _request(by, **wanted).id))


def _rows_of(report_id: int) -> list[dict[str, str]]:
    content = reports.download(report_id=report_id).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert all(len(row) == len(queries.BOOKINGS_BY_DATE.columns) for row in rows)
    return rows


def _progress_seen_from_outside(report_id: int) -> int:
    with db.engine.connect() as connection:
        found = connection.scalar(
            text("SELECT progress FROM reports WHERE id = :id"), {"id": report_id}
        )
    return int(found or 0)
