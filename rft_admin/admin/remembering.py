"""The filters that a person last applied to each list, kept in the browser's signed session."""

from typing import Any
from urllib.parse import parse_qs, urlencode

from flask import session

from rft_admin.admin.actor import signed_in_user

KEY = "lists"
#: A cookie holds four thousand characters; the lists used longest ago are forgotten.
MOST_LISTS = 6
LONGEST_FILTERS = 400


def remember(table: str, arguments: dict[str, Any]) -> None:
    """Keep a list's filters, or forget them when there are none."""
    kept = _kept()
    kept.pop(table, None)
    text = urlencode(arguments, doseq=True)
    if text and len(text) <= LONGEST_FILTERS:
        kept[table] = text
    # Pairs keep their order in the cookie; an object's keys would be sorted.
    session[KEY] = {"user": _user_id(), "filters": list(kept.items())[-MOST_LISTS:]}


def remembered(table: str) -> dict[str, list[str]]:
    """Return the arguments of a list's filters; empty if none are kept."""
    return parse_qs(_kept().get(table, ""))


def _kept() -> dict[str, str]:
    """Return what this person keeps: whoever signs in next in the same browser starts anew."""
    stored = session.get(KEY) or {}
    if stored.get("user") != _user_id():
        return {}
    return dict(stored["filters"])


def _user_id() -> int | None:
    user = signed_in_user()
    return user.id if user else None
