"""The confirmation page: which rows, what they come to, what goes out, and what cannot be done."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request
from flask_admin.form import BaseForm

from rft_admin.admin.actions import Action, Consequences, LetterToGo
from rft_admin.admin.choosing import MOST_ROWS, Choice, digest_of, safe_return
from rft_admin.core.tokens import new_token

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: Rows, notes and addresses that are named one by one; of more only the number is told.
MOST_NAMED = 10


@dataclass(frozen=True)
class Hindered:
    """Rows that cannot take the action, for one and the same reason."""

    reason: str
    rows: list[Any]


@dataclass(frozen=True)
class LetterBatch:
    """Letters of one kind that go out."""

    name: str
    count: int
    #: Each once, however many letters it gets.
    addresses: list[str]


def ask(
    view: "TableView",
    action: Action,
    choice: Choice,
    form: BaseForm | None,
    refusal: str = "",
) -> str:
    """Return the confirmation page: the amounts first, then the rows and the letters to go.

    :param refusal: why it was not done when it was confirmed just now.
    """
    rows = view.get_many(choice.ids, f"action:{action.name}")
    with action.read_ahead(rows):
        hindered = _hindered(action, rows)
        out = {row.id for group in hindered for row in group.rows}
        willing = [row for row in rows if row.id not in out]
        consequences = action.consequences(willing) if willing else Consequences()
    is_together = view.does_together(action) and len(rows) > 1
    page: str = view.render(
        "admin/confirm_action.html",
        action=action,
        choice=choice,
        rows=rows,
        willing=willing,
        hindered=hindered,
        #: All or none, and one cannot: nothing can be done with this choice.
        is_blocked=bool(is_together and hindered),
        is_together=is_together,
        digest=digest_of([row.id for row in willing]),
        seen=_seen(view, willing, consequences),
        consequences=consequences,
        letters=_batches(consequences.letters),
        most_named=MOST_NAMED,
        most_ticked=MOST_ROWS,
        form=form,
        refusal=refusal,
        token=new_token(),
        return_url=safe_return(request.form.get("url")) or view.address("index_view"),
    )
    return page


def is_as_seen(view: "TableView", action: Action, choice: Choice) -> bool:
    """Return whether the rows, sums and letters are still what the confirmed page has shown.

    A request that was not made by that page says nothing of what was seen, and is not asked.
    """
    seen = request.form.get("seen")
    if seen is None:
        return True
    rows = view.get_many(choice.ids, f"action:{action.name}")
    with action.read_ahead(rows):
        willing = [row for row in rows if action.hindrance(row) is None]
        consequences = action.consequences(willing) if willing else Consequences()
    return seen == _seen(view, willing, consequences)


def willing_ids(view: "TableView", action: Action, choice: Choice) -> list[int]:
    """Return the chosen rows that can take the action now."""
    rows = view.get_many(choice.ids, f"action:{action.name}")
    with action.read_ahead(rows):
        return [row.id for row in rows if action.hindrance(row) is None]


def _seen(view: "TableView", willing: list[Any], consequences: Consequences) -> str:
    """Return a digest of what the page shows: a job that writes other columns changes nothing."""
    shown = (
        [(row.id, str(row), view.describe_briefly(row)) for row in willing],
        list(consequences.sums),
        [(letter.template, letter.address) for letter in consequences.letters],
    )
    return hashlib.sha256(repr(shown).encode()).hexdigest()


def _hindered(action: Action, rows: list[Any]) -> list[Hindered]:
    """Return the rows that cannot take it, by their reason, the commonest first."""
    groups: dict[str, list[Any]] = {}
    for row in rows:
        reason = action.hindrance(row)
        if reason is not None:
            groups.setdefault(reason, []).append(row)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [Hindered(reason, found) for reason, found in ordered]


def _batches(letters: Sequence[LetterToGo]) -> list[LetterBatch]:
    """Return the letters by their kind."""
    by_template: dict[str, list[str]] = {}
    for letter in letters:
        by_template.setdefault(letter.template, []).append(letter.address)
    return [
        LetterBatch(template.replace("_", " "), len(found), list(dict.fromkeys(found)))
        for template, found in by_template.items()
    ]
