"""Taking a row of the catalogue out of use, and back: nothing that exists is touched."""

from typing import Any

from rft_admin.admin.actions import Action, Done, Order
from rft_admin.admin.registry import details_address


def _deactivate(row: Any, _order: Order) -> Done:
    row.is_active = False
    return Done(f"{row} is out of use.", details_address(row))


def _activate(row: Any, _order: Order) -> Done:
    row.is_active = True
    return Done(f"{row} is in use again.", details_address(row))


def _out_of_use(row: Any) -> str | None:
    return None if row.is_active else "Out of use already."


def _in_use(row: Any) -> str | None:
    return "In use already." if row.is_active else None


SWITCH_ACTIONS = (
    Action(
        name="deactivate",
        label="Deactivate",
        question="Not offered for anything new from now on; what exists stays as it is.",
        run=_deactivate,
        hindrance=_out_of_use,
        undone_by="activate",
    ),
    Action(
        name="activate",
        label="Activate",
        question="Offered again at once.",
        run=_activate,
        hindrance=_in_use,
        undone_by="deactivate",
    ),
)
