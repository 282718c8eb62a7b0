"""Two people at one record: what it was, what it became meanwhile, and what was typed here."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_admin.form import BaseForm
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, SelectField

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.admin import stamps
from rft_admin.admin.actor import signed_in_user
from rft_admin.admin.fields import LondonDateTimeField, ReferenceField
from rft_admin.admin.stamps import Said, Stamp
from rft_admin.core.database import db
from rft_admin.core.formats import format_moment

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

Typed = MultiDict[str, str]

#: The button that was pressed on the conflict's page.
RESOLVE = "resolve"
#: Per field, on the conflict's page: whose value is to be kept.
KEEP = "keep-"
MINE, THEIRS = "mine", "theirs"
EMPTY = "Empty"
#: What the form carries besides its fields.
CARRIED = frozenset({"csrf_token", stamps.FIELD, RESOLVE, "url"})


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that is not the same for the two people."""

    name: str
    label: str
    #: In words; None where it is no longer known what the form said at first.
    was: str | None
    theirs: str
    yours: str
    #: Both have changed it, and not to the same.
    is_clash: bool
    #: Whose value is chosen; empty where the person still has to say.
    chosen: str


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who changed or deleted a record last, as the audit log knows."""

    name: str
    at: datetime
    #: The signed-in person himself, in another window.
    is_me: bool


def is_outrun(view: "TableView", row: Any, form: BaseForm, stamp: Stamp | None) -> bool:
    """Return whether saving the form would undo what somebody else has saved meanwhile.

    It would where a field no longer says what it said when the person opened the form, unless
    both have entered the same.
    """
    if stamp is None:
        return True
    if stamps.version_of(row) == stamp.version and not view.extra_fields:
        return False
    stored = view.edit_form_for(row, None)
    return any(
        stamps.texts_of(stored[field.name]) != stamp.said.get(field.name)
        and not _is_same(field, stored[field.name])
        for field in form
    )


def is_changed(view: "TableView", row: Any, form: BaseForm) -> bool:
    """Return whether the form says anything that is not stored already."""
    stored = view.edit_form_for(row, None)
    return any(not _is_same(field, stored[field.name]) for field in form)


def differences(
    view: "TableView", row: Any, form: BaseForm, stamp: Stamp | None
) -> list[Difference]:
    """Return the fields in which the stored row and the typed form differ, clashes first."""
    theirs = view.edit_form_for(row, None)
    was = view.edit_form_for(row, MultiDict(_pairs(stamp.said))) if stamp is not None else None
    found = [
        _difference(field, theirs[field.name], was[field.name] if was is not None else None)
        for field in form
        if field.name in theirs and not _is_same(field, theirs[field.name])
    ]
    return sorted(found, key=lambda one: not one.is_clash)


def resolved(typed: Typed, stamp: Stamp | None) -> Typed:
    """Return the form as the conflict's page asks: the others' value wherever it is not "mine".

    A field without a choice keeps what is stored: nobody's work is lost by leaving something out.
    """
    if stamp is None or typed.get(RESOLVE) not in {"chosen", "edit"}:
        return typed
    merged = typed.copy()
    is_final = typed[RESOLVE] == "chosen"
    for name in stamp.said:
        whose = typed.get(f"{KEEP}{name}", THEIRS if is_final else MINE)
        if whose == THEIRS and not name.endswith("-fold"):
            _replace(merged, name, stamp.said)
    return merged


def carried(typed: Typed) -> list[tuple[str, str]]:
    """Return what was typed as names and texts, to be sent again by the conflict's page."""
    return [
        (name, text)
        for name, text in typed.items(multi=True)
        if name not in CARRIED and not name.startswith(KEEP)
    ]


def find_author(view: "TableView", row_id: int) -> Author | None:
    """Return who touched the record last, if the audit log tells."""
    entry = db.session.scalar(
        select(AdminActivityLog)
        .where(
            AdminActivityLog.entity_type == view.model.__tablename__,
            AdminActivityLog.entity_id == row_id,
        )
        .order_by(AdminActivityLog.id.desc())
        .limit(1)
    )
    if entry is None:
        return None
    me = signed_in_user()
    return Author(
        name=str(entry.user or entry.actor_label or "the system"),
        at=entry.created_at,
        is_me=me is not None and entry.user_id == me.id,
    )


def words_of(field: Field) -> str:
    """Return a field's value as a person reads it."""
    value = field.data
    if isinstance(field, BooleanField):
        return "Yes" if value else "No"
    if isinstance(field, SelectField):
        labels = {str(choice.value): choice.label for choice in field.choices}
        return str(labels.get("" if value is None else str(value), value))
    if value in (None, "", [], {}):
        return EMPTY
    if isinstance(field, LondonDateTimeField):
        return format_moment(value)
    if isinstance(field, ReferenceField):
        return field.title_of(value)
    return str(field._value())


def _difference(mine: Field, theirs: Field, was: Field | None) -> Difference:
    have_changed = was is None or not _is_same(was, theirs)
    have_typed = was is None or not _is_same(was, mine)
    is_clash = have_changed and have_typed
    return Difference(
        name=mine.name,
        label=str(mine.label.text),
        was=words_of(was) if was is not None else None,
        theirs=words_of(theirs),
        yours=words_of(mine),
        is_clash=is_clash,
        chosen="" if is_clash else (MINE if have_typed else THEIRS),
    )


def _is_same(one: Field, other: Field) -> bool:
    """Return whether two fields say the same; nothing is nothing, however it is kept."""
    nothing: tuple[Any, ...] = (None, "", [])
    return one.data == other.data or (one.data in nothing and other.data in nothing)


def _replace(merged: Typed, name: str, said: Said) -> None:
    for key in (name, f"{name}-fold"):
        merged.setlist(key, said.get(key, []))
        if not merged.getlist(key):
            merged.poplist(key)


def _pairs(said: Said) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in said.items() for text in texts]
