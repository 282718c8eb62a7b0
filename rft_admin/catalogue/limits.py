"""What a date must keep: no more places than the trainer may teach and the venue holds."""

from rft_admin.catalogue.models import Course, CourseSchedule, Venue
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError

#: Another of these may allow fewer places than before.
DECIDING = frozenset({"course_id", "venue_id", "max_capacity"})


class MoreThanAllowed(DomainError):
    """That is more places than one trainer may teach or the venue holds."""

    field = "max_capacity"


def refuse_too_many(schedule: CourseSchedule) -> None:
    """Refuse more places than one trainer may teach, or than the venue holds.

    A course states how many learners a trainer may have: twelve, by HSE's guidance for first aid.

    :raises MoreThanAllowed: with the number that is possible.
    """
    with db.session.no_autoflush:
        course = db.session.get_one(Course, schedule.course_id)
        venue = db.session.get(Venue, schedule.venue_id) if schedule.venue_id else None
    most = course.learners_per_trainer
    if schedule.max_capacity > most:
        raise MoreThanAllowed(f"One trainer may teach at most {most} people on {course.name}.")
    if venue and venue.capacity is not None and schedule.max_capacity > venue.capacity:
        raise MoreThanAllowed(f"{venue.name} holds at most {venue.capacity} people.")
