"""Writes docs/screens.md from the screens themselves: `python -m tests.admin.screens_document`."""

import os
import sys
from typing import Any

from flask import Flask

from rft_admin import create_app
from rft_admin.admin.registry import GROUPS

HEAD = """# The office's screens

One section per table, in the sidebar's order. Written from the screens' own registrations by
`python -m tests.admin.screens_document > docs/screens.md`; a test compares the two.

Every list is sorted by a click on a heading, pages by 20, 50 or 100, and exports what it shows as
CSV and Excel. Filters stand in the address (`flt_<column>_<operation>=value`), so a filtered list
can be bookmarked. A list that is narrowed by its date is ordered by it until a heading is clicked.
Instructors see their own dates, registers, shared requirements and profile only.
"""


def document(app: Flask) -> str:
    """Return the text of docs/screens.md."""
    views = app.extensions["rft_admin_views"].values()
    parts = [HEAD]
    for group in GROUPS:
        parts.append(f"## {group}\n")
        parts.extend(_section(view) for view in views if view.group == group)
    return "\n".join(parts)


def _section(view: Any) -> str:
    table = view.model.__tablename__
    lines = [
        f"### {view.label} (`/admin/{table}/`)\n",
        f"{view.question}\n",
        f"- Columns: {_labels(view, view.column_list)}",
        f"- Filters: {', '.join(_offered_filters(view))}",
        f"- Search: {_labels(view, view.column_searchable_list or ())}",
        f"- Views: {', '.join(['All', *(scope.label for scope in view.scopes.values())])}",
        f"- Actions: {', '.join(f'`{name}`' for name in view.actions_by_name) or 'none'}",
        f"- Changes: {_changes(view)}",
    ]
    return "\n".join(lines) + "\n"


def _offered_filters(view: Any) -> list[str]:
    return list(dict.fromkeys(str(one.name) for one in view._filters or [] if one.is_offered))


def _labels(view: Any, names: Any) -> str:
    return ", ".join(view.get_column_name(name) for name in names)


def _changes(view: Any) -> str:
    if view.read_only_because:
        return f"none. {view.read_only_because}"
    may = [
        word
        for word, is_offered in (
            ("new", view.can_create),
            ("edit", view.can_edit),
            ("delete without history, else deactivate", view.can_delete),
        )
        if is_offered
    ]
    return ", ".join(may)


if __name__ == "__main__":
    os.environ.setdefault("APP_ENV", "testing")
    os.environ.setdefault("DATABASE_URL", "postgresql://localhost/none")
    sys.stdout.write(document(create_app()))
