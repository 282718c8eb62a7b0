"""Every path that takes a place goes through `places.take`: tried on the source itself."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import rft_admin

PACKAGE = Path(rft_admin.__file__).parent
#: Rows that hold places.
HOLDERS = {"Booking", "BookingAttendee", "BookingInquiry"}
#: What takes a place when it is written with a value, and what when it is emptied.
HOLDS = {
    *("hold_expires_at", "number_of_places", "number_of_people"),
    *("course_schedule_id", "course_schedule", "course_session_id", "course_session"),
}
EMPTIED = {"cancelled_at"}
#: States of a booking that take no place that it has not.
GIVES_BACK = {"CANCELLED", "COMPLETED", "NO_SHOW"}


@dataclass
class Function:
    """What a function does, as far as places go."""

    name: str
    takes: bool = False
    writes: bool = False
    calls: set[str] = field(default_factory=set)


def functions_of(source: str) -> dict[str, Function]:
    """Return the functions of a module, methods among them; inner ones belong to the outer."""
    found: dict[str, Function] = {}
    tree = ast.parse(source)
    bodies = [node for node in tree.body if not isinstance(node, ast.ClassDef)]
    bodies += [inner for node in tree.body if isinstance(node, ast.ClassDef) for inner in node.body]
    for node in bodies:
        name = node.name if isinstance(node, ast.FunctionDef) else "<module>"
        function = found.setdefault(name, Function(name))
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                called = ast.unparse(inner.func)
                function.calls.add(called)
                function.takes |= called in {"places.take", "take"}
            function.writes |= _takes_a_place(inner)
    return found


def _takes_a_place(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).rpartition(".")[2]
        made = called in HOLDERS
        by_sql = called in {"insert", "update"} and any(
            ast.unparse(argument).rpartition(".")[2] in HOLDERS for argument in node.args[:1]
        )
        return made or by_sql
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) or node.value is None:
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = {target.attr for target in targets if isinstance(target, ast.Attribute)}
    value = ast.unparse(node.value)
    if "status" in names and value.startswith("BookingStatus."):
        return value.removeprefix("BookingStatus.") not in GIVES_BACK
    return bool(names & (EMPTIED if value == "None" else HOLDS))


def ungranted(functions: dict[str, Function]) -> Iterator[str]:
    """Yield the functions that write what takes a place and that nobody grants it to.

    It is granted to a function that calls `places.take`, or one that does, and to a private one
    that is called by such functions only.
    """
    granting = {name for name, one in functions.items() if one.takes}
    granting |= {name for name, one in functions.items() if one.calls & granting}

    def is_granted(name: str, on_the_way: frozenset[str] = frozenset()) -> bool:
        if name in granting:
            return True
        callers = {caller for caller, one in functions.items() if name in one.calls} - {name}
        if not name.startswith("_") or not callers or name in on_the_way:
            return False
        return all(is_granted(caller, on_the_way | {name}) for caller in callers)

    for name, one in functions.items():
        if one.writes and not is_granted(name):
            yield name


def test_nothing_takes_a_place_but_by_the_one_function() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}:{name}"
        for path in PACKAGE.rglob("*.py")
        for name in ungranted(functions_of(path.read_text()))
    }

    assert found == set()


def test_the_paths_of_the_specification_are_all_seen() -> None:
    taking = {
        f"{path.relative_to(PACKAGE)}:{name}"
        for path in PACKAGE.rglob("*.py")
        for name, one in functions_of(path.read_text()).items()
        if one.takes
    }

    assert taking == {
        "bookings/placing.py:place_booking",
        "bookings/inquiries.py:_may_hold",
        "bookings/moving.py:transfer",
        "bookings/moving.py:transfer_by_customer",
        "bookings/states.py:confirm",
        "bookings/states.py:settle",
        "bookings/states.py:reinstate",
        "payments/checkout.py:_carry_hold",
    }


@pytest.mark.parametrize(
    "fault",
    [
        "def quick(order):\n    db.session.add(Booking(user_id=1))",
        "def one_more(booking):\n    booking.attendees.append(models.BookingAttendee())",
        "def revive(booking):\n    booking.status = BookingStatus.CONFIRMED",
        "def keep(booking, until):\n    booking.hold_expires_at = until",
        "def shift(booking, target):\n    booking.course_schedule_id = target.id",
        "def shift(booking, target):\n    booking.course_schedule = target",
        "def revive(place):\n    place.cancelled_at = None",
        "def bulk():\n    db.session.execute(update(Booking).values(status='confirmed'))",
        # One of the callers asks nobody.
        "def good():\n    places.take(1, 1)\n    _write()\n"
        "def bad():\n    _write()\n"
        "def _write():\n    booking.status = BookingStatus.PENDING",
        "class Door:\n    def post(self):\n        return Booking()",
    ],
)
def test_a_new_path_around_it_is_seen(fault: str) -> None:
    assert list(ungranted(functions_of(fault))) != []
