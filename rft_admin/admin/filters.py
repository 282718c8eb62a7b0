"""A list's filters, one small set per column by its kind, with readable names in the address."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_admin.contrib.sqla.filters import BaseSQLAFilter

from rft_admin.admin.fields import read_chosen
from rft_admin.admin.naming import words_of
from rft_admin.admin.paths import Path, reached
from rft_admin.admin.search import mentions, words_of_search
from rft_admin.core.clock import london_midnight
from rft_admin.core.database import Model

EARLIEST, LATEST = date(1900, 1, 1), date(9000, 1, 1)


class ColumnFilter(BaseSQLAFilter):  # type: ignore[misc] # Flask-Admin ships no types
    """A condition on one column, reached over the relationships of its path."""

    words = "is"
    input_type = "text"
    #: Whether the list's form names it; links narrow lists by every key, the form by the named.
    is_offered = True

    def __init__(self, model: type[Model], path: Path, name: str) -> None:
        options = self.choices(path)
        super().__init__(path.column, name, options=options)
        self.model = model
        self.path = path

    def choices(self, path: Path) -> list[tuple[str, str]] | None:
        """Return the values to choose from, or None where one types."""
        return None

    def operation(self) -> str:
        """Return the words between the column's name and the value."""
        return self.words

    def clean(self, value: str) -> Any:
        """Return the typed value for the condition.

        :raises ValueError: if it is none.
        """
        return value.replace("\x00", "")[:200]

    def validate(self, value: str) -> bool:
        """Return whether the value makes sense."""
        try:
            self.clean(value)
        except (ValueError, InvalidOperation, OverflowError):
            return False
        return True

    def condition(self, column: Any, value: Any) -> Any:
        """Return the SQL condition: that the value is the same."""
        return column == value

    def where(self, value: Any) -> Any:
        """Return the condition on the filter's table, through EXISTS over the path."""
        return reached(self.model, self.path, lambda column: self.condition(column, value))

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        """Return the statement narrowed by the condition."""
        return query.where(self.where(value))


class IsStatus(ColumnFilter):
    """One of the status's members, or several."""

    input_type = "choices"

    def choices(self, path: Path) -> list[tuple[str, str]]:
        """Return the members with their labels."""
        members = path.column.type.enum_class  # type: ignore[union-attr] # an EnumText, by its kind
        return [(member.value, words_of(member)) for member in members]

    def clean(self, value: str) -> Any:
        """Return the member."""
        return self.path.column.type.enum_class(value)  # type: ignore[union-attr] # as above


class IsYes(ColumnFilter):
    """Yes or no."""

    input_type = "select"

    def choices(self, path: Path) -> list[tuple[str, str]]:
        """Return yes and no."""
        return [("1", "Yes"), ("0", "No")]

    def clean(self, value: str) -> bool:
        """Return the truth of it."""
        return {"1": True, "0": False, "yes": True, "no": False}[value.lower()]

    def validate(self, value: str) -> bool:
        """Return whether it is yes or no."""
        return value.lower() in {"1", "0", "yes", "no"}

    def condition(self, column: Any, value: Any) -> Any:
        """Return equality."""
        return column.is_(value)


class IsRow(ColumnFilter):
    """One row of another table: "Ann Example (#12)" or its number."""

    input_type = "reference"

    def clean(self, value: str) -> int:
        """Return the row's id."""
        number = read_chosen(value)
        if number is None:
            raise ValueError(value)
        return number


class Contains(ColumnFilter):
    """A part of the text, whatever its case."""

    words = "contains"

    def condition(self, column: Any, value: Any) -> Any:
        """Return a comparison without wildcards of the typed text's own."""
        return column.icontains(value, autoescape=True)


class Mentions(ColumnFilter):
    """Every word stands in one row of another table, as its search finds them."""

    words = "contains"

    def clean(self, value: str) -> list[str]:
        """Return the words.

        :raises ValueError: if there is none.
        """
        words = words_of_search(value)
        if not words:
            raise ValueError(value)
        return words

    def where(self, value: list[str]) -> Any:
        """Return the condition on the filter's table."""
        return mentions(self.model, self.path, value)


class _Day(ColumnFilter):
    input_type = "date"

    def clean(self, value: str) -> Any:
        day = date.fromisoformat(value)
        if not EARLIEST <= day <= LATEST:
            raise ValueError(value)
        return day

    def _edge(self, day: date) -> Any:
        return london_midnight(day) if self.path.kind == "moment" else day


class FromDay(_Day):
    """That day in London or later."""

    words = "from"

    def condition(self, column: Any, value: Any) -> Any:
        """Return the lower bound, itself included."""
        return column >= self._edge(value)


class ToDay(_Day):
    """That day in London or earlier."""

    words = "to"

    def condition(self, column: Any, value: Any) -> Any:
        """Return the upper bound, the whole day included."""
        return column < self._edge(value + timedelta(days=1))


class _Number(ColumnFilter):
    input_type = "number"

    def clean(self, value: str) -> Decimal:
        number = Decimal(value.strip().lstrip("£").replace(",", ""))
        if not number.is_finite() or abs(number) > 10**9:
            raise ValueError(value)
        return number


class AtLeast(_Number):
    """That number or more."""

    words = "from"

    def condition(self, column: Any, value: Any) -> Any:
        """Return the lower bound."""
        return column >= value


class AtMost(_Number):
    """That number or less."""

    words = "to"

    def condition(self, column: Any, value: Any) -> Any:
        """Return the upper bound."""
        return column <= value


BY_KIND: dict[str, tuple[type[ColumnFilter], ...]] = {
    "status": (IsStatus,),
    "flag": (IsYes,),
    "reference": (IsRow,),
    "moment": (FromDay, ToDay),
    "date": (FromDay, ToDay),
    "number": (AtLeast, AtMost),
    "money": (AtLeast, AtMost),
    "json": (),
}


def filters_for(model: type[Model], path: Path, name: str) -> list[ColumnFilter]:
    """Return the filters of a column, by its kind; of a property, by its row's searched text."""
    if path.column is None and path.reference is None:
        return [Mentions(model, path, name)]
    return [make(model, path, name) for make in BY_KIND.get(path.kind, (Contains,))]
