"""The office's style sheet and script: many small files by purpose, one request each.

Whatever lies in `static/admin/` goes in. The address carries a digest of the content, so a browser
keeps an answer for a year and still has the new one right after a release.
"""

import gzip
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, Response, request, url_for

DIRECTORY = Path(__file__).parent.parent / "static" / "admin"
MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
#: Where the order matters: what others rest on comes first, what overrules them last.
FIRST = ("tokens.css", "base.css", "layout.css", "forms.css", "cards.css")
LAST = ("phones.css", "print.css")
YEAR_SECONDS = 31_536_000
#: How long the files are taken to be as they were.
LOOK_SECONDS = 1.0

blueprint = Blueprint("assets", __name__)


@dataclass(frozen=True)
class Bundle:
    """All files of one kind as one, and the digest that names it."""

    content: bytes
    compressed: bytes
    digest: str


@dataclass(frozen=True)
class _Kept:
    """A bundle with the files that it was made of, and when these were last looked at."""

    looked_at: float
    #: Each file's name and the time of its last change.
    state: tuple[tuple[str, int], ...]
    bundle: Bundle


_kept: dict[tuple[Path, str], _Kept] = {}


def init_assets(app: Flask) -> None:
    """Serve the bundles, and let browsers keep the fonts, whose files never change."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["admin_asset"] = address
    app.after_request(_keep_fonts)


def address(kind: str) -> str:
    """Return the address of the bundle of a kind, "css" or "js"."""
    return url_for("assets.bundle", digest=bundle_of(kind).digest, kind=kind)


def bundle_of(kind: str) -> Bundle:
    """Return the bundle of a kind, built again within a second after one of its files changes."""
    known = _kept.get((DIRECTORY, kind))
    looked_at = time.monotonic()
    if known is not None and looked_at - known.looked_at < LOOK_SECONDS:
        return known.bundle
    paths = sorted(DIRECTORY.glob(f"*.{kind}"), key=_place)
    state = tuple((path.name, path.stat().st_mtime_ns) for path in paths)
    made = known.bundle if known and known.state == state else _build(kind, paths)
    _kept[DIRECTORY, kind] = _Kept(looked_at, state, made)
    return made


@blueprint.get("/static/admin-<digest>.<any(css, js):kind>")
def bundle(digest: str, kind: str) -> Response:
    """Answer with a bundle; an older page that asks for an older one gets today's, unkept."""
    found = bundle_of(kind)
    is_small = request.accept_encodings["gzip"] > 0
    response = Response(found.compressed if is_small else found.content)
    response.headers["Content-Type"] = MEDIA_TYPES[kind]
    response.headers["Vary"] = "Accept-Encoding"
    if is_small:
        response.headers["Content-Encoding"] = "gzip"
    is_current = digest == found.digest
    keep = f"public, max-age={YEAR_SECONDS}, immutable" if is_current else "no-store"
    response.headers["Cache-Control"] = keep
    return response


def _place(path: Path) -> tuple[int, str]:
    if path.name in FIRST:
        return FIRST.index(path.name), path.name
    return len(FIRST) + (1 + LAST.index(path.name) if path.name in LAST else 0), path.name


def _build(kind: str, paths: list[Path]) -> Bundle:
    texts = [path.read_text(encoding="utf-8") for path in paths]
    content = "\n".join(map(_apart, texts) if kind == "js" else texts).encode()
    return Bundle(
        content, gzip.compress(content, mtime=0), hashlib.sha256(content).hexdigest()[:16]
    )


def _apart(script: str) -> str:
    """Return a script with names of its own; if it fails, the others still run."""
    return (
        f'try {{ (function () {{\n"use strict";\n{script}}})(); }} '
        "catch (error) { reportError(error); }"
    )


def _keep_fonts(response: Response) -> Response:
    if request.path.startswith("/static/fonts/") and response.status_code == 200:
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response
