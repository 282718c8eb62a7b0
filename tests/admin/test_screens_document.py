"""The document of the screens says what the screens are."""

from pathlib import Path

from flask import Flask

from tests.admin.screens_document import document


def test_docs_screens_is_what_the_screens_say(app: Flask) -> None:
    written = Path(app.root_path).parent / "docs" / "screens.md"

    assert written.read_text() == document(app)
