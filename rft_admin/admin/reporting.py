"""The screens of what happened: reports and the public pages' events."""

from typing import Any

from flask import redirect, url_for
from flask_admin.form import BaseForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import DateField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from rft_admin.admin.actions import Action, Done, Order
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.fields import StatusField
from rft_admin.admin.registry import details_address, screen
from rft_admin.core import clock
from rft_admin.reporting import reports
from rft_admin.reporting.models import AnalyticsEvent, Report, ReportFormat, ReportStatus
from rft_admin.reporting.queries import QUESTIONS


def _run_again(report: Any, order: Order) -> Done:
    again = reports.run_again(report_id=report.id, now=order.now, by=order.by)
    return Done(f"{again} is being made.", details_address(again))


def _download(report: Any, order: Order) -> BaseResponse:
    reports.download(report_id=report.id)
    return redirect(url_for("admin.file", table="reports", row_id=report.id), code=303)


class NewReportForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """Which report, over which days, in which form."""

    report_type = SelectField(
        "Report", choices=[SelectChoice(key, question.name) for key, question in QUESTIONS.items()]
    )
    format = StatusField("Format", ReportFormat)
    start_date = DateField("From", validators=[Optional()])
    end_date = DateField("To, this day included", validators=[Optional()])


@screen(Report)
class ReportView(TableView):
    """Reports, made by a job and kept for a while."""

    group, icon, singular = "Insight", "chart", "report"
    can_delete = False
    question = "Which figures were asked for, how far are they, and where is the file?"
    column_list = (
        "report_name",
        "format",
        "status",
        "progress",
        "row_count",
        "generated_by_id",
        "created_at",
    )
    column_searchable_list = ("report_name", "report_type")
    column_filters = ("status", "format", "generated_by_id", "created_at")
    default_order = (("id", True),)
    scopes = {"failed": ListScope("Failed", lambda: Report.status == ReportStatus.FAILED)}
    new_form = NewReportForm
    form_columns = ("report_name",)
    not_in_form = {
        name: reason
        for names, reason in (
            (
                (
                    "generated_by_id",
                    "report_type",
                    "parameters",
                    "format",
                    "start_date",
                    "end_date",
                ),
                "as asked; other figures are another report",
            ),
            (
                ("status", "progress", "row_count", "error_message", "file_url", "stored_file_id"),
                "written by the job",
            ),
            (
                ("is_scheduled", "schedule_frequency", "next_run_at", "recipients"),
                "reports by themselves are not offered yet",
            ),
        )
        for name in names
    }
    empty_words = "Ask for a report; it is made in the background and can be downloaded here."
    actions = (
        Action(
            name="download",
            label="Download",
            question="The report's file.",
            run=_download,
            hindrance=lambda row: None if row.stored_file_id else "There is no file.",
            is_immediate=True,
        ),
        Action(
            name="run_again",
            label="Run again",
            question="The same figures, as they are now, become a new report.",
            run=_run_again,
        ),
    )

    def is_changing(self, row: Any) -> bool:
        """Return whether the report is still being made."""
        return row.status in {ReportStatus.QUEUED, ReportStatus.RUNNING}

    def save_new(self, form: BaseForm) -> Any:
        """Ask for the report."""
        return reports.request_report(
            report_type=form.report_type.data,
            report_format=form.format.data,
            start_date=form.start_date.data,
            end_date=form.end_date.data,
            now=clock.now(),
            by=self.actor(),
        )


@screen(AnalyticsEvent)
class AnalyticsEventView(TableView):
    """Steps of visits, without names."""

    group, icon, title, singular = "Insight", "activity", "Visits", "event"
    question = "How far do visitors come: viewed, started, submitted, paid?"
    read_only_because = "Written by the public pages, without names and without cookies."
    column_list = ("created_at", "event_type", "path", "user_id")
    column_labels = {"created_at": "When"}
    column_searchable_list = ("event_type", "path")
    column_filters = ("event_type", "created_at")
    default_order = (("id", True),)
