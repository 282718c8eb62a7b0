"""Writing down what the next one who opens the page should know."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from rft_admin.bookings.note_models import ABOUT, OfficeNote
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError

LONGEST = 4000


class NothingWritten(DomainError):
    """Please write something."""

    field = "text"


class TooLong(DomainError):
    """A note has at most 4,000 characters. Please shorten it."""

    field = "text"


class AboutNothing(DomainError):
    """Please choose one thing that the note is about: a booking, a person, a date or an inquiry."""


class NotYours(DomainError):
    """Only who wrote a note changes or deletes it. Please write one of your own below it."""

    status = 403


def add(*, about: Mapping[str, int | None], text: str) -> OfficeNote:
    """Write a note on one row; who writes it, the audit knows.

    :param about: the key's column and the row's id; one of `ABOUT` is filled.
    :raises AboutNothing: if none or several are filled.
    :raises NothingWritten: for an empty text.
    :raises TooLong: for a text above 4,000 characters.
    """
    keys = {name: row_id for name, row_id in about.items() if name in ABOUT and row_id}
    if len(keys) != 1:
        raise AboutNothing
    note = OfficeNote(text=_checked(text), **keys)
    db.session.add(note)
    db.session.flush()
    return note


def change(note: OfficeNote, *, text: str, by: Actor) -> None:
    """Correct a note of one's own.

    :raises NotYours: if somebody else wrote it.
    :raises NothingWritten: for an empty text.
    :raises TooLong: for a text above 4,000 characters.
    """
    require_own(note, by=by)
    note.text = _checked(text)
    db.session.flush()


def require_own(note: OfficeNote, *, by: Actor) -> None:
    """Refuse whoever did not write it; a note of a person who is unknown is everybody's.

    :raises NotYours: if somebody else wrote it.
    """
    if note.created_by_id is not None and note.created_by_id != by.user_id:
        raise NotYours


def list_about(column: str, row_id: int) -> list[OfficeNote]:
    """Return the notes on one row, the newest first.

    :param column: one of `ABOUT`.
    """
    notes: Any = select(OfficeNote).where(getattr(OfficeNote, column) == row_id)
    return list(db.session.scalars(notes.order_by(OfficeNote.id.desc())))


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise NothingWritten
    if len(text) > LONGEST:
        raise TooLong
    return text
