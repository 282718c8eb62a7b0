"""Who may open a booking: a signed link once, then the cookie it was exchanged for; else 404."""

import re
from datetime import datetime

from flask import abort, request
from sqlalchemy import select

from rft_admin.bookings import links
from rft_admin.bookings.models import Booking
from rft_admin.core.database import db
from rft_admin.public import visitor

REFERENCE = re.compile(r"[A-Za-z0-9-]{4,40}")


def open_by_link(reference: str, *, now: datetime) -> Booking | None:
    """Return the booking of the link in the address and let this browser open it from now on."""
    token = request.args.get("t", "")
    if not token or not REFERENCE.fullmatch(reference):
        return None
    booking = links.find_by_link(reference, token, now=now)
    if booking is not None:
        visitor.remember_booking(booking.id, booking.links_version)
    return booking


def open_booking(reference: str) -> Booking:
    """Return the booking if this browser may open it; a stranger sees the same as for none: 404."""
    booking = _find(reference)
    if booking is None or not visitor.may_open(booking.id, booking.links_version):
        abort(404)
    return booking


def _find(reference: str) -> Booking | None:
    if not REFERENCE.fullmatch(reference):
        return None
    return db.session.scalar(select(Booking).where(Booking.booking_reference == reference.upper()))
