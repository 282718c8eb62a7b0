"""Which rows an action is for: those that were ticked, or all that a list's address fits."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from flask import abort, request
from sqlalchemy import select, union
from werkzeug.datastructures import MultiDict

from rft_admin.admin.actions import Action
from rft_admin.admin.fields import LARGEST_INTEGER
from rft_admin.admin.listing import Listing, branches, read_listing
from rft_admin.admin.rights import scoped
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: Rows that can be ticked and posted one by one.
MOST_ROWS = 200
#: Rows that "all that fit" may be.
MOST_MATCHING = 10_000


class TooManyFit(DomainError):
    """More than 10,000 rows fit. Please narrow the list by a filter or a search first."""


class ListChanged(DomainError):
    """These filters cannot be repeated as they were. Please choose in the list again."""

    status = 400


@dataclass(frozen=True)
class Choice:
    """The rows that an action is for, by their ids."""

    #: Ticked rows in the order of the list, all that fit in the order of their ids.
    ids: list[int]
    #: The list's address when all that fit it were chosen; None for ticked rows.
    matching: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether all rows that fit the list's address were chosen."""
        return self.matching is not None


def digest_of(ids: Sequence[int]) -> str:
    """Return what tells whether the same rows fit now as when they were shown."""
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()


def read_ids(texts: Iterable[str]) -> list[int]:
    """Return the posted ids as numbers, each once; a malformed one is 404, too many are 400."""
    ids: dict[int, None] = {}
    for text in texts:
        is_id = text.isascii() and text.isdecimal() and 0 < int(text[:11]) <= LARGEST_INTEGER
        if not is_id:
            abort(404)
        ids[int(text)] = None
    if len(ids) > MOST_ROWS:
        abort(400)
    return list(ids)


def read_choice(view: "TableView", action: Action) -> Choice:
    """Return the chosen rows.

    :raises TooManyFit: if "all that fit" are too many.
    :raises ListChanged: if the list's address does not mean what it meant.
    """
    if request.form.get("everything") != "1" or action.is_for_one:
        return Choice(read_ids(request.form.getlist("rowid")))
    text = request.form.get("matching", "")
    return Choice(_matching_ids(view, action, text), matching=text)


def address_of(listing: Listing) -> str:
    """Return the listing's search, scope and filters as the text that repeats them."""
    arguments = listing.arguments(page=None, page_size=None, sort=None, desc=None)
    return urlencode(sorted(arguments.items()), doseq=True)


def _matching_ids(view: "TableView", action: Action, text: str) -> list[int]:
    listing = read_listing(view, MultiDict(parse_qsl(text, keep_blank_values=True)))
    # What is not understood would be left out, and the rows would be more than were shown.
    if listing.faults or address_of(listing) != text:
        raise ListChanged
    # Each place of a search by itself: whether all are too many is known after the first ones.
    firsts = [
        select(
            scoped(view.model, branch, f"action:{action.name}")
            .order_by(view.model.id)
            .limit(MOST_MATCHING + 1)
            .subquery()
        )
        for branch in branches(view, listing)
    ]
    ids = sorted(db.session.scalars(union(*firsts))) if firsts else []
    if len(ids) > MOST_MATCHING:
        raise TooManyFit
    return ids


def safe_return(target: str | None) -> str | None:
    """Return the address if it lies inside the admin, else None: no open redirect."""
    inside = bool(target) and str(target).startswith("/admin/")
    return target if inside and "\\" not in str(target) and "\n" not in str(target) else None
