"""Named actions: one registry feeds the list, the details page and the confirmation page."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import abort, flash, redirect, request
from flask_admin.form import BaseForm
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.fields import LARGEST_INTEGER
from rft_admin.admin.saving import tell
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import transact
from rft_admin.core.errors import DomainError

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

MOST_ROWS = 200
#: Refusals that a message names one by one; the session's cookie holds no more.
MOST_NAMED = 8


@dataclass(frozen=True)
class Done:
    """What an action did to one row, and where to see it."""

    words: str
    address: str | None = None


@dataclass(frozen=True, kw_only=True)
class Order:
    """What an action is given besides its row: the form's values, who and when."""

    values: dict[str, Any]
    by: Actor
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """What a confirmation page tells before anything is done."""

    #: For example ("Sent back in all", "£65.00").
    sums: Sequence[tuple[str, str]] = ()
    letters: Sequence[str] = ()
    notes: Sequence[str] = ()


def letter_to(template: str, address: str) -> str:
    """Return the line that announces a letter: its name in words and who gets it."""
    return f"Letter “{template.replace('_', ' ')}” to {address}"


def _always(_row: Any) -> None:
    return None


def _nothing(_rows: list[Any]) -> Consequences:
    return Consequences()


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing that can be done with chosen rows of a table."""

    name: str
    label: str
    #: Done for each row, in a unit of work of its own; a DomainError refuses that row.
    run: Callable[[Any, Order], Done | BaseResponse]
    #: What the confirmation page asks.
    question: str
    form: type[BaseForm] | None = None
    #: Says why a row cannot take it, or None; the service has the last word.
    hindrance: Callable[[Any], str | None] = _always
    consequences: Callable[[list[Any]], Consequences] = _nothing
    is_dangerous: bool = False
    #: The use case opens its own units of work; it is called with the row outside of one.
    is_own_work: bool = False
    #: Done at once, without a confirmation page: nothing is changed.
    is_immediate: bool = False


@dataclass
class Results:
    """What became of each row."""

    done: list[Done] = field(default_factory=list)
    refused: list[tuple[str, DomainError]] = field(default_factory=list)


def handle(view: "TableView") -> BaseResponse | tuple[str, int] | str:
    """Answer a posted action: the confirmation page, or the deed and the way to it."""
    action = view.actions_by_name.get(request.form.get("action", ""))
    if action is None:
        abort(400)
    if not view.may(f"action:{action.name}"):
        abort(403)
    ids = read_ids(request.form.getlist("rowid"))
    if not ids:
        flash("Please choose at least one row.", "warning")
        return redirect(view.address("index_view"), code=303)
    rows = view.get_many(ids, f"action:{action.name}")
    form = action.form(request.form if _is_confirmed() else None) if action.form else None
    if not (_is_confirmed() or action.is_immediate):
        return ask(view, action, rows, form)
    if form is not None and not form.validate():
        return ask(view, action, rows, form), 422
    return _carry_out(view, action, rows, form)


def read_ids(texts: Iterable[str]) -> list[int]:
    """Return the posted ids as numbers, each once; a malformed one is 404, too many are 400."""
    ids: list[int] = []
    for text in texts:
        is_id = text.isascii() and text.isdecimal() and 0 < int(text[:11]) <= LARGEST_INTEGER
        if not is_id:
            abort(404)
        if int(text) not in ids:
            ids.append(int(text))
    if len(ids) > MOST_ROWS:
        abort(400)
    return ids


def ask(
    view: "TableView", action: Action, rows: list[Any], form: BaseForm | None, refusal: str = ""
) -> str:
    """Return the confirmation page: the rows, the sums and the letters to go."""
    willing = [row for row in rows if action.hindrance(row) is None]
    page: str = view.render(
        "admin/confirm_action.html",
        action=action,
        rows=[(row, action.hindrance(row)) for row in rows],
        willing=willing,
        consequences=action.consequences(willing),
        form=form,
        refusal=refusal,
        return_url=safe_return(request.form.get("url")) or view.address("index_view"),
    )
    return page


def safe_return(target: str | None) -> str | None:
    """Return the address if it lies inside the admin, else None: no open redirect."""
    inside = bool(target) and str(target).startswith("/admin/")
    return target if inside and "\\" not in str(target) and "\n" not in str(target) else None


def _is_confirmed() -> bool:
    return request.form.get("confirmed") == "1"


def _carry_out(
    view: "TableView", action: Action, rows: list[Any], form: BaseForm | None
) -> BaseResponse | tuple[str, int]:
    values = dict(form.data) if form is not None else {}
    results = Results()
    for row_id, title in [(row.id, str(row)) for row in rows]:
        outcome = _run_one(view, action, row_id, values)
        if isinstance(outcome, BaseResponse):
            return outcome
        if isinstance(outcome, DomainError):
            results.refused.append((title, outcome))
        else:
            results.done.append(outcome)
    if len(rows) == 1 and results.refused:
        return _asked_again(view, action, rows[0].id, form, results.refused[0][1])
    _flash_results(action, results)
    target = safe_return(request.form.get("url"))
    if target is None:
        target = view.details_url(rows[0].id) if len(rows) == 1 else view.address("index_view")
    return redirect(target, code=303)


def _run_one(
    view: "TableView", action: Action, row_id: int, values: dict[str, Any]
) -> Done | BaseResponse | DomainError:
    actor = current_actor_from_request()

    def use_case() -> Done | BaseResponse:
        row = view.get_many([row_id], f"action:{action.name}")[0]
        hindrance = action.hindrance(row)
        if hindrance is not None:
            raise DomainError(hindrance)
        return action.run(row, Order(values=values, by=actor, now=clock.now()))

    try:
        return use_case() if action.is_own_work else transact(use_case, by=actor)
    except DomainError as error:
        return error
    except IntegrityError:
        return DomainError("The database refuses this.")


def _asked_again(
    view: "TableView", action: Action, row_id: int, form: BaseForm | None, error: DomainError
) -> tuple[str, int]:
    rows = view.get_many([row_id], f"action:{action.name}")
    if form is not None and error.field:
        form.refusal = None
        tell(form, error.field, error.message)
        return ask(view, action, rows, form, form.refusal or ""), error.status
    return ask(view, action, rows, form, error.message), error.status


def _flash_results(action: Action, results: Results) -> None:
    if results.done:
        flash(_done_words(action, results.done), "success")
    if results.refused:
        lines = Markup("").join(
            Markup("<li>{}: {}</li>").format(title, error.message)
            for title, error in results.refused[:MOST_NAMED]
        )
        more = len(results.refused) - MOST_NAMED
        if more > 0:
            lines += Markup("<li>and {} more</li>").format(more)
        words = Markup("{} of {} not done:<ul>{}</ul>").format(
            len(results.refused), len(results.refused) + len(results.done), lines
        )
        flash(words, "error")


def _done_words(action: Action, done: list[Done]) -> Markup:
    if len(done) == 1:
        return _linked(done[0])
    lines = Markup("").join(Markup("<li>{}</li>").format(_linked(one)) for one in done[:MOST_NAMED])
    more = len(done) - MOST_NAMED
    if more > 0:
        lines += Markup("<li>and {} more</li>").format(more)
    return Markup("{}: {} done.<ul>{}</ul>").format(action.label, len(done), lines)


def _linked(done: Done) -> Markup:
    if done.address is None:
        return Markup("{}").format(done.words)
    return Markup('{} <a href="{}">Show</a>').format(done.words, done.address)
