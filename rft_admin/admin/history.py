"""What happened to a row, as one can read it: who did what in one go, old to new, and why."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from sqlalchemy import inspect

from rft_admin.accounts import trail
from rft_admin.accounts.audit import CHANGED, is_unquoted
from rft_admin.accounts.models import ERASED_CHANGES, AdminActivityLog
from rft_admin.accounts.trail import ActEntries, Part
from rft_admin.admin import cells
from rft_admin.admin.history_values import Titles, difference, value_of
from rft_admin.admin.lookup import find_model, model_of, titled
from rft_admin.admin.naming import label_of_column, label_of_table, words_of
from rft_admin.admin.registry import list_address, view_of
from rft_admin.admin.rights import visible_changes
from rft_admin.core.database import Model

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

ACTS_A_PAGE = 20
#: What the listener calls what it sees; everything else is named by its use case.
ACTIONS = {
    "created": "Created",
    "updated": "Changed",
    "deleted": "Deleted",
    "viewed": "Looked at the confidential details",
    "exported": "Exported",
    "downloaded": "Downloaded the file",
}


@dataclass(frozen=True)
class FieldChange:
    """One field, from what to what; or one sentence about it."""

    #: The column.
    name: str
    label: str
    old: Markup | None = None
    new: Markup | None = None
    #: Old and new in one text, where both are long.
    both: Markup | None = None
    is_hidden: bool = False


@dataclass(frozen=True)
class RowChange:
    """What was done to one row."""

    words: str
    #: The row, linked; None for the shown row itself.
    title: Markup | None
    fields: list[FieldChange]
    #: A new or deleted row has all its fields here: folded, but for what is asked.
    is_whole: bool
    is_erased: bool = False


@dataclass(frozen=True)
class Act:
    """What somebody did in one go."""

    words: str
    at: datetime
    by: Markup
    reason: str | None
    rows: list[RowChange]
    #: All entries of the same request in the audit log; None for what came by no request.
    request_url: str | None
    request_id: str | None


@dataclass(frozen=True)
class HistoryPage:
    """A page of a row's history."""

    acts: list[Act]
    page: int
    has_next: bool


def parts_of(model: type[Model]) -> list[Part]:
    """Return the tables whose rows go with a row of the model: their history is its own."""
    return [
        Part(model_of(table.name), column.key)
        for table in Model.metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == model.__tablename__ and key.ondelete == "CASCADE"
    ]


def read(view: "TableView", row: Any, *, page: int = 0, size: int = ACTS_A_PAGE) -> HistoryPage:
    """Return a page of what happened to the row and its parts, the newest first."""
    about = trail.about(view.model.__tablename__, row.id, parts_of(view.model))
    found = trail.list_acts(about, limit=size + 1, offset=page * size)
    acts = in_words(found[:size], own=(view.model.__tablename__, row.id))
    return HistoryPage(acts, page, len(found) > size)


def in_words(found: Sequence[ActEntries], *, own: tuple[str, int] | None = None) -> list[Act]:
    """Return the acts as people read them; all titles they name take one query a table."""
    titles = _titles_of([entry for act in found for entry in act.entries])
    return [_act(act.entries, titles, own) for act in found]


def entries_in_words(entries: Sequence[AdminActivityLog]) -> list[Act]:
    """Return each entry as an act of its own, in the entries' order."""
    return in_words([ActEntries([entry]) for entry in entries])


def _act(entries: list[AdminActivityLog], titles: Titles, own: tuple[str, int] | None) -> Act:
    rows = [_row_change(entry, titles, own) for entry in entries]
    main = next((entry for entry in entries if (entry.entity_type, entry.entity_id) == own), None)
    first = main or entries[0]
    request_id = first.request_id
    return Act(
        words=words_of_action(first.action),
        at=first.created_at,
        by=actor_of(first),
        reason=next((entry.reason for entry in entries if entry.reason), None),
        rows=[row for row in rows if row.fields or row.title or row.is_erased],
        request_url=(
            list_address("admin_activity_logs", search=request_id) if request_id else None
        ),
        request_id=request_id,
    )


def words_of_action(action: str) -> str:
    """Return what was done, in words."""
    return ACTIONS.get(action) or words_of(action)


def actor_of(entry: AdminActivityLog) -> Markup:
    """Return who did it: a person with a link, else the job, command or visitor."""
    if entry.user is not None:
        return cells.show(entry.user, "reference")
    return Markup("{}").format(entry.actor_label or "system")


def fields_of(entry: AdminActivityLog, titles: Titles | None = None) -> list[FieldChange]:
    """Return an entry's changes, field by field."""
    known = titles if titles is not None else _titles_of([entry])
    model = find_model(entry.entity_type)
    return [
        _field(model, entry.entity_type, name, change, known)
        for name, change in visible_changes(entry.entity_type, entry.changes).items()
    ]


def _row_change(entry: AdminActivityLog, titles: Titles, own: tuple[str, int] | None) -> RowChange:
    key = (entry.entity_type, entry.entity_id)
    is_erased = entry.changes == ERASED_CHANGES
    return RowChange(
        words=words_of_action(entry.action),
        title=None if key == own else _title(entry, titles),
        fields=[] if is_erased else fields_of(entry, titles),
        is_whole=entry.action in {"created", "deleted"} and len(entry.changes) > 4,
        is_erased=is_erased,
    )


def _title(entry: AdminActivityLog, titles: Titles) -> Markup:
    view = view_of(entry.entity_type)
    kind = view.one if view else label_of_table(entry.entity_type).removesuffix("s").lower()
    if entry.entity_id is None:
        return Markup("{}").format(view.label if view else kind.capitalize())
    row = titles.get((entry.entity_type, entry.entity_id))
    shown = cells.show(row, "reference") if row is not None else f"No. {entry.entity_id}"
    return Markup("{} {}").format(kind.capitalize(), shown)


def _field(
    model: type[Model] | None, table: str, name: str, change: Any, titles: Titles
) -> FieldChange:
    view = view_of(table)
    label = view.get_column_name(name) if view else label_of_column(name)
    if change == CHANGED or (model is not None and is_unquoted(model, name)):
        return FieldChange(name, label, is_hidden=True)
    if not (isinstance(change, dict) and change.keys() <= {"old", "new"} and change):
        return FieldChange(name, label, new=Markup("{}").format(cells.plain(change)))
    column = inspect(model).columns.get(name) if model is not None else None
    old, new = change.get("old"), change.get("new")
    both = difference(column, old, new)
    if both is not None:
        return FieldChange(name, label, both=both)
    return FieldChange(
        name,
        label,
        old=None if old is None else value_of(column, old, titles),
        new=None if new is None else value_of(column, new, titles),
    )


def _titles_of(entries: Iterable[AdminActivityLog]) -> Titles:
    """Return the rows that the entries are about or name, by table and id, as far as seen."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        model = find_model(entry.entity_type)
        if model is None:
            continue
        if entry.entity_id is not None:
            wanted[entry.entity_type].add(entry.entity_id)
        for name, change in entry.changes.items():
            column = model.__table__.columns.get(name)
            if column is not None and column.foreign_keys and isinstance(change, dict):
                table = next(iter(column.foreign_keys)).column.table.name
                wanted[table].update(v for v in change.values() if isinstance(v, int))
    return {key: row for table, ids in wanted.items() for key, row in titled(table, ids).items()}
