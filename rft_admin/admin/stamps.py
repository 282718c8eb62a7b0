"""What a form for a stored row carries unseen: the row's version, and what its fields said.

Signed, so that nobody can pretend to have seen what he has not. The words of the fields are kept
beside the version for two reasons: a conflict can then be told field by field, and a change of
something that the form does not show (a reminder sent by a job) is no conflict at all.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask_admin.form import BaseForm
from wtforms import BooleanField, Field, SelectField

from rft_admin.admin.fields import LondonDateTimeField, ReferenceField
from rft_admin.admin.fields_of_settings import BandsField
from rft_admin.core.tokens import read_signed, sign

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: The name of the hidden field.
FIELD = "row_version"
#: A form may lie open for so long; afterwards what it said is no longer known.
MAX_AGE = timedelta(days=30)

#: Field names, and the texts that a browser sends for them when they are left as they are.
Said = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What a person saw when the form was opened."""

    version: int
    said: Said


def stamp(view: "TableView", row: Any, form: BaseForm) -> str:
    """Return the hidden field's text for a form that shows the row as it is stored."""
    return sign(_purpose(view), [row.id, version_of(row), said_by(form)])


def read_stamp(view: "TableView", row_id: int, text: str) -> Stamp | None:
    """Return what the hidden field says; None if it is missing, forged, old, or another row's."""
    max_age_seconds = int(MAX_AGE.total_seconds())
    match read_signed(_purpose(view), text, max_age_seconds=max_age_seconds):
        case [int(signed_id), int(version), dict(said)] if signed_id == row_id:
            return Stamp(version=version, said=said)
    return None


def version_of(row: Any) -> int:
    """Return the row's version; 0 on a table whose rows have none."""
    return int(getattr(row, "row_version", 0))


def said_by(form: BaseForm) -> Said:
    """Return what a browser would send for the form if nobody touched it."""
    said: Said = {}
    for field in form:
        said[field.name] = texts_of(field)
        if isinstance(field, LondonDateTimeField) and field.is_repeated:
            said[f"{field.name}-fold"] = [str(field.fold or 0)]
    return said


def texts_of(field: Field) -> list[str]:
    """Return the texts that a browser sends for a field: none for a box without its tick."""
    if isinstance(field, BooleanField):
        return ["y"] if field.data else []
    if isinstance(field, SelectField):
        return ["" if field.data is None else str(field.data)]
    if isinstance(field, ReferenceField):
        # Without the title, which may change while the choice does not.
        return ["" if field.data is None else f"#{field.data}"]
    if isinstance(field, BandsField):
        return field.texts()
    return [str(field._value())]


def _purpose(view: "TableView") -> str:
    return f"form|{view.model.__tablename__}"
