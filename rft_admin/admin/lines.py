"""The lines of a list as its template prints them: all that is the same on each is made once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from rft_admin.admin.cells import EMPTY, plain_of, show
from rft_admin.admin.paths import Path

if TYPE_CHECKING:
    from rft_admin.admin.view_rights import GuardedView

NUMBERS = frozenset({"money", "number"})
CLIPPED = frozenset({"long", "text", "reference"})
#: Texts up to so many characters are not broken; main columns beyond so many may be.
SHORT_TEXT = 16
LONG_MAIN = 22
CELL = Markup('<td data-label="%s" class="%s">%s</td>')
CLIP = Markup('<span class="clip%s">%s</span>')
MAIN_CELL = Markup('<td class="main%s"><a href="%s">%s</a></td>')


@dataclass(frozen=True)
class Heading:
    """The head of a column."""

    text: str
    label: str
    is_number: bool
    can_sort: bool


@dataclass(frozen=True)
class Line:
    """A row of the list."""

    row: Any
    id: int
    title: str
    address: str
    #: The table's cells, complete.
    cells: list[Markup]


def headings(view: "GuardedView", paths: list[Path]) -> list[Heading]:
    """Return the heads of the columns."""
    return [
        Heading(
            path.text,
            view.get_column_name(path.text),
            path.kind in NUMBERS,
            view.can_sort_by(path.text),
        )
        for path in paths
    ]


def lines(view: "GuardedView", paths: list[Path], rows: list[Any]) -> Iterator[Line]:
    """Yield the rows' lines; the first column leads to the row."""
    main, *others = (_Column(path, view.get_column_name(path.text)) for path in paths)
    start = view.details_url(0).removesuffix("0")
    for row in rows:
        title, address = str(row), f"{start}{row.id}"
        cells = [main.leading(row, title, address), *(column.cell(row) for column in others)]
        yield Line(row, row.id, title, address, cells)


class _Column:
    """One column of the list: what does not differ between its cells, and what was shown before."""

    def __init__(self, path: Path, label: str) -> None:
        self._steps = [step.key for step in path.steps]
        self._name = path.reference.key if path.reference is not None else path.name
        self._kind = path.shown_as
        self._is_clipped = path.kind in CLIPPED
        number = "num " if path.kind in NUMBERS else ""
        self._label = label
        self._number = number
        self._blank = CELL % (label, f"{number}blank", EMPTY)
        self._made: dict[Any, Markup] = {}

    def leading(self, row: Any, title: str, address: str) -> Markup:
        """Return the first cell, which leads to the row."""
        text = plain_of(self._value(row), self._kind) or title
        return MAIN_CELL % (" long-main" if len(text) > LONG_MAIN else "", address, text)

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
            return CELL % (self._label, self._number, html)
        nowrap = " nowrap" if len(plain_of(value, self._kind)) < SHORT_TEXT else ""
        return CELL % (self._label, self._number, CLIP % (nowrap, html))

    def _value(self, row: Any) -> Any:
        for step in self._steps:
            if row is None:
                return None
            row = getattr(row, step)
        return None if row is None else getattr(row, self._name)
