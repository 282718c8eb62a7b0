"""The notes on a row's page: what was written, and the form for one more."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from rft_admin.admin.registry import view_of
from rft_admin.admin.rights import can, scoped
from rft_admin.bookings.note_models import ABOUT, OfficeNote
from rft_admin.core.database import db

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

MOST_SHOWN = 20
_COLUMN_OF_TABLE = {
    next(iter(OfficeNote.__table__.c[name].foreign_keys)).column.table.name: name for name in ABOUT
}


@dataclass(frozen=True)
class ShownNote:
    """A note, and where its author corrects it."""

    note: OfficeNote
    edit_url: str | None
    delete_url: str | None


@dataclass(frozen=True)
class NoteBox:
    """The notes on one row."""

    #: The key's column that names the row.
    column: str
    row_id: int
    notes: list[ShownNote]
    #: Where a new one is sent; None for who may write none.
    new_url: str | None
    #: All of them, where there are more than these.
    list_url: str | None


def read(view: "TableView", row: Any) -> NoteBox | None:
    """Return the notes on a row; None for a table that takes none, and for who may not read."""
    column = _COLUMN_OF_TABLE.get(view.model.__tablename__)
    screen = view_of(OfficeNote.__tablename__)
    if column is None or screen is None or not can("list", OfficeNote):
        return None
    found = _newest(column, row.id)
    return NoteBox(
        column=column,
        row_id=row.id,
        notes=[_shown(screen, note) for note in found[:MOST_SHOWN]],
        new_url=screen.address("create_view") if screen.may("create") else None,
        list_url=screen.filter_url(column, row.id) if len(found) > MOST_SHOWN else None,
    )


def _newest(column: str, row_id: int) -> list[OfficeNote]:
    statement = (
        select(OfficeNote)
        .where(getattr(OfficeNote, column) == row_id)
        .options(joinedload(OfficeNote.author))
        .order_by(OfficeNote.id.desc())
        .limit(MOST_SHOWN + 1)
    )
    return list(db.session.scalars(scoped(OfficeNote, statement)))


def _shown(screen: "TableView", note: OfficeNote) -> ShownNote:
    back = {"id": note.id}
    return ShownNote(
        note,
        screen.address("edit_view", **back) if screen.may("edit", note) else None,
        screen.address("delete_view", **back) if screen.may("delete", note) else None,
    )
