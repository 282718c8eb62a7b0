"""Columns of panels that are reckoned: how full dates are, who needs something."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import func, select

from rft_admin.admin.panels import Computed
from rft_admin.admin.registry import view_of
from rft_admin.admin.rights import can, scoped
from rft_admin.bookings import places
from rft_admin.bookings.models import SpecialRequirement
from rft_admin.core.database import db


def _fills(schedules: Sequence[Any]) -> Mapping[int, Markup]:
    seats = places.availability([schedule.id for schedule in schedules])
    return {
        schedule_id: Markup(
            '<span class="nowrap"><meter min="0" max="{1}" value="{0}"></meter> {0} of {1}</span>'
        ).format(seat.taken, seat.capacity)
        for schedule_id, seat in seats.items()
    }


def _needs(attendees: Sequence[Any]) -> Mapping[int, Markup]:
    """Return how many needs were told for each, linked; never what they are."""
    if not can("list", SpecialRequirement):
        return {}
    told: Any = (
        select(SpecialRequirement.attendee_id.label("id"), func.count().label("number"))
        .where(SpecialRequirement.attendee_id.in_([attendee.id for attendee in attendees]))
        .group_by(SpecialRequirement.attendee_id)
    )
    found = db.session.execute(scoped(SpecialRequirement, told))
    counts: dict[int, int] = {row.id: row.number for row in found}
    return {
        attendee.id: _told(attendee, counts.get(attendee.id, 0))
        for attendee in attendees
        if attendee.may_have_needs or attendee.id in counts
    }


def _told(attendee: Any, number: int) -> Markup:
    if not number:
        return Markup("may have some, not told yet")
    view = view_of(SpecialRequirement.__tablename__)
    address = view.filter_url("attendee_id", attendee.id) if view else None
    return Markup('<a href="{}">{} told</a>').format(address or "", number)


FILL = Computed("Places", _fills)
NEEDS = Computed("Needs", _needs)
