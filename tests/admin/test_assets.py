"""The office's style sheet and script are one request each and are kept until they change."""

import gzip
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rft_admin.admin import assets


def address_of(app: Flask, kind: str) -> str:
    with app.test_request_context():
        return assets.address(kind)


@pytest.mark.parametrize("kind", ["css", "js"])
class TestBundle:
    def test_holds_every_file_of_its_kind(self, app: Flask, client: FlaskClient, kind: str) -> None:
        files = list(assets.DIRECTORY.glob(f"*.{kind}"))

        content = client.get(address_of(app, kind)).text

        assert len(files) > 5
        assert all(file.read_text() in content for file in files)

    def test_is_kept_for_a_year(self, app: Flask, client: FlaskClient, kind: str) -> None:
        answer = client.get(address_of(app, kind))

        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.mimetype == {"css": "text/css", "js": "text/javascript"}[kind]

    def test_is_not_kept_under_an_older_address(self, client: FlaskClient, kind: str) -> None:
        answer = client.get(f"/static/admin-0123456789abcdef.{kind}")

        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"

    def test_goes_out_compressed_to_who_takes_it(
        self, app: Flask, client: FlaskClient, kind: str
    ) -> None:
        answer = client.get(address_of(app, kind), headers={"Accept-Encoding": "gzip"})

        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.data) == assets.bundle_of(kind).content


class TestAddress:
    def test_changes_with_a_file(
        self, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(assets, "DIRECTORY", tmp_path)
        monkeypatch.setattr(assets, "LOOK_SECONDS", 0)
        (tmp_path / "one.css").write_text("a { color: red }")
        before = address_of(app, "css")

        (tmp_path / "one.css").write_text("a { color: black }")

        assert address_of(app, "css") != before

    def test_puts_what_overrules_others_last(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(assets, "DIRECTORY", tmp_path)
        for name in ("print.css", "zebra.css", "tokens.css", "phones.css", "ant.css"):
            (tmp_path / name).write_text(f"/* {name} */")

        content = assets.bundle_of("css").content.decode()

        assert content.split("\n") == [
            f"/* {name} */"
            for name in ("tokens.css", "ant.css", "zebra.css", "phones.css", "print.css")
        ]


class TestFonts:
    def test_are_kept_for_a_year(self, client: FlaskClient) -> None:
        answer = client.get("/static/fonts/inter-latin.woff2", buffered=True)
        answer.close()

        assert "max-age=31536000" in answer.headers["Cache-Control"]
