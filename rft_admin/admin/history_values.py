"""Values of the audit as people read them: what the log keeps as JSON, in words again."""

import difflib
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from markupsafe import Markup
from sqlalchemy import Column

from rft_admin.admin import cells
from rft_admin.admin.naming import words_of
from rft_admin.admin.paths import UnknownType, kind_of

#: Rows by table and id.
Titles = Mapping[tuple[str, int], Any]

#: From so many characters on two texts are shown as one, with what differs marked.
LONG_CHARACTERS = 60
#: Above it two texts are not compared word by word: it would take too long.
MOST_WORDS = 2000
WORDS = re.compile(r"\s+|[^\s]+")


def value_of(column: Column[Any] | None, value: Any, titles: Titles) -> Markup:
    """Return a kept value in words: money, London time, the title of a row, a status's label."""
    if value in ("", [], {}):
        return Markup("empty")
    if column is None:
        return Markup("{}").format(cells.plain(value))
    if column.foreign_keys:
        return _title(column, value, titles)
    try:
        return _typed(column, value)
    except (ValueError, TypeError, InvalidOperation, UnknownType):
        # Kept before the column had its present type.
        return Markup("{}").format(cells.plain(value))


def difference(column: Column[Any] | None, old: Any, new: Any) -> Markup | None:
    """Return two long texts as one, with what went and what came; None for short ones."""
    if column is not None and kind_of(column) == "json":
        old, new = (cells.plain(value) if value else "" for value in (old, new))
    if not (isinstance(old, str) and isinstance(new, str) and old and new):
        return None
    if len(old) < LONG_CHARACTERS and len(new) < LONG_CHARACTERS:
        return None
    before, after = WORDS.findall(old), WORDS.findall(new)
    if len(before) > MOST_WORDS or len(after) > MOST_WORDS:
        return Markup("<del>{}</del> <ins>{}</ins>").format(old, new)
    return _marked(before, after)


def _marked(before: list[str], after: list[str]) -> Markup:
    parts = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for step, first, last, start, end in matcher.get_opcodes():
        gone, come = "".join(before[first:last]), "".join(after[start:end])
        if step == "equal":
            parts.append(Markup("{}").format(come))
            continue
        if gone:
            parts.append(Markup("<del>{}</del>").format(gone))
        if come:
            parts.append(Markup("<ins>{}</ins>").format(come))
    return Markup("").join(parts)


def _title(column: Column[Any], value: Any, titles: Titles) -> Markup:
    table = next(iter(column.foreign_keys)).column.table.name
    row = titles.get((table, value))
    return cells.show(row, "reference") if row is not None else Markup("No. {}").format(value)


def _typed(column: Column[Any], value: Any) -> Markup:
    kind = kind_of(column)
    if kind == "status":
        return Markup("{}").format(words_of(value))
    if kind == "moment":
        return cells.show(datetime.fromisoformat(value), "moment")
    if kind == "date":
        return cells.show(date.fromisoformat(value), "date")
    if kind == "money":
        return cells.show(Decimal(value), "money")
    if kind == "number":
        return Markup("{}").format(cells.plain(Decimal(str(value))))
    if kind == "flag":
        return Markup("{}").format("Yes" if value else "No")
    return cells.show(value, column.info.get("shown_as") or kind)
