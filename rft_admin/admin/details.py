"""The page of one row: what it says, what belongs to it, and what happened to it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request
from markupsafe import Markup

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.admin import history, note_box, panels, timeline
from rft_admin.admin.actions import Action
from rft_admin.admin.facts import Fact, Facts, badges_of, facts_of, record_of
from rft_admin.admin.history import HistoryPage
from rft_admin.admin.note_box import NoteBox
from rft_admin.admin.panels import FilledPanel, Pointer
from rft_admin.admin.rights import can, sees_all_fields
from rft_admin.admin.timeline import Timeline

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: What stands beside the facts; the tabs have the rest.
EVENTS_BESIDE = 12
ACTS_BESIDE = 6
DEEPEST_PAGE = 10_000


@dataclass(frozen=True)
class Figure:
    """A number that tells where the row stands: "Still to pay", £75.00."""

    label: str
    value: Markup | str
    #: A line below it.
    note: Markup | str = ""
    #: good, warn, bad; empty where it is neither.
    tone: str = ""
    #: Parts of a whole for a bar: name of the part and per cent.
    bar: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Notice:
    """A sentence about what wants to be done, above everything else."""

    words: Markup | str
    tone: str = "warning"


@dataclass(frozen=True)
class Tab:
    """One of the page's tabs, with an address of its own."""

    name: str
    label: str
    address: str
    is_current: bool


@dataclass(frozen=True)
class Overview:
    """The first tab: what the row says and what belongs to it."""

    figures: list[Figure]
    notices: list[Notice]
    facts: Facts
    record: list[Fact]
    panels: list[FilledPanel]
    #: What could belong here but does not yet.
    empty_panels: list[FilledPanel]
    #: Lists of rows that name this one elsewhere.
    pointers: list[Pointer]
    notes: NoteBox | None
    #: The newest of the timeline; of the history where the table has no timeline.
    timeline: Timeline | None
    history: HistoryPage | None


@dataclass(frozen=True)
class Description:
    """All that a row's page shows under the tab that was asked for."""

    badges: list[Markup]
    tabs: list[Tab]
    actions: list[Action]
    #: One of the three, by the tab.
    overview: Overview | None = None
    timeline: Timeline | None = None
    history: HistoryPage | None = None

    @property
    def tab(self) -> Tab:
        """The tab that is shown."""
        return next(tab for tab in self.tabs if tab.is_current)


def describe(view: "TableView", row: Any) -> Description:
    """Return the page's content for the signed-in person, under the tab of the address."""
    tabs = _tabs(view, row)
    current = next(tab.name for tab in tabs if tab.is_current)
    return Description(
        badges=badges_of(view, row),
        tabs=tabs,
        actions=[
            action
            for action in view.actions
            if view.may(f"action:{action.name}") and action.hindrance(row) is None
        ],
        overview=_overview(view, row) if not current else None,
        timeline=(
            timeline.read(view.timeline(row), page=_page()) if current == "timeline" else None
        ),
        history=history.read(view, row, page=_page()) if current == "history" else None,
    )


def _overview(view: "TableView", row: Any) -> Overview:
    filled, pointers = panels.fill(view, row)
    has_timeline = _has_timeline(view, row)
    may_read_history = not has_timeline and can("list", AdminActivityLog)
    return Overview(
        figures=view.headline(row),
        notices=view.notices(row),
        facts=facts_of(view, row),
        record=record_of(view, row),
        panels=[panel for panel in filled if panel.rows],
        empty_panels=[panel for panel in filled if not panel.rows],
        pointers=pointers,
        notes=note_box.read(view, row),
        timeline=timeline.read(view.timeline(row), size=EVENTS_BESIDE) if has_timeline else None,
        history=history.read(view, row, size=ACTS_BESIDE) if may_read_history else None,
    )


def _has_timeline(view: "TableView", row: Any) -> bool:
    return any(sees_all_fields(source.model) for source in view.timeline(row))


def _tabs(view: "TableView", row: Any) -> list[Tab]:
    names = [("", "Overview")]
    if _has_timeline(view, row):
        names.append(("timeline", "Timeline"))
    if can("list", AdminActivityLog):
        names.append(("history", "History"))
    asked = request.args.get("tab", "")
    current = asked if asked in dict(names) else ""
    return [
        Tab(name, label, _address(view, row, name), is_current=name == current)
        for name, label in names
    ]


def _address(view: "TableView", row: Any, tab: str) -> str:
    return view.address("details_view", id=row.id, **({"tab": tab} if tab else {}))


def _page() -> int:
    text = request.args.get("page", "")
    is_number = text.isascii() and text.isdecimal() and len(text) < 6
    return min(int(text), DEEPEST_PAGE) if is_number else 0
