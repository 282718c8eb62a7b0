"""The audit: every change inside a unit of work leaves a row, in the same transaction."""

import enum
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import event, insert, inspect, select
from sqlalchemy.orm import InstanceState, Session
from sqlalchemy.orm.attributes import History

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.core.actor import Actor
from rft_admin.core.database import Audited, Json, Model, db

#: What the changes say of a value that must not be read there.
CHANGED = "changed"

#: Tables whose rows are a trail themselves or come by the thousand without anybody's decision.
UNAUDITED_TABLES = frozenset(
    {
        AdminActivityLog.__tablename__,
        "action_runs",
        "action_run_rows",
        "analytics_events",
        "rate_limits",
    }
)
#: Fields that the system keeps for itself; a change of nothing else leaves no row.
NOISE = frozenset({"id", "created_at", "updated_at", "row_version", "created_by_id"})
SECRET_WORDS = ("password", "token", "encrypted", "secret")
#: Not a secret in spite of its name: whether a person has to choose a new password.
NOT_SECRET = frozenset({"must_change_password"})

_OLD_VALUES = "audit_old_values"
_ACTION = "audit_action"
_NOTED = "audit_noted"


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """One row of the log to be."""

    action: str
    entity_type: str
    entity_id: int | None
    changes: Json


def install() -> None:
    """Let every ORM session with an actor write the trail; calling it again changes nothing."""
    for name, listener in (("before_flush", _before_flush), ("after_flush", _after_flush)):
        if not event.contains(Session, name, listener):
            event.listen(Session, name, listener)


@contextmanager
def acting(action: str, *, by: Actor | None = None) -> Iterator[None]:
    """Name what is changed inside by its use case, for example `refund_approved`.

    :param by: who does it, where that shows only on the way: a password has been proved.
    """
    session = db.session()
    session.flush()
    outer = {key: session.info.get(key) for key in (_ACTION, "actor")}
    session.info[_ACTION] = action
    if by is not None and outer["actor"] is not None:
        session.info["actor"] = by
    try:
        yield
        session.flush()
    finally:
        for key, value in outer.items():
            _restore(session, key, value)


@contextmanager
def noting() -> Iterator[set[tuple[str, int | None]]]:
    """Collect of which rows, by table and id, the trail tells what is done inside."""
    session = db.session()
    outer = session.info.get(_NOTED)
    noted: set[tuple[str, int | None]] = set()
    session.info[_NOTED] = noted
    try:
        yield noted
    finally:
        _restore(session, _NOTED, outer)


def record(
    action: str,
    *,
    by: Actor,
    entity: Model | None = None,
    entity_type: str | None = None,
    entity_id: int | None = None,
    changes: Json | None = None,
    reason: str | None = None,
) -> None:
    """Write a row for what is no change by the ORM: a look at a secret, an export, bulk SQL.

    :param entity: the row it is about, flushed; else name its table and id.
    :param reason: instead of the actor's own.
    """
    entry = _Entry(
        action=action,
        entity_type=entity.__tablename__ if entity is not None else entity_type or "",
        entity_id=entity.id if entity is not None else entity_id,
        changes={key: _plain(value) for key, value in (changes or {}).items()},
    )
    _write(db.session(), [entry], by=by, reason=reason)


def list_history(entity_type: str, entity_id: int) -> list[AdminActivityLog]:
    """Return what happened to one row alone, the newest first; `trail` reads with its parts."""
    return list(
        db.session.scalars(
            select(AdminActivityLog)
            .where(
                AdminActivityLog.entity_type == entity_type,
                AdminActivityLog.entity_id == entity_id,
            )
            .order_by(AdminActivityLog.id.desc())
        )
    )


def is_unquoted(model: type[Model], key: str) -> bool:
    """Return whether a column's values stay out of the log, and out of what is shown of it."""
    column = inspect(model).columns.get(key)
    info = column.info if column is not None else {}
    if info.get("sensitive") or info.get("unquoted"):
        return True
    return key not in NOT_SECRET and any(word in key for word in SECRET_WORDS)


def changes_sha256(changes: Json) -> str:
    """Return the digest of the changes in their one canonical spelling, hexadecimal."""
    canonical = json.dumps(changes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _restore(session: Session, key: str, value: object) -> None:
    if value is None:
        session.info.pop(key, None)
    else:
        session.info[key] = value


def _before_flush(session: Session, *_: object) -> None:
    actor = session.info.get("actor")
    if actor is None:
        return
    for row in session.new:
        if isinstance(row, Audited):
            _sign(row, actor, is_new=True)
    for row in session.dirty:
        if isinstance(row, Audited) and session.is_modified(row, include_collections=False):
            _sign(row, actor, is_new=False)
    session.info[_OLD_VALUES] = {
        row: _read_old_values(session, row) for row in session.dirty if _is_audited(row)
    }
    for row in filter(_is_audited, session.deleted):
        _load(row)


def _after_flush(session: Session, *_: object) -> None:
    old_values = session.info.pop(_OLD_VALUES, {})
    actor = session.info.get("actor")
    if actor is None:
        return
    new = [_entry_of_new(row) for row in session.new if _is_audited(row)]
    changed = [_entry_of_change(row, old_values.get(row, {})) for row in session.dirty]
    deleted = [_entry_of_deleted(row) for row in session.deleted if _is_audited(row)]
    named = session.info.get(_ACTION)
    _write(session, list(filter(None, [*new, *changed, *deleted])), by=actor, named=named)


def _write(
    session: Session,
    entries: list[_Entry],
    *,
    by: Actor,
    named: str | None = None,
    reason: str | None = None,
) -> None:
    if not entries:
        return
    rows = [
        {
            "user_id": by.user_id,
            "action": named or entry.action,
            "entity_type": entry.entity_type,
            "entity_id": entry.entity_id,
            "changes": entry.changes,
            "ip_address": by.ip_address,
            "user_agent": by.user_agent,
            "actor_label": by.label,
            "reason": _plain(reason or by.reason),
            "request_id": by.request_id,
            "changes_sha256": changes_sha256(entry.changes),
        }
        for entry in entries
    ]
    session.connection().execute(insert(AdminActivityLog), rows)
    noted: set[tuple[str, int | None]] = session.info.get(_NOTED, set())
    noted.update((entry.entity_type, entry.entity_id) for entry in entries)


def _is_audited(row: object) -> bool:
    return isinstance(row, Model) and row.__tablename__ not in UNAUDITED_TABLES


def _sign(row: Audited, actor: Actor, *, is_new: bool) -> None:
    # A job or a visitor has no user: who changed it last then stays the last known person.
    if actor.user_id is None:
        return
    if is_new and row.created_by_id is None:
        row.created_by_id = actor.user_id
    row.updated_by_id = actor.user_id


def _read_old_values(session: Session, row: Model) -> dict[str, Any]:
    """Ask the database for old values that the row was changed without having been read."""
    state: InstanceState[Any] = inspect(row)
    unread = [
        key
        for key in _columns(state)
        if (history := _history(state, key)).added and not history.deleted
    ]
    if not unread:
        return {}
    mapper = state.mapper
    table = mapper.local_table
    columns = [mapper.columns[key] for key in unread]
    old = session.connection().execute(select(*columns).where(table.c.id == row.id)).one_or_none()
    return dict(zip(unread, old, strict=True)) if old is not None else {}


def _load(row: Model) -> None:
    state: InstanceState[Any] = inspect(row)
    for key in _columns(state):
        if key in state.unloaded and not state.mapper.column_attrs[key].deferred:
            getattr(row, key)


def _entry_of_new(row: Model) -> _Entry:
    state: InstanceState[Any] = inspect(row)
    values = {
        key: value
        for key in _columns(state)
        if (value := state.dict.get(key)) is not None and key != "updated_by_id"
    }
    changes = {key: _change(row, key, None, value) for key, value in values.items()}
    return _Entry(
        action="created", entity_type=row.__tablename__, entity_id=row.id, changes=changes
    )


def _entry_of_change(row: object, old_values: dict[str, Any]) -> _Entry | None:
    if not isinstance(row, Model) or not _is_audited(row):
        return None
    state: InstanceState[Any] = inspect(row)
    changes: Json = {}
    for key in _columns(state):
        history = _history(state, key)
        if not history.added:
            continue
        old = history.deleted[0] if history.deleted else old_values.get(key)
        if old != history.added[0]:
            changes[key] = _change(row, key, old, history.added[0])
    # Who saved it stands in the row of the log itself.
    changes.pop("updated_by_id", None)
    if not changes:
        return None
    return _Entry(
        action="updated", entity_type=row.__tablename__, entity_id=row.id, changes=changes
    )


def _entry_of_deleted(row: Model) -> _Entry:
    state: InstanceState[Any] = inspect(row)
    values = {key: value for key in _columns(state) if (value := state.dict.get(key)) is not None}
    changes = {key: _change(row, key, value, None) for key, value in values.items()}
    return _Entry(
        action="deleted", entity_type=row.__tablename__, entity_id=row.id, changes=changes
    )


def _columns(state: InstanceState[Any]) -> list[str]:
    return [
        attribute.key
        for attribute in state.mapper.column_attrs
        if attribute.key not in NOISE and not attribute.columns[0].info.get("noise")
    ]


def _history(state: InstanceState[Any], key: str) -> History:
    return state.attrs[key].history


def _change(row: Model, key: str, old: Any, new: Any) -> Any:
    if is_unquoted(type(row), key):
        return CHANGED
    return {"old": _plain(old), "new": _plain(new)}


def _plain(value: Any) -> Any:
    """Return the value as JSON keeps it: money and moments as text, nothing as a float."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, str):
        # PostgreSQL keeps no NUL, not even in JSON; an address can carry one.
        return value.replace("\x00", "")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes | memoryview):
        return CHANGED
    return str(value) if isinstance(value, Decimal) else repr(value)
