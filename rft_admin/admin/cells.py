"""How a value is shown: badges, money, London times, links; and as plain text for exports."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import quote_plus

from markupsafe import Markup, escape

from rft_admin.admin.naming import words_of
from rft_admin.admin.paths import Path, value_at
from rft_admin.admin.registry import details_address
from rft_admin.core.clock import to_london
from rft_admin.core.contacts import show_phone
from rft_admin.core.formats import format_moment, format_short_date, format_time
from rft_admin.core.money import format_pounds

#: What a status means for whoever reads the list.
TONES = {
    "good": {
        "active", "completed", "confirmed", "converted", "paid", "present", "responded", "sent",
        "succeeded", "delivered",
    },
    "warn": {
        "approved", "excused", "high", "in_progress", "late", "partial", "partially_refunded",
        "pending", "processing", "queued", "running", "sending",
    },
    "bad": {
        "absent", "bounced", "disputed", "failed", "no_show", "rejected", "revoked", "urgent",
    },
    "brand": {"scheduled", "admin", "instructor"},
}  # fmt: skip
#: Cells that a spreadsheet would take for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: Where a postcode or an address is looked up.
MAP = "https://www.openstreetmap.org/search?query="
YES, NO = Markup('<span class="badge good">Yes</span>'), Markup("No")
EMPTY = Markup('<span class="muted" aria-label="none">–</span>')


def tone_of(value: object) -> str:
    """Return the tone of a status: good, warn, bad, brand or neutral."""
    text = str(value.value if isinstance(value, Enum) else value)
    return next((tone for tone, values in TONES.items() if text in values), "neutral")


def badge(value: Enum | str, *, of: str = "") -> Markup:
    """Return a status as a badge, where it stands alone with what it is the status of."""
    words = words_of(value)
    words = f"{of} {words.lower()}" if of else words
    return Markup('<span class="badge %s">%s</span>') % (tone_of(value), words)


def cell(row: Any, path: Path) -> Markup:
    """Return the value that a path shows for a row, as HTML."""
    return show(value_at(row, path), path.shown_as)


def show(value: Any, kind: str) -> Markup:
    """Return a value as HTML, escaped, in the way of its kind."""
    if value is None or value in ("", [], {}):
        return EMPTY
    if kind == "reference":
        return _reference(value)
    shown = _SHOWN.get(kind)
    if shown is not None:
        return shown(value)
    return escape(plain(value))


def plain(value: Any) -> str:
    """Return a value as people read it, without markup."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Enum):
        return words_of(value)
    if isinstance(value, datetime):
        return format_moment(value)
    if isinstance(value, date):
        return format_short_date(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)


def plain_of(value: Any, kind: str) -> str:
    """Return a value in the way of its kind, without markup."""
    if kind == "money" and isinstance(value, Decimal):
        return format_pounds(value)
    return words_of(value) if kind == "words" and value else plain(value)


def exported(value: Any) -> str | int | float | Decimal:
    """Return a value for a spreadsheet: London times that sort, no live formula.

    A text that starts like a formula gets an apostrophe before it (OWASP, CSV injection).
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return value
    if isinstance(value, datetime):
        return f"{to_london(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    text = str(value.value) if isinstance(value, Enum) else _flat(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def _flat(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return text.replace("\x00", "")


def _reference(value: Any) -> Markup:
    address = details_address(value) if hasattr(value, "__tablename__") else None
    if address is None:
        return escape(str(value))
    return Markup('<a href="%s">%s</a>') % (address, str(value))


def _flag(value: bool) -> Markup:
    return YES if value else NO


def _moment(value: datetime) -> Markup:
    local = to_london(value)
    day, time = format_short_date(local.date()), format_time(local)
    made = f'<time datetime="{local.isoformat()}"><span class="nowrap">{day}</span>, {time}</time>'
    return Markup(made)  # noqa: S704 - a date and a time have nothing to escape


def _date(value: date) -> Markup:
    made = Markup('<time class="nowrap" datetime="%s">%s</time>')
    return made % (value.isoformat(), format_short_date(value))


def _email(value: str) -> Markup:
    return Markup('<a href="mailto:%s">%s</a>') % (value, value)


def _phone(value: str) -> Markup:
    dialled = re.sub(r"[^\d+]", "", value)
    return Markup('<a class="nowrap" href="tel:{}">{}</a>').format(dialled, show_phone(value))


def _postcode(value: str) -> Markup:
    return Markup('<a class="nowrap" href="{}{}" rel="noreferrer">{}</a>').format(
        MAP, quote_plus(value), value
    )


def _address(value: str) -> Markup:
    return Markup('<a href="{}{}" rel="noreferrer">{}</a>').format(MAP, quote_plus(value), value)


def _link(value: str) -> Markup:
    if not value.startswith(("https://", "http://", "/")) or value.startswith("//"):
        return Markup("{}").format(value)
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(value, value)


def _json(value: Any) -> Markup:
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return Markup("{}").format(", ".join(str(item) for item in value))
    # A block that scrolls must be reachable by keyboard.
    block = Markup('<pre tabindex="0">{}</pre>').format(plain(value))
    words = value.get("words") if isinstance(value, dict) else None
    if not isinstance(words, list):
        return block
    lines = Markup("").join(Markup("<li>{}</li>").format(line) for line in words)
    return Markup(
        '<ul class="words">{}</ul><details><summary>All values</summary>{}</details>'
    ).format(lines, block)


def _percent(value: int) -> Markup:
    return Markup('<progress max="100" value="{0}">{0} %</progress> {0} %').format(value)


_SHOWN: dict[str, Callable[[Any], Markup]] = {
    "status": badge,
    "flag": _flag,
    "money": lambda value: escape(format_pounds(value)),
    "moment": _moment,
    "date": _date,
    "email": _email,
    "phone": _phone,
    "postcode": _postcode,
    "address": _address,
    "link": _link,
    "json": _json,
    "percent": _percent,
    "lines": lambda value: escape(", ".join(str(line) for line in value)),
    "words": lambda value: escape(words_of(value)),
    "long": escape,
}
