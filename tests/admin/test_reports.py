"""Tests of the reports' screen: progress that shows by itself until the report is there."""

import re

import pytest
from sqlalchemy import select

from rft_admin.core.database import db
from rft_admin.reporting.models import Report, ReportStatus, ScheduleFrequency
from tests.admin.conftest import Office
from tests.factories import ReportFactory

WANTED = {
    "report_type": "bookings_by_date",
    "format": "csv",
    "is_scheduled": "y",
    "schedule_frequency": "weekly",
    "recipients": "office@example.com\n",
}


def version_in(form: str) -> dict[str, str]:
    """Return the hidden version that the form carries."""
    found = re.search(r'name="(row_version)"[^>]*value="([^"]*)"', form)
    return {found[1]: found[2]} if found else {}


class TestProgress:
    @pytest.mark.parametrize("status", [ReportStatus.COMPLETED, ReportStatus.FAILED])
    def test_lets_a_finished_report_stand(self, office: Office, status: ReportStatus) -> None:
        report = ReportFactory(status=status, progress=100)

        page = office.get(f"/admin/reports/details/?id={report.id}")

        assert "Refresh" not in page.headers

    def test_loads_the_page_again_while_the_report_is_made(self, office: Office) -> None:
        report = ReportFactory(status=ReportStatus.RUNNING, progress=40)

        page = office.get(f"/admin/reports/details/?id={report.id}")

        assert page.headers["Refresh"] == "2"
        assert '<progress max="100" value="40">40 %</progress>' in page.get_data(as_text=True)


class TestByItself:
    def test_is_refused_beside_the_field_for_a_stranger(self, office: Office) -> None:
        answer = office.post("/admin/reports/new/", WANTED | {"recipients": "stranger@example.org"})

        assert answer.status_code in (400, 422)
        assert "stranger@example.org is no active admin." in answer.text
        assert db.session.scalars(select(Report)).all() == []

    def test_is_planned_with_the_report_and_ended_on_its_form(self, office: Office) -> None:
        office.post("/admin/reports/new/", WANTED)
        report = db.session.scalars(select(Report)).one()
        planned = (report.is_scheduled, report.schedule_frequency, report.recipients)
        next_run_at = report.next_run_at
        form = office.get(f"/admin/reports/edit/?id={report.id}").text

        office.post(
            f"/admin/reports/edit/?id={report.id}",
            version_in(form) | {"report_name": "Every Monday", "recipients": ""},
        )

        db.session.refresh(report)
        assert planned == (True, ScheduleFrequency.WEEKLY, ["office@example.com"])
        assert next_run_at is not None
        assert (report.report_name, report.is_scheduled) == ("Every Monday", False)
        assert (report.next_run_at, report.recipients) == (None, [])
