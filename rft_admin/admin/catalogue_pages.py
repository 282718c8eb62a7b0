"""What the pages of courses, venues, trainers and codes say above their facts."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from sqlalchemy import func, select

from rft_admin.admin.cells import MAP
from rft_admin.admin.computed import FILL
from rft_admin.admin.details import Figure, Notice
from rft_admin.admin.panels import Panel
from rft_admin.admin.rights import can
from rft_admin.bookings.models import Booking, BookingInquiry
from rft_admin.catalogue import teaching
from rft_admin.catalogue.models import (
    CourseMaterial,
    CourseSchedule,
    DiscountCode,
    ScheduleStatus,
)
from rft_admin.core import clock
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.formats import format_number, format_short_date
from rft_admin.core.money import format_pounds
from rft_admin.delivery.models import Certificate
from rft_admin.payments.sums import sums_of

#: What a course brought in is told for so long.
TAKINGS = timedelta(days=365)
MOST_COUNTED = 10_000


def _is_coming() -> Any:
    return CourseSchedule.start_datetime > clock.now()


def _is_past() -> Any:
    return CourseSchedule.end_datetime < clock.now()


def _dates(title: str, key: str, columns: tuple[str, ...], *, past: bool = False) -> Panel:
    return Panel(
        title,
        CourseSchedule,
        key,
        columns,
        only=_is_past if past else _is_coming,
        scope="past" if past else "upcoming",
        order=("-start_datetime",) if past else ("start_datetime",),
        computed=(FILL,),
    )


COURSE_PANELS = (
    _dates("Dates to come", "course_id", ("start_datetime", "venue_id", "trainer_id", "status")),
    _dates("Past dates", "course_id", ("start_datetime", "venue_id", "status"), past=True),
    Panel(
        "Materials",
        CourseMaterial,
        "course_id",
        ("title", "material_type", "is_public", "version"),
        order=("display_order", "id"),
    ),
    Panel(
        "Discount codes",
        DiscountCode,
        "course_id",
        ("code", "discount_value", "valid_until", "usage_count", "is_active"),
    ),
    Panel(
        "Inquiries",
        BookingInquiry,
        "course_id",
        ("inquiry_reference", "first_name", "number_of_people", "status", "created_at"),
    ),
    Panel(
        "Certificates",
        Certificate,
        "course_id",
        ("certificate_number", "holder_name", "status", "issue_date", "expiry_date"),
    ),
)
VENUE_PANELS = (
    _dates("Dates to come", "venue_id", ("start_datetime", "course_id", "trainer_id", "status")),
    _dates("Past dates", "venue_id", ("start_datetime", "course_id", "status"), past=True),
)
TRAINER_PANELS = (
    _dates("Dates to come", "trainer_id", ("start_datetime", "course_id", "venue_id", "status")),
    _dates("Past dates", "trainer_id", ("start_datetime", "course_id", "status"), past=True),
)
CODE_PANELS = (
    Panel(
        "Bookings",
        Booking,
        "discount_code_id",
        ("booking_reference", "contact_name", "discount_applied", "status", "created_at"),
    ),
)


def course_figures(course: Any) -> list[Figure]:
    """Return price, dates and free places to come, certificates, and what a year brought in."""
    dates, free = _coming(CourseSchedule.course_id == course.id)
    figures = [
        Figure(
            "Price",
            format_pounds(course.price),
            f"{format_number(course.duration_hours)} contact hours",
        ),
        Figure("Dates to come", f"{dates:,}", f"{free:,} places free" if dates else ""),
    ]
    if can("list", Certificate):
        figures.append(Figure("Certificates", _capped(Certificate.course_id == course.id)))
    if can("list", Booking):
        dated = select(CourseSchedule.id).where(CourseSchedule.course_id == course.id)
        bookings = select(Booking.id).where(Booking.course_schedule_id.in_(dated))
        sums = sums_of(bookings, since=clock.now() - TAKINGS)
        figures.append(
            Figure(
                "Kept in twelve months",
                format_pounds(sums.kept),
                f"{format_pounds(sums.owed)} owed" if sums.owed else "",
            )
        )
    return figures


def trainer_figures(trainer: Any) -> list[Figure]:
    """Return the hours taught beside those needed, the dates to come, and the qualification."""
    hours = teaching.hours_taught(trainer, now=clock.now())
    dates, _ = _coming(CourseSchedule.trainer_id == trainer.id)
    is_enough = hours >= teaching.HOURS_NEEDED
    return [
        Figure(
            "Taught in three years",
            f"{format_number(hours)} hours",
            f"{teaching.HOURS_NEEDED} are needed" if not is_enough else "enough",
            tone="" if is_enough else "warn",
            bar=(("taken", min(100, int(100 * hours / Decimal(teaching.HOURS_NEEDED)))),),
        ),
        Figure("Dates to come", f"{dates:,}"),
        _qualification(trainer),
    ]


def trainer_notices(trainer: Any) -> list[Notice]:
    """Return that the qualification is over, ends soon, or is not written down."""
    state = teaching.qualification_state(trainer, london_date(clock.now()))
    if state == "unknown":
        return [Notice("No date is written down until which the qualification is valid.", "info")]
    if state == "valid":
        return []
    day = format_short_date(trainer.qualification_expiry)
    if state == "over":
        return [Notice(f"The qualification ended on {day}: it must be renewed to teach.", "error")]
    return [Notice(f"The qualification ends on {day}.")]


def code_figures(code: Any) -> list[Figure]:
    """Return what the code takes off, and how often it was and may be used."""
    is_percentage = code.discount_type.value == "percentage"
    off = (
        f"{format_number(code.discount_value)} %"
        if is_percentage
        else format_pounds(code.discount_value)
    )
    limit = f"of {code.usage_limit:,}" if code.usage_limit is not None else "without limit"
    until = format_short_date(code.valid_until) if code.valid_until else "no end"
    is_valid = code.is_valid_at(clock.now()) and not code.is_used_up
    return [
        Figure("Takes off", off, "of the price" if is_percentage else "the whole booking"),
        Figure("Used", f"{code.usage_count:,}", limit),
        Figure("Valid until", until, "valid now" if is_valid else "not valid now"),
    ]


def map_of(address: str) -> str:
    """Return where a map shows an address."""
    return MAP + quote_plus(address)


def _qualification(trainer: Any) -> Figure:
    state = teaching.qualification_state(trainer, london_date(clock.now()))
    if trainer.qualification_expiry is None:
        return Figure("Qualification", "Not known", tone="warn")
    tone = {"over": "bad", "soon": "warn"}.get(state, "")
    day = format_short_date(trainer.qualification_expiry)
    return Figure("Qualified until", day, trainer.qualification_number, tone)


def _coming(condition: Any) -> tuple[int, int]:
    """Return how many dates are to come and how many of their places are free, holds counted."""
    taken = func.places_taken(CourseSchedule.id)
    dates, free = db.session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(func.greatest(CourseSchedule.max_capacity - taken, 0)), 0),
        ).where(condition, _is_coming(), CourseSchedule.status != ScheduleStatus.CANCELLED)
    ).one()
    return dates, free


def _capped(condition: Any) -> str:
    ids = select(Certificate.id).where(condition).limit(MOST_COUNTED + 1).subquery()
    number = db.session.scalar(select(func.count()).select_from(ids)) or 0
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"
