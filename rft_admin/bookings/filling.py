"""How full a date is: what is taken for good, what is only held, what is free."""

from dataclasses import dataclass

from sqlalchemy import func, select, text

from rft_admin.bookings import places
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.core.database import db


@dataclass(frozen=True)
class Filling:
    """The places of a date at this moment."""

    capacity: int
    #: Confirmed, or attended.
    taken: int
    #: By bookings that wait for their payment, and by inquiries.
    held: int

    @property
    def free(self) -> int:
        """Places that can be booked now."""
        return max(0, self.capacity - self.taken - self.held)


def filling_of(schedule_id: int) -> Filling:
    """Return how full a date is; live holds are counted by the database's own clock.

    :raises NotFound: if there is no such date.
    """
    seats = places.availability_of(schedule_id)
    pending = select(func.coalesce(func.sum(Booking.number_of_places), 0)).where(
        Booking.course_schedule_id == schedule_id,
        Booking.status == BookingStatus.PENDING,
        func.coalesce(Booking.hold_expires_at > func.clock_timestamp(), text("true")),
    )
    held = int(db.session.scalar(pending) or 0) + places.inquiry_places(schedule_id)
    return Filling(seats.capacity, seats.taken - held, held)
