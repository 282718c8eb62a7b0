"""The screens of what happened: reports and the public pages' events."""

from typing import Any

from flask import redirect, url_for
from flask_admin.form import BaseForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import BooleanField, DateField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from rft_admin.admin.actions import Action, Done, Order
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.fields import StatusField
from rft_admin.admin.fields_of_json import LinesField
from rft_admin.admin.forms import apply_form
from rft_admin.admin.registry import details_address, screen
from rft_admin.core import clock
from rft_admin.reporting import reports, scheduling
from rft_admin.reporting.models import (
    AnalyticsEvent,
    Report,
    ReportFormat,
    ReportStatus,
    ScheduleFrequency,
)
from rft_admin.reporting.queries import QUESTIONS


def _run_again(report: Any, order: Order) -> Done:
    again = reports.run_again(report_id=report.id, now=order.now, by=order.by)
    return Done(f"{again} is being made.", details_address(again))


def _download(report: Any, order: Order) -> BaseResponse:
    reports.download(report_id=report.id)
    return redirect(url_for("admin.file", table="reports", row_id=report.id), code=303)


BY_ITSELF = "At six in the morning, about the day, week or month that has passed."
TOLD = "E-mail addresses of admins, one a line. The file stays behind the sign-in."


class NewReportForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """Which report, over which days, in which form."""

    report_type = SelectField(
        "Report", choices=[SelectChoice(key, question.name) for key, question in QUESTIONS.items()]
    )
    format = StatusField("Format", ReportFormat)
    start_date = DateField("From", validators=[Optional()])
    end_date = DateField("To, this day included", validators=[Optional()])
    is_scheduled = BooleanField("Comes by itself", description=BY_ITSELF)
    schedule_frequency = StatusField("How often", ScheduleFrequency, may_be_empty=True)
    recipients = LinesField("Told by letter", description=TOLD)


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
    scopes = {
        "planned": ListScope("Come by themselves", lambda: Report.is_scheduled),
        "failed": ListScope("Failed", lambda: Report.status == ReportStatus.FAILED),
    }
    new_form = NewReportForm
    form_columns = ("report_name", "is_scheduled", "schedule_frequency", "recipients")
    column_descriptions = {"is_scheduled": BY_ITSELF, "recipients": TOLD}
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
            (("next_run_at",), "reckoned from how often it comes"),
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
        """Ask for the report, and let it come by itself if that is wanted."""
        report = reports.request_report(
            report_type=form.report_type.data,
            report_format=form.format.data,
            start_date=form.start_date.data,
            end_date=form.end_date.data,
            now=clock.now(),
            by=self.actor(),
        )
        return self._plan(form, report)

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Rename the report, and let it come by itself or no more."""
        apply_form(form, row, ["report_name"])
        self._plan(form, row)

    def _plan(self, form: BaseForm, report: Report) -> Report:
        return scheduling.plan(
            report=report,
            is_scheduled=form.is_scheduled.data,
            frequency=form.schedule_frequency.data,
            recipients=form.recipients.data or [],
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
