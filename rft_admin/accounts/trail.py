"""Reading the audit: what happened to a row and its parts, by act."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select
from sqlalchemy.orm import joinedload

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.core.database import Model, db

DELETED = "deleted"


@dataclass(frozen=True)
class Part:
    """Rows that belong to another and have no life of their own: a booking's attendees."""

    model: type[Model]
    #: The column that names the whole.
    key: str


@dataclass(frozen=True)
class ActEntries:
    """What one person did in one go: the entries of one request, the first one first."""

    entries: list[AdminActivityLog]


def about(table: str, row_id: int, parts: Sequence[Part] = ()) -> ColumnElement[bool]:
    """Return the condition of entries about a row and its parts, the deleted ones among them."""
    log = AdminActivityLog
    conditions = [(log.entity_type == table) & (log.entity_id == row_id)]
    for part in parts:
        is_part = log.entity_type == part.model.__tablename__
        living = select(part.model.id).where(getattr(part.model, part.key) == row_id)
        gone = log.changes[part.key]["old"].astext == str(row_id)
        conditions.append(is_part & log.entity_id.in_(living))
        conditions.append(is_part & (log.action == DELETED) & gone)
    return or_(*conditions)


def list_acts(condition: ColumnElement[bool], *, limit: int, offset: int = 0) -> list[ActEntries]:
    """Return the acts of which an entry fits, the newest first, each with its fitting entries."""
    key = _key().label("act")
    newest = func.max(AdminActivityLog.id)
    grouped = (
        select(key)
        .where(condition)
        .group_by(key)
        .order_by(newest.desc())
        .limit(limit)
        .offset(offset)
    )
    keys = list(db.session.scalars(grouped))
    by_key: dict[str, list[AdminActivityLog]] = {key: [] for key in keys}
    for entry, act in db.session.execute(_entries(condition, keys)):
        by_key[act].append(entry)
    return [ActEntries(entries) for entries in by_key.values()]


def _entries(condition: ColumnElement[bool], keys: list[str]) -> Select[AdminActivityLog, str]:
    return (
        select(AdminActivityLog, _key())
        .where(condition, _key().in_(keys))
        .options(joinedload(AdminActivityLog.user))
        .order_by(AdminActivityLog.id)
    )


def _key() -> ColumnElement[str]:
    """Return what tells acts apart: the request and its actor; without one, the transaction.

    The actor belongs to it because a caller may name his request as he likes.
    """
    log = AdminActivityLog
    request = func.coalesce(log.request_id, cast(log.created_at, String))
    return func.concat_ws("|", request, cast(log.user_id, String), log.actor_label)
