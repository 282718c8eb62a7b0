"""The table of rights in the documents is the one that is asked."""

from pathlib import Path

from flask import Flask

from tests.admin.roles_document import document


def test_roles_are_documented(app: Flask) -> None:
    written = (Path(app.root_path).parent / "docs" / "roles.md").read_text()

    assert written == document(app), "python -m tests.admin.roles_document > docs/roles.md"
