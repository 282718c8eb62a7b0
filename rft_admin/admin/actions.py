"""Named actions: one registry feeds the row's menu, the bulk bar and the details page."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_admin.form import BaseForm
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.core.actor import Actor


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


@dataclass(frozen=True)
class LetterToGo:
    """A letter that the action queues: its template and who gets it."""

    template: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """What a confirmation page tells before anything is done."""

    #: For example ("Sent back in all", "£65.00").
    sums: Sequence[tuple[str, str]] = ()
    letters: Sequence[LetterToGo] = ()
    notes: Sequence[str] = ()


def letter_to(template: str, address: str) -> LetterToGo:
    """Return the announcement of a letter."""
    return LetterToGo(template, address)


def _always(_row: Any) -> None:
    return None


def _nothing(_rows: list[Any]) -> Consequences:
    return Consequences()


def _without_reading_ahead(_rows: list[Any]) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing that can be done with chosen rows of a table."""

    name: str
    label: str
    #: Done for each row; a DomainError refuses that row.
    run: Callable[[Any, Order], Done | BaseResponse]
    #: What the confirmation page asks.
    question: str
    form: type[BaseForm] | None = None
    #: Says why a row cannot take it, or None; the service has the last word.
    hindrance: Callable[[Any], str | None] = _always
    consequences: Callable[[list[Any]], Consequences] = _nothing
    #: Reads for many rows at once what the two above ask of each, while a page is made.
    read_ahead: Callable[[list[Any]], AbstractContextManager[None]] = _without_reading_ahead
    is_dangerous: bool = False
    #: Among the first things that people do here: a button of its own on the details page.
    is_primary: bool = False
    #: One row at a time: its form is about this one.
    is_for_one: bool = False
    #: Each row is much work: a job carries it out as soon as there are several.
    is_long: bool = False
    #: All rows or none, in one transaction; None is as the view says.
    is_together: bool | None = None
    #: The action that takes it back, where there is one.
    undone_by: str = ""
    #: The use case opens its own units of work; it is called with the row outside of one.
    is_own_work: bool = False
    #: Done at once, without a confirmation page: nothing is changed.
    is_immediate: bool = False


def sorted_for_a_menu(actions: Sequence[Action]) -> list[Action]:
    """Return the actions with the dangerous ones last."""
    return sorted(actions, key=lambda action: action.is_dangerous)
