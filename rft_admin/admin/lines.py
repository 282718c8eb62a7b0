"""The lines of a list as its template prints them: all that is the same on each is made once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup, escape

from rft_admin.admin.cells import EMPTY, plain_of, show
from rft_admin.admin.icons import icon
from rft_admin.admin.paths import Path

if TYPE_CHECKING:
    from rft_admin.admin.view_rights import GuardedView

NUMBERS = frozenset({"money", "number"})
CLIPPED = frozenset({"long", "text", "reference"})
#: Texts up to so many characters are not broken; main columns beyond so many may be.
SHORT_TEXT = 16
LONG_MAIN = 22
CELL = Markup('<td data-label="%s" class="%s">')
CELL_END = Markup("</td>")
CLIP, CLIP_SHORT = Markup('<span class="clip">'), Markup('<span class="clip nowrap">')
CLIP_END = Markup("</span>")
MAIN_CELL = Markup('<td class="main"><a href="')
LONG_MAIN_CELL = Markup('<td class="main long-main"><a href="')
TAG_END = Markup('">')
MAIN_END = Markup("</a></td>")
ROW, ROW_END = Markup("<tr>"), Markup("</tr>\n")
PICK = Markup('<td class="pick"><label><input type="checkbox" name="rowid" value="')
PICK_TITLE = Markup('" aria-label="Choose ')
PICK_END = Markup('"></label></td>')


@dataclass(frozen=True)
class Heading:
    """The head of a column."""

    text: str
    label: str
    is_number: bool
    can_sort: bool


def headings(view: "GuardedView", paths: list[Path]) -> list[Heading]:
    """Return the heads of columns that the person may see."""
    return [
        Heading(
            path.text,
            view.get_column_name(path.text),
            path.kind in NUMBERS,
            view.is_sortable(path.text),
        )
        for path in paths
    ]


def lines(
    view: "GuardedView", paths: list[Path], rows: list[Any], *, list_url: str, has_actions: bool
) -> Markup:
    """Return the rows of the list's table; the first column leads to the row.

    :param list_url: where the row's menu leads back to.
    :param has_actions: the rows can be picked, and end in their menu; else in one link.
    """
    main, *others = (_Column(path, view.get_column_name(path.text)) for path in paths)
    start = escape(view.address("details_view", id=""))
    end = _menu(view, list_url) if has_actions else _link(view)
    parts: list[Markup] = []
    for row in rows:
        number, title = escape(row.id), escape(str(row))
        parts.append(ROW)
        if has_actions:
            parts += (PICK, number, PICK_TITLE, title, PICK_END)
        parts += main.leading(row, title, start, number)
        parts += [column.cell(row) for column in others]
        parts += (end.before, number, end.between, title, end.after, ROW_END)
    return _joined(parts)


@dataclass(frozen=True)
class _End:
    """The last cell of each line: what stands before the row's id, its title, and after."""

    before: Markup
    between: Markup
    after: Markup


def _menu(view: "GuardedView", list_url: str) -> _End:
    """Return the link to a row's menu; the list's script opens it in place."""
    address = view.address("menu_view", id="")
    return _End(
        Markup('<td class="row-end"><a class="button quiet small row-menu-link" href="%s')
        % address,
        Markup('&amp;url=%s" data-row-menu aria-label="Actions for ') % quote(list_url, safe="/"),
        Markup('">%s</a></td>') % icon("more"),
    )


def _link(view: "GuardedView") -> _End:
    """Return the link to a row where there is no menu: to its form, or to its page."""
    may_edit = view.may("edit")
    address = view.address("edit_view" if may_edit else "details_view", id="")
    return _End(
        Markup('<td class="row-end"><a class="button quiet small" href="%s') % address,
        Markup('" aria-label="%s ') % ("Edit" if may_edit else "Open"),
        Markup('">%s</a></td>') % icon("edit" if may_edit else "right"),
    )


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("".join(parts))  # noqa: S704 - each part is HTML; a page of rows has a thousand


class _Column:
    """One column of the list: what does not differ between its cells, and what was shown before."""

    def __init__(self, path: Path, label: str) -> None:
        self._steps = [step.key for step in path.steps]
        self._name = path.reference.key if path.reference is not None else path.name
        self._kind = path.shown_as
        self._is_clipped = path.kind in CLIPPED
        number = "num " if path.kind in NUMBERS else ""
        self._start = CELL % (label, number)
        self._blank = CELL % (label, f"{number}blank") + EMPTY + CELL_END
        self._made: dict[Any, Markup] = {}

    def leading(self, row: Any, title: Markup, start: Markup, number: Markup) -> tuple[Markup, ...]:
        """Return the pieces of the first cell, which leads to the row."""
        text = plain_of(self._value(row), self._kind)
        cell = LONG_MAIN_CELL if len(text or title) > LONG_MAIN else MAIN_CELL
        return cell, start, number, TAG_END, escape(text) or title, MAIN_END

    def cell(self, row: Any) -> Markup:
        """Return the cell of a row."""
        value = self._value(row)
        if value is None or value == "" or value == [] or value == {}:
            return self._blank
        # Rows of one page often show the same course, status or day.
        known = None if isinstance(value, dict | list) else value
        if known is None or known not in self._made:
            made = self._make(value)
            if known is None:
                return made
            self._made[known] = made
        return self._made[known]

    def _make(self, value: Any) -> Markup:
        html = show(value, self._kind)
        if not self._is_clipped:
            return _joined((self._start, html, CELL_END))
        is_short = len(plain_of(value, self._kind)) < SHORT_TEXT
        clip = CLIP_SHORT if is_short else CLIP
        return _joined((self._start, clip, html, CLIP_END, CELL_END))

    def _value(self, row: Any) -> Any:
        for step in self._steps:
            if row is None:
                return None
            row = getattr(row, step)
        return None if row is None else getattr(row, self._name)
