"""The office's own pages: today, the calendar, what is owed, the search, the register, files."""

import calendar
from datetime import date, timedelta
from typing import Any

from flask import Response, abort, jsonify, request
from flask_admin import BaseView
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from rft_admin.accounts import audit
from rft_admin.admin import commands, finding, looks, material_file, register_page, today
from rft_admin.admin.exposing import expose
from rft_admin.admin.registry import view_of
from rft_admin.admin.rights import can, scoped
from rft_admin.admin.search import clean_text, fault_of
from rft_admin.bookings import places
from rft_admin.bookings.models import Booking
from rft_admin.catalogue.models import CourseSchedule, CourseScheduleDay
from rft_admin.core import clock
from rft_admin.core.clock import end_of_london_day, london_date, london_midnight
from rft_admin.core.database import db, transact
from rft_admin.core.files import StoredFile
from rft_admin.core.web import wants_json
from rft_admin.payments import owed
from rft_admin.payments.models import PaymentTransaction

KEEP_COMMANDS_SECONDS = 120
FIRST_YEAR, LAST_YEAR = 2000, 2100


class OfficeView(BaseView):  # type: ignore[misc] # Flask-Admin ships no types
    """The pages that are no table."""

    def __init__(self) -> None:
        super().__init__(name="Today", endpoint="admin", url="/admin")

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        # The original calls the view a second time after any TypeError inside it.
        return fn(self, *args, **kwargs)

    @expose("/")
    def index(self) -> str:
        """Today's work."""
        return str(self.render("admin/today.html", today=today.today(), now=clock.now()))

    @expose("/calendar/")
    def calendar(self) -> str:
        """A month of dated courses."""
        if not can("list", CourseSchedule):
            abort(403)
        first = _read_month(request.args.get("month"))
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
        days = _list_days(weeks[0][0], weeks[-1][-1])
        by_date: dict[date, list[CourseScheduleDay]] = {}
        for day in days:
            by_date.setdefault(london_date(day.starts_at), []).append(day)
        return str(
            self.render(
                "admin/calendar.html",
                first=first,
                before=(first - timedelta(days=1)).replace(day=1),
                after=last + timedelta(days=1),
                weeks=weeks,
                by_date=by_date,
                seats=places.availability({day.course_schedule_id for day in days}),
                today=london_date(clock.now()),
            )
        )

    @expose("/owed/")
    def owed(self) -> str:
        """What is still to be paid, by whom, and since when."""
        if not (can("list", Booking) and can("list", PaymentTransaction)):
            abort(403)
        now = clock.now()
        return str(
            self.render(
                "admin/owed.html",
                lines=owed.list_owed(now),
                most=owed.MOST_SHOWN,
                total=owed.total_owed(),
                overdue=owed.total_overdue(now),
            )
        )

    @expose("/search")
    def search(self) -> str | Response:
        """Search everything."""
        text = clean_text(request.args.get("q"))
        found = finding.find_everywhere(text)
        if wants_json():
            return jsonify(query=text, results=finding.all_rows(found))
        fault = fault_of(text)
        return str(self.render("admin/search.html", global_query=text, found=found, fault=fault))

    @expose("/commands")
    def commands(self) -> Response:
        """What the palette offers beside the search, as JSON that this browser keeps a while."""
        response = jsonify(commands=commands.list_commands())
        response.headers["Cache-Control"] = f"private, max-age={KEEP_COMMANDS_SECONDS}"
        response.headers["Vary"] = "Cookie"
        return response

    @expose("/register/<int:schedule_id>/", methods=("GET", "POST"))
    def register(self, schedule_id: int) -> Any:
        """The register of a date."""
        return register_page.show_or_save(schedule_id)

    @expose("/course_materials/<int:material_id>/file", methods=("GET", "POST"))
    def material_file(self, material_id: int) -> Any:
        """The file of a course material."""
        return material_file.show_or_save(material_id)

    @expose("/look", methods=("POST",))
    def look(self) -> Any:
        """Keep light or dark, the sidebar's width, shortcuts or none."""
        return looks.choose()

    @expose("/files/<table>/<int:row_id>")
    def file(self, table: str, row_id: int) -> Response:
        """The stored file of a row: a certificate's or an invoice's PDF, a report; it is logged."""
        view = view_of(table)
        if view is None or not hasattr(view.model, "stored_file_id"):
            abort(404)
        if not (view.may("view") and view.may("view", field="stored_file_id")):
            abort(403)
        row = view.get_one(row_id)
        stored = db.session.get(StoredFile, row.stored_file_id) if row.stored_file_id else None
        if stored is None:
            abort(404)
        content, name, media_type = stored.content, stored.file_name, stored.media_type
        by = view.actor()
        transact(
            lambda: audit.record("downloaded", by=by, entity_type=table, entity_id=row_id), by=by
        )
        response = Response(content, mimetype=media_type)
        response.headers.set("Content-Disposition", "attachment", filename=name)
        response.headers["Cache-Control"] = "no-store"
        return response


def _read_month(text: str | None) -> date:
    today_here = london_date(clock.now())
    try:
        first = date.fromisoformat(f"{text}-01") if text else today_here.replace(day=1)
    except ValueError:
        return today_here.replace(day=1)
    return first if FIRST_YEAR <= first.year < LAST_YEAR else today_here.replace(day=1)


def _list_days(first: date, last: date) -> list[CourseScheduleDay]:
    statement = (
        select(CourseScheduleDay)
        .join(CourseScheduleDay.course_schedule)
        .where(
            CourseScheduleDay.starts_at >= london_midnight(first),
            CourseScheduleDay.starts_at < end_of_london_day(last),
        )
        .options(
            joinedload(CourseScheduleDay.course_schedule, innerjoin=True).options(
                joinedload(CourseSchedule.course, innerjoin=True), joinedload(CourseSchedule.venue)
            )
        )
        .order_by(CourseScheduleDay.starts_at, CourseScheduleDay.id)
    )
    statement = statement.where(
        CourseScheduleDay.course_schedule_id.in_(scoped(CourseSchedule, select(CourseSchedule.id)))
    )
    return list(db.session.scalars(statement).unique())
