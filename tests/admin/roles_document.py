"""Writes docs/roles.md from the one table of rights: `python -m tests.admin.roles_document`."""

import os
import sys
from collections.abc import Iterable

from flask import Flask

from rft_admin import create_app
from rft_admin.accounts import permissions
from rft_admin.accounts.models import Role
from rft_admin.accounts.permissions import Grant

HEAD = """# Who may do what

Written from `rft_admin/accounts/permissions.py` and the screens' own lines by
`python -m tests.admin.roles_document > docs/roles.md`; a test compares the two. Whatever shows,
counts, sorts, filters, searches, suggests, exports or changes a row asks this table, through
`admin/rights.py`; what does not stand here is refused. `tests/admin/test_roles.py` tries each way
round it with an instructor's session.

Customers have no section: they cannot sign in to the office at all. A row outside a role's rows is
answered 404, as if it were not there; a table or a verb without a grant 403.
"""
COLUMNS = ("table", "list", "view", "new", "edit", "delete", "export", "actions", "which rows")
VERBS = ("list", "view", "create", "edit", "delete", "export")


def document(app: Flask) -> str:
    """Return the text of docs/roles.md; the application has registered its screens."""
    parts = [HEAD]
    for role in (Role.ADMIN, Role.INSTRUCTOR):
        grants = permissions.GRANTS[role]
        parts.append(f"## {role.value.capitalize()}\n")
        parts.append(_row(COLUMNS))
        parts.append(_row("---" for _ in COLUMNS))
        parts.extend(_line(table, grants[table]) for table in sorted(grants))
        parts.append("\n" + _fields(grants))
    return "\n".join(parts)


def _line(table: str, grant: Grant) -> str:
    marks = ["✓" if verb in grant.verbs else "–" for verb in VERBS]
    actions = sorted(
        verb.removeprefix("action:") for verb in grant.verbs if verb.startswith("action:")
    )
    rows = grant.scope.words if grant.scope else "all"
    return _row([f"`{table}`", *marks, ", ".join(f"`{name}`" for name in actions), rows])


def _fields(grants: dict[str, Grant]) -> str:
    lines = [
        f"- `{table}`: {words} {', '.join(f'`{name}`' for name in sorted(names))}."
        for table, grant in sorted(grants.items())
        for words, names in (("never", grant.hidden), ("edits only", grant.editable))
        if names
    ]
    return "\n".join(["Fields:\n", *lines, ""]) if lines else "Fields: all but the secret ones.\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    os.environ.setdefault("APP_ENV", "testing")
    os.environ.setdefault("DATABASE_URL", "postgresql://localhost/none")
    sys.stdout.write(document(create_app()))
