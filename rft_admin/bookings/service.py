"""The room's front: what other rooms and the doors ask of bookings, in one list."""

from rft_admin.bookings.dates import change_schedule, tell_address, tell_venue
from rft_admin.bookings.giving_up import cancel_places
from rft_admin.bookings.holds import expire_hold, expire_holds, list_expired_holds
from rft_admin.bookings.links import (
    find_attendee_by_link,
    find_by_link,
    get_by_reference,
    link_for,
    revoke_links,
    send_links,
)
from rft_admin.bookings.moving import transfer, transfer_by_customer
from rft_admin.bookings.names import change_name, change_names
from rft_admin.bookings.places import SoldOut
from rft_admin.bookings.placing import place_booking, turn_away
from rft_admin.bookings.reminders import list_due_reminders, send_reminder
from rft_admin.bookings.rules import is_closed, needs_early_start
from rft_admin.bookings.states import (
    cancel,
    complete,
    confirm,
    mark_no_show,
    reinstate,
    resend_confirmation,
    settle,
)

__all__ = [
    "SoldOut",
    "cancel",
    "cancel_places",
    "change_name",
    "change_names",
    "change_schedule",
    "complete",
    "confirm",
    "expire_hold",
    "expire_holds",
    "find_attendee_by_link",
    "find_by_link",
    "get_by_reference",
    "is_closed",
    "link_for",
    "list_due_reminders",
    "list_expired_holds",
    "mark_no_show",
    "needs_early_start",
    "place_booking",
    "reinstate",
    "resend_confirmation",
    "revoke_links",
    "send_links",
    "send_reminder",
    "settle",
    "tell_address",
    "tell_venue",
    "transfer",
    "transfer_by_customer",
    "turn_away",
]
