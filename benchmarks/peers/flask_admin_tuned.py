"""Flask-Admin as one who knows it would tune it: nested joined loading, no count, ajax keys."""

from typing import Any

from sqlalchemy.orm import joinedload

from benchmarks.peers.counting import counted
from benchmarks.peers.flask_admin_stock import BookingView, build
from rft_admin.bookings.models import Booking
from rft_admin.catalogue.models import CourseSchedule


class TunedBookingView(BookingView):
    """The same list, tuned."""

    simple_list_pager = True
    form_ajax_refs = {
        "user": {"fields": ("first_name", "last_name", "email"), "page_size": 10},
        "course_schedule": {"fields": ("status",), "page_size": 10},
        "discount_code": {"fields": ("code",), "page_size": 10},
    }

    def get_query(self) -> Any:
        """Load what the columns show in one statement."""
        schedule = joinedload(Booking.course_schedule, innerjoin=True)
        return (
            super()
            .get_query()
            .options(schedule.joinedload(CourseSchedule.course, innerjoin=True))
            .options(schedule.joinedload(CourseSchedule.venue))
        )

    def get_count_query(self) -> None:
        """Count nothing."""


app = counted(build(TunedBookingView))
