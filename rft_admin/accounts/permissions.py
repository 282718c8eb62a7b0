"""Who may do what: one table of role, table and verb; every screen and action asks it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import FromClause, Select, Table, exists, false, select

from rft_admin.accounts.models import Role, User
from rft_admin.core.database import Base, Model, db

LOOK = frozenset({"list", "view", "export"})
WRITE = LOOK | {"create", "edit"}
ALL = WRITE | {"delete"}


@dataclass(frozen=True)
class Scope:
    """Which rows of a table a person's role opens."""

    #: Completes "of these rows only: …".
    words: str
    condition: Callable[[User, FromClause], Any]


@dataclass(frozen=True)
class Grant:
    """What one role may do with one table."""

    verbs: frozenset[str]
    #: Narrows the rows; None is all of them.
    scope: Scope | None = None
    #: The fields that may be edited; None is all that the screen offers.
    editable: frozenset[str] | None = None
    #: The fields that are not shown.
    hidden: frozenset[str] = field(default=frozenset())


def can(
    user: User | None,
    verb: str,
    table: str | type[Model],
    *,
    row: Model | None = None,
    field: str | None = None,
) -> bool:
    """Return whether the user may do that, with the table, a row of it, or one field.

    :param verb: list, view, create, edit, delete, export or `action:<name>`.
    :param row: a stored row; it has to be among those the user's scope holds.
    :param field: a column's name.
    """
    grant = _grant(user, table)
    if user is None or grant is None or verb not in grant.verbs:
        return False
    if field is not None and not _may_use_field(grant, verb, field):
        return False
    return row is None or grant.scope is None or _is_in_scope(user, grant.scope, row)


def may_use(user: User | None, verb: str, fields: Iterable[tuple[str, str]]) -> bool:
    """Return whether the user may do that with each of the fields, given as table and name."""
    if user is None or not user.may_enter_office:
        return False
    grants = GRANTS.get(user.role, {})
    for table, name in fields:
        grant = grants.get(table)
        if grant is None or verb not in grant.verbs or not _may_use_field(grant, verb, name):
            return False
    return True


def hidden_fields(user: User | None, table: str | type[Model]) -> frozenset[str]:
    """Return the fields of a table that the user's role must not see, whatever names them."""
    grant = _grant(user, table)
    return grant.hidden if grant is not None else frozenset()


def scope(
    user: User | None, model: type[Model], statement: Select[Any], verb: str = "list"
) -> Select[Any]:
    """Return the statement narrowed to the rows of the model that the user may see."""
    grant = _grant(user, model)
    if user is None or grant is None or verb not in grant.verbs:
        return statement.where(false())
    if grant.scope is None:
        return statement
    return statement.where(grant.scope.condition(user, model.__table__))


def add_grant(role: Role, table: str, given: Grant) -> None:
    """Add what a role may do with a table that this file does not name: a new screen's line does.

    :raises ValueError: if the table has a grant for the role already; there is one truth.
    """
    grants = GRANTS[role]
    if table in grants and grants[table] != given:
        raise ValueError(f"The role {role.value} has a grant for the table {table} already.")
    grants[table] = given


def is_granted(table: str) -> bool:
    """Return whether any role may list the table."""
    return any("list" in grants[table].verbs for grants in GRANTS.values() if table in grants)


def list_granted(role: Role) -> list[str]:
    """Return the tables that a role may do anything with."""
    return list(GRANTS.get(role, {}))


def _grant(user: User | None, table: str | type[Model]) -> Grant | None:
    if user is None or not user.may_enter_office:
        return None
    name = table if isinstance(table, str) else table.__tablename__
    return GRANTS.get(user.role, {}).get(name)


def _may_use_field(grant: Grant, verb: str, name: str) -> bool:
    if name in grant.hidden:
        return False
    return verb not in {"create", "edit"} or grant.editable is None or name in grant.editable


def _is_in_scope(user: User, narrow: Scope, row: Model) -> bool:
    table = type(row).__table__
    found = exists(select(table.c.id).where(table.c.id == row.id, narrow.condition(user, table)))
    return bool(db.session.scalar(select(found)))


def _table(name: str) -> Table:
    # The rooms above own these tables; a scope knows their keys, not their models.
    return Base.metadata.tables[name]


def _own_schedules(user: User) -> Any:
    schedules = _table("course_schedules")
    return select(schedules.c.id).where(schedules.c.instructor_id == user.id)


def _is_taught_by(user: User, table: FromClause) -> Any:
    return table.c.instructor_id == user.id


def _is_of_own_schedule(user: User, table: FromClause) -> Any:
    return table.c.course_schedule_id.in_(_own_schedules(user))


def _is_of_own_register(user: User, table: FromClause) -> Any:
    return table.c.course_session_id.in_(_own_schedules(user))


def _is_booked_on_own_schedule(user: User, table: FromClause) -> Any:
    bookings = _table("bookings")
    return table.c.booking_id.in_(
        select(bookings.c.id).where(bookings.c.course_schedule_id.in_(_own_schedules(user)))
    )


def _is_shared_and_own(user: User, table: FromClause) -> Any:
    return table.c.share_with_trainer & _is_booked_on_own_schedule(user, table)


def _is_own(user: User, table: FromClause) -> Any:
    return table.c.user_id == user.id


OWN_DATES = Scope("dates that the person teaches", _is_taught_by)
OF_OWN_DATES = Scope("of dates that the person teaches", _is_of_own_schedule)
OF_OWN_REGISTERS = Scope("in registers of dates that the person teaches", _is_of_own_register)
BOOKED_ON_OWN_DATES = Scope("booked on dates that the person teaches", _is_booked_on_own_schedule)
SHARED_AND_OWN = Scope(
    "shared with the trainer, of dates that the person teaches", _is_shared_and_own
)
OWN = Scope("the person's own", _is_own)


def _actions(*names: str) -> frozenset[str]:
    return frozenset(f"action:{name}" for name in names)


_SWITCH = _actions("deactivate", "activate")

#: The contract's table of screens, with its actions.
_ADMIN: dict[str, Grant] = {
    "courses": Grant(ALL | _SWITCH),
    "venues": Grant(ALL | _SWITCH),
    "trainers": Grant(ALL | _SWITCH),
    "course_materials": Grant(ALL),
    "discount_codes": Grant(ALL | _SWITCH),
    "settings": Grant(LOOK | {"edit"}),
    "users": Grant(ALL | _actions("deactivate", "activate", "unlock", "send_password_reset")),
    "notifications": Grant(ALL | _actions("mark_read")),
    "course_schedules": Grant(
        WRITE
        | _actions("publish", "unpublish", "cancel_schedule", "complete", "duplicate")
        | _actions("email_attendees", "issue_certificates", "decide_to_run", "make_series")
    ),
    "bookings": Grant(
        WRITE
        | _actions("confirm", "cancel", "reinstate", "transfer", "resend_confirmation")
        | _actions("record_payment", "request_refund", "issue_certificate", "send_reminder")
        | _actions("cancel_places", "send_payment_link")
    ),
    "refunds": Grant(WRITE | _actions("approve_refund", "reject_refund", "retry_refund")),
    "special_requirements": Grant(WRITE),
    "booking_inquiries": Grant(WRITE | _actions("respond", "quote", "convert_to_booking", "close")),
    "attendance_records": Grant(WRITE),
    "certificates": Grant(WRITE | _actions("revoke", "resend_certificate", "reissue")),
    "reports": Grant(WRITE | _actions("run_again", "download")),
    "payment_transactions": Grant(LOOK | {"create"}),
    "admin_activity_logs": Grant(LOOK),
    "admin_sessions": Grant(LOOK | _actions("end_session")),
    "action_runs": Grant(LOOK | _actions("stop", "carry_on")),
    "password_resets": Grant(LOOK),
    "email_logs": Grant(LOOK | _actions("resend")),
    "analytics_events": Grant(LOOK),
    # Beside the 22: looked at inside their owners' screens.
    "office_notes": Grant(ALL),
    "booking_attendees": Grant(LOOK | {"edit"}),
    "course_schedule_days": Grant(ALL),
    "invoices": Grant(LOOK),
    "stripe_events": Grant(LOOK | _actions("replay")),
    "reconciliation_differences": Grant(LOOK | _actions("resolve")),
    "stored_files": Grant(LOOK),
}

_INSTRUCTOR: dict[str, Grant] = {
    "courses": Grant(LOOK),
    "venues": Grant(LOOK),
    "course_materials": Grant(LOOK),
    "course_schedules": Grant(
        LOOK | _actions("complete"), scope=OWN_DATES, hidden=frozenset({"group_price"})
    ),
    "course_schedule_days": Grant(LOOK, scope=OF_OWN_DATES),
    "booking_attendees": Grant(
        frozenset({"list", "view"}),
        scope=BOOKED_ON_OWN_DATES,
        hidden=frozenset({"price", "email"}),
    ),
    "attendance_records": Grant(WRITE, scope=OF_OWN_REGISTERS),
    "special_requirements": Grant(frozenset({"list", "view"}), scope=SHARED_AND_OWN),
    "trainers": Grant(
        frozenset({"list", "view", "edit"}),
        scope=OWN,
        editable=frozenset(
            {"bio", "specializations", "is_available", "can_travel", "max_travel_miles"}
        ),
    ),
    "notifications": Grant(frozenset({"list", "view"}) | _actions("mark_read"), scope=OWN),
    "action_runs": Grant(frozenset({"list", "view"}) | _actions("stop", "carry_on"), scope=OWN),
}

#: Customers have no row: their bookings open by the link in their letters, never by the admin.
GRANTS: dict[Role, dict[str, Grant]] = {Role.ADMIN: _ADMIN, Role.INSTRUCTOR: _INSTRUCTOR}
