"""Tests of the reports' screen: progress that shows by itself until the report is there."""

import pytest

from rft_admin.reporting.models import ReportStatus
from tests.admin.conftest import Office
from tests.factories import ReportFactory


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
