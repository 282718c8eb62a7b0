"""The letter that tells of a report which came by itself."""

from datetime import datetime

from rft_admin.core.links import absolute
from rft_admin.messaging import service as messaging
from rft_admin.reporting.models import Report


def report_ready(report: Report, *, now: datetime) -> None:
    """Tell everybody who wanted it where the report is; the file stays behind the sign-in."""
    for address in report.recipients:
        messaging.queue_letter(
            template="report_ready",
            to=address,
            subject=f"Report: {report}",
            context={
                "report": str(report),
                "rows": report.row_count or 0,
                "report_url": absolute(f"/admin/reports/details/?id={report.id}"),
            },
            now=now,
        )
