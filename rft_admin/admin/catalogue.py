"""The screens of what is sold: courses, materials, venues, trainers, dates, discount codes."""

from datetime import timedelta
from functools import partial
from typing import Any

from flask import url_for
from flask_admin.form import BaseForm
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional

from rft_admin.admin import catalogue_pages, schedule_page
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.catalogue_pages import CODE_PANELS, COURSE_PANELS, TRAINER_PANELS, VENUE_PANELS
from rft_admin.admin.details import Figure, Notice
from rft_admin.admin.drilling import this_week
from rft_admin.admin.fields import LondonDateTimeField
from rft_admin.admin.registry import register, screen
from rft_admin.admin.schedule_actions import SCHEDULE_ACTIONS
from rft_admin.admin.schedule_page import SCHEDULE_PANELS
from rft_admin.admin.switching import SWITCH_ACTIONS
from rft_admin.admin.timeline import Source
from rft_admin.bookings import dates
from rft_admin.bookings.decisions import waits_for_decision
from rft_admin.catalogue import schedules
from rft_admin.catalogue.models import (
    Course,
    CourseMaterial,
    CourseSchedule,
    DiscountCode,
    ScheduleStatus,
    Trainer,
    Venue,
)
from rft_admin.core import clock
from rft_admin.delivery import certificates

MOST_DAYS = 4
#: The fields of the days: the number of the day, and which end of it.
DAY_FIELDS = {
    f"day_{number}_{part}": (number, part)
    for number in range(1, MOST_DAYS + 1)
    for part in ("starts", "ends")
}
#: A trainer's qualification that expires so soon stands under "Qualification expiring".
EXPIRING_AHEAD = timedelta(days=90)


def _day_field(number: int, part: str) -> LondonDateTimeField:
    needed = InputRequired("Please fill this in.") if number == 1 else Optional()
    return LondonDateTimeField(f"Day {number} {part}", validators=[needed])


def _break_field() -> IntegerField:
    rules = [Optional(), NumberRange(min=0, max=240)]
    return IntegerField("Breaks a day (minutes)", default=60, validators=rules)


@screen(CourseSchedule)
class CourseScheduleView(TableView):
    """Dated courses; saving calls the catalogue's use case."""

    group, icon, title, singular = "Courses", "calendar", "Dates", "date"
    can_delete = False
    question = "When does which course run, where, by whom, and how full is it?"
    column_list = (
        "course_id",
        "start_datetime",
        "venue_id",
        "trainer_id",
        "status",
        "current_capacity",
        "max_capacity",
        "is_published",
    )
    column_searchable_list = ("course.name", "venue.name", "venue.city")
    column_filters = (
        "course_id",
        "venue_id",
        "trainer_id",
        "status",
        "is_published",
        "start_datetime",
    )
    default_order = (("start_datetime", True),)
    main_date = "start_datetime"
    summed = ("current_capacity", "max_capacity")
    new_words = "New date"
    scopes = {
        "upcoming": ListScope("Upcoming", lambda: CourseSchedule.start_datetime > clock.now()),
        "week": ListScope("This week", lambda: this_week(CourseSchedule.start_datetime)),
        "to_decide": ListScope("To decide", lambda: waits_for_decision(clock.now())),
        "to_certify": ListScope(
            "Certificates to issue", lambda: certificates.has_waiting(clock.now())
        ),
        "running": ListScope(
            "Running", lambda: CourseSchedule.status == ScheduleStatus.IN_PROGRESS
        ),
        "past": ListScope("Past", lambda: CourseSchedule.end_datetime < clock.now()),
    }
    form_columns = (
        "course_id",
        "venue_id",
        "trainer_id",
        "instructor_id",
        "max_capacity",
        "min_places",
        "price_override",
        "group_price",
        "private_for_user_id",
        "site_address",
        "joining_notes",
    )
    form_groups = (
        ("What and where", ("course_id", "venue_id", "trainer_id", "instructor_id"), ""),
        (
            "Days",
            (
                *(
                    f"day_{n}_{part}"
                    for n in range(1, MOST_DAYS + 1)
                    for part in ("starts", "ends")
                ),
                "break_minutes",
            ),
            "As the clock shows it in London. Leave the days empty that there are not.",
        ),
        ("Places and price", ("max_capacity", "min_places", "price_override"), ""),
        (
            "Private course",
            ("private_for_user_id", "group_price", "site_address"),
            "Only for one client: such a date is never published.",
        ),
        ("For those who come", ("joining_notes",), ""),
    )
    extra_fields = {
        name: partial(_day_field, number, part) for name, (number, part) in DAY_FIELDS.items()
    } | {"break_minutes": _break_field}
    not_in_form = {
        "start_datetime": "the first day's start",
        "end_datetime": "the last day's end",
        "status": "changed by the actions",
        "current_capacity": "counted by the database",
        "is_published": "changed by Publish and Unpublish",
        "cancellation_reason": "given when the date is cancelled",
        "hours_override_reason": "given when a date is published that is shorter than its course",
        "decision_asked_at": "written when the office is asked whether the date runs",
    }
    panels = SCHEDULE_PANELS
    actions = SCHEDULE_ACTIONS
    is_all_or_nothing = True

    def headline(self, row: Any) -> list[Figure]:
        """Return the few numbers that tell where the row stands."""
        return schedule_page.figures_of(row)

    def notices(self, row: Any) -> list[Notice]:
        """Return what wants to be done with the row."""
        return schedule_page.notices_of(row)

    def timeline(self, row: Any) -> list[Source]:
        """Return what the row's timeline is made of."""
        return schedule_page.sources_of(row)

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Lead to the register."""
        return [("Register", url_for("admin.register", schedule_id=row.id))]

    def extra_values(self, row: Any) -> dict[str, Any]:
        """Return the days' present times."""
        values: dict[str, Any] = {}
        for number, day in enumerate(row.days[:MOST_DAYS], start=1):
            values[f"day_{number}_starts"] = day.starts_at
            values[f"day_{number}_ends"] = day.ends_at
            values["break_minutes"] = day.break_minutes
        return values

    def save_new(self, form: BaseForm) -> Any:
        """Store a new, unpublished date."""
        return schedules.create_schedule(values=_values(form), days=_days(form), by=self.actor())

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Change the date as far as its life allows."""
        dates.change_schedule(
            row, values=_values(form), days=_days(form), now=clock.now(), by=self.actor()
        )


def _values(form: BaseForm) -> dict[str, Any]:
    values = {name: form[name].data for name in schedules.EDITABLE if name in form}
    for name in ("site_address", "joining_notes"):
        values[name] = values.get(name) or ""
    values["min_places"] = values.get("min_places") or 0
    return values


def _days(form: BaseForm) -> list[schedules.DayTimes]:
    found = []
    for number in range(1, MOST_DAYS + 1):
        starts, ends = form[f"day_{number}_starts"].data, form[f"day_{number}_ends"].data
        if starts is None and ends is None:
            continue
        if starts is None or ends is None:
            raise schedules.DaysWrong
        found.append(
            schedules.DayTimes(
                starts_at=starts, ends_at=ends, break_minutes=form.break_minutes.data or 0
            )
        )
    return found


@screen(Course)
class CourseView(TableView):
    """The catalogue."""

    actions = SWITCH_ACTIONS
    is_all_or_nothing = True
    group, icon, singular = "Courses", "book", "course"
    question = "What do we teach, for how long, and at what price?"
    column_list = (
        "name",
        "course_type",
        "duration_hours",
        "price",
        "max_capacity",
        "certification_validity_years",
        "is_active",
    )
    form_groups = (
        ("The course", ("name", "slug", "course_type", "description"), ""),
        (
            "Hours, places and price",
            ("duration_hours", "price", "max_capacity", "learners_per_trainer"),
            "",
        ),
        (
            "Certificate",
            (
                "certification_validity_years",
                "certificate_basis",
                "certificate_issuer",
                "awarding_body_name",
                "requires_identity_check",
            ),
            "",
        ),
        ("On the website", ("is_active", "display_order"), ""),
    )
    column_searchable_list = ("name", "slug")
    column_filters = ("course_type", "is_active", "price")
    default_order = (("display_order", False), ("name", False))
    scopes = {
        "active": ListScope("On sale", lambda: Course.is_active.is_(True)),
        "inactive": ListScope("Not on sale", lambda: Course.is_active.is_(False)),
    }
    panels = COURSE_PANELS

    def headline(self, row: Any) -> list[Figure]:
        """Return the few numbers that tell where the row stands."""
        return catalogue_pages.course_figures(row)


@screen(CourseMaterial)
class CourseMaterialView(TableView):
    """What learners read and watch."""

    group, icon, title, singular = "Courses", "file", "Materials", "material"
    question = "What do learners of a course get to read, watch or do?"
    column_list = (
        "title",
        "course_id",
        "material_type",
        "is_public",
        "requires_completion",
        "version",
    )
    column_searchable_list = ("title", "description", "course.name")
    column_filters = ("course_id", "material_type", "is_public")
    default_order = (("course_id", False), ("display_order", False))
    not_in_form = {"stored_file_id": "stored on a page of its own"}

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Lead to the stored file, and to the page where it is stored."""
        found = []
        if row.stored_file_id:
            found.append(
                ("Download", url_for("admin.file", table="course_materials", row_id=row.id))
            )
        if self.may("edit"):
            words = "Replace the file" if row.stored_file_id else "Store a file"
            found.append((words, url_for("admin.material_file", material_id=row.id)))
        return found


@screen(Venue)
class VenueView(TableView):
    """Where courses are given."""

    actions = SWITCH_ACTIONS
    is_all_or_nothing = True
    group, icon, singular = "Courses", "pin", "venue"
    question = "Where do we teach, how many fit in, and how does one get there?"
    column_list = ("name", "city", "postcode", "capacity", "allows_concurrent", "is_active")
    form_groups = (
        ("Address", ("name", "address_line1", "address_line2", "city", "postcode"), ""),
        ("The room", ("capacity", "facilities", "parking_info"), ""),
        ("Use", ("is_active", "allows_concurrent"), ""),
    )
    column_searchable_list = ("name", "city", "postcode", "address_line1")
    column_filters = ("city", "is_active", "allows_concurrent")
    default_order = (("name", False),)
    panels = VENUE_PANELS

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Change the venue; who has booked is told of an address that is new."""
        before = row.address
        super().save_changes(form, row)
        if row.address != before:
            dates.tell_address(row, now=clock.now(), by=self.actor())


@screen(Trainer)
class TrainerView(TableView):
    """Who teaches."""

    actions = SWITCH_ACTIONS
    is_all_or_nothing = True
    group, icon, singular = "Courses", "person", "trainer"
    question = "Who may teach what, until when is the qualification valid, who is available?"
    column_list = (
        "user_id",
        "trainer_code",
        "qualification_number",
        "qualification_expiry",
        "is_active",
        "is_available",
        "can_travel",
    )
    form_groups = (
        (
            "Qualification",
            (
                "user_id",
                "trainer_code",
                "qualification_number",
                "qualification_expiry",
                "specializations",
                "bio",
            ),
            "",
        ),
        (
            "Work",
            ("hourly_rate", "is_active", "is_available", "can_travel", "max_travel_miles"),
            "",
        ),
    )
    column_searchable_list = (
        "trainer_code",
        "qualification_number",
        "user.full_name",
        "user.email",
    )
    column_filters = ("is_active", "is_available", "can_travel", "qualification_expiry")
    default_order = (("trainer_code", False),)
    scopes = {
        "available": ListScope(
            "Available",
            lambda: Trainer.is_active.is_(True) & Trainer.is_available.is_(True),
        ),
        "expiring": ListScope(
            "Qualification expiring",
            lambda: Trainer.qualification_expiry <= clock.london_date(clock.now() + EXPIRING_AHEAD),
        ),
    }
    panels = TRAINER_PANELS

    def headline(self, row: Any) -> list[Figure]:
        """Return the few numbers that tell where the row stands."""
        return catalogue_pages.trainer_figures(row)

    def notices(self, row: Any) -> list[Notice]:
        """Return what wants to be done with the row."""
        return catalogue_pages.trainer_notices(row)


class DiscountCodeView(TableView):
    """Words that make a booking cheaper."""

    actions = SWITCH_ACTIONS
    is_all_or_nothing = True
    group, icon, singular = "Courses", "percent", "discount code"
    question = "Which codes are valid, for what, and how often were they used?"
    column_list = (
        "code",
        "discount_type",
        "discount_value",
        "course_id",
        "valid_until",
        "usage_count",
        "usage_limit",
        "is_active",
    )
    column_searchable_list = ("code", "description")
    column_filters = ("discount_type", "is_active", "course_id", "valid_until")
    default_order = (("id", True),)
    scopes = {
        "active": ListScope("Active", lambda: DiscountCode.is_active.is_(True)),
        "inactive": ListScope("Inactive", lambda: DiscountCode.is_active.is_(False)),
    }
    not_in_form = {"usage_count": "counted by the database"}
    panels = CODE_PANELS

    def headline(self, row: Any) -> list[Figure]:
        """Return the few numbers that tell where the row stands."""
        return catalogue_pages.code_figures(row)


register(DiscountCode, DiscountCodeView)
