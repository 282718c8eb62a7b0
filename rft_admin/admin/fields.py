"""Form fields that know pounds, London's clock, references and statuses."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from wtforms import DecimalField, Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from rft_admin.admin.naming import words_of
from rft_admin.core.clock import LONDON, to_london

#: How a chosen row stands in its field: "Ann Example (#12)".
CHOSEN = re.compile(r"(?:.*\(#(\d{1,10})\)|#?(\d{1,10}))\s*", re.DOTALL)
LARGEST_INTEGER = 2_147_483_647
MINUTE = "%Y-%m-%dT%H:%M"


class TextField(StringField):  # type: ignore[misc] # WTForms ships no types
    """A line of text, without the character that PostgreSQL cannot keep."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed, trimmed."""
        if valuelist:
            self.data = valuelist[0].replace("\x00", "").strip()


class LongTextField(TextAreaField):  # type: ignore[misc] # WTForms ships no types
    """Several lines of text."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed, with one kind of line end."""
        if valuelist:
            self.data = valuelist[0].replace("\x00", "").replace("\r\n", "\n").strip()


class PoundsField(DecimalField):  # type: ignore[misc] # WTForms ships no types
    """An amount in pounds; £ signs and thousands' commas are understood."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the amount.

        :raises ValueError: if it is no amount.
        """
        text = valuelist[0].strip().lstrip("£").replace(",", "").strip() if valuelist else ""
        if not text:
            self.data = None
            return
        try:
            amount = Decimal(text)
        except InvalidOperation as error:
            raise ValueError("Please enter an amount in pounds, for example 75.00.") from error
        if not amount.is_finite() or abs(amount) >= 10**8:
            raise ValueError("Please enter an amount in pounds, for example 75.00.")
        if amount != amount.quantize(Decimal("0.01")):
            raise ValueError("Please enter pounds and pence, with two places at most.")
        self.data = amount


class StatusField(SelectField):  # type: ignore[misc] # WTForms ships no types
    """A choice among the members of a StrEnum, by their labels."""

    def __init__(
        self, label: str, members: type[StrEnum], *, may_be_empty: bool = False, **options: Any
    ) -> None:
        choices = [SelectChoice(member.value, words_of(member)) for member in members]
        if may_be_empty:
            choices.insert(0, SelectChoice("", "–"))
        super().__init__(
            label,
            choices=choices,
            coerce=lambda value: members(value) if value not in (None, "") else None,
            **options,
        )


class YesNoField(SelectField):  # type: ignore[misc] # WTForms ships no types
    """Yes, no, or not known yet."""

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(
            label,
            choices=[
                SelectChoice("", "Not yet known"),
                SelectChoice("True", "Yes"),
                SelectChoice("False", "No"),
            ],
            coerce=lambda value: None if value in ("", "None", None) else str(value) == "True",
            **options,
        )


class ReferenceField(Field):  # type: ignore[misc] # WTForms ships no types
    """Another table's row: its title with "(#id)" at the end, its bare number, or a search text.

    With JavaScript the field suggests rows while one types; without it a text that fits one row
    only is understood, and one that fits several is answered with what they are.
    """

    widget = TextInput()

    def __init__(
        self,
        label: str,
        *,
        find: Callable[[int], Any],
        look_up: Callable[[str], list[tuple[int, str]]],
        table: str = "",
        **options: Any,
    ) -> None:
        super().__init__(label, **options)
        self.find = find
        self.look_up = look_up
        #: The table that it refers to.
        self.table = table
        #: The chosen row, where whoever shows the form has it already.
        self.chosen: Any = None

    def title_of(self, row_id: int) -> str:
        """Return how the row of an id stands in the field."""
        known = self.chosen is not None and self.chosen.id == row_id
        row = self.chosen if known else self.find(row_id)
        return chosen_text(row) if row is not None else f"#{row_id}"

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else self.title_of(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read which row is meant.

        :raises ValueError: if none or several fit.
        """
        text = valuelist[0].replace("\x00", "").strip() if valuelist else ""
        if not text:
            self.data = None
            return
        number = read_chosen(text)
        if number is not None:
            if self.find(number) is None:
                raise ValueError("There is no such record. Please choose one from the list.")
            self.data = number
            return
        found = self.look_up(text)
        if len(found) != 1:
            raise ValueError(_several(found))
        self.data = found[0][0]


class LondonDateTimeField(Field):  # type: ignore[misc] # WTForms ships no types
    """A moment as London's clock shows it, to the minute.

    An unchanged field writes nothing, so seconds and fractions of the stored moment survive. The
    hour that is missing in spring is refused; about the one that comes twice in autumn it asks.
    """

    widget = TextInput()

    #: 0 the first, 1 the second of an hour that comes twice; None where it was not asked.
    fold: int | None = None
    is_repeated = False

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return to_london(self.data).strftime(MINUTE) if self.data else ""

    def process(self, formdata: Any, *arguments: Any, **options: Any) -> None:
        """Read the field and, for a repeated hour, the choice beside it."""
        if formdata is not None and f"{self.name}-fold" in formdata:
            fold = formdata.get(f"{self.name}-fold")
            self.fold = int(fold) if fold in ("0", "1") else None
        super().process(formdata, *arguments, **options)
        if self.data is not None and not self.raw_data:
            local = to_london(self.data)
            self.is_repeated = _comes_twice(local.replace(tzinfo=None))
            self.fold = local.fold if self.is_repeated else None

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the moment.

        :raises ValueError: if it is no moment, does not exist, or exists twice.
        """
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not text:
            return
        wall = _read_wall(text)
        self.is_repeated = _comes_twice(wall)
        if self.object_data is not None and _same_minute(self.object_data, wall, self.fold):
            self.data = self.object_data
            return
        self.data = self._to_moment(wall)

    def _to_moment(self, wall: datetime) -> datetime:
        first = wall.replace(tzinfo=LONDON, fold=0)
        second = wall.replace(tzinfo=LONDON, fold=1)
        if to_london(first.astimezone(UTC)).replace(tzinfo=None) != wall:
            raise ValueError(
                "This hour does not exist: the clocks go forward. Please choose another."
            )
        if self.is_repeated and self.fold is None:
            raise ValueError("This hour comes twice: the clocks go back. Please say which.")
        return (second if self.fold else first).astimezone(UTC)


def chosen_text(row: Any) -> str:
    """Return how a row stands in a reference's field."""
    return f"{row} (#{row.id})"


def read_chosen(text: str) -> int | None:
    """Return the id that the text ends with or is; None if it names no row."""
    match = CHOSEN.fullmatch(text)
    number = int(match.group(1) or match.group(2)) if match else 0
    return number if 0 < number <= LARGEST_INTEGER else None


def check_whole_number(_form: Any, field: Field) -> None:
    """Refuse numbers that the database's integers cannot hold.

    :raises ValidationError: if the number is too large.
    """
    if field.data is not None and abs(field.data) > LARGEST_INTEGER:
        raise ValidationError("This number is too large.")


def _several(found: list[tuple[int, str]]) -> str:
    if not found:
        return "Nothing fits this text. Please type a part of the name, or choose from the list."
    names = "; ".join(text for _, text in found[:5])
    return f"Several fit: {names}. Please type one of them in full."


def _read_wall(text: str) -> datetime:
    for form in (MINUTE, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            wall = datetime.strptime(text, form)  # noqa: DTZ007 - a wall time, London's by the next step
        except ValueError:
            continue
        if wall.year >= 1900:
            return wall
    raise ValueError("Please enter a date and a time, for example 2027-03-28 09:30.")


def _comes_twice(wall: datetime) -> bool:
    first, second = (wall.replace(tzinfo=LONDON, fold=fold) for fold in (0, 1))
    return first.utcoffset() > second.utcoffset()  # type: ignore[operator] # London always has one


def _same_minute(stored: datetime, wall: datetime, fold: int | None) -> bool:
    local = to_london(stored)
    same = local.replace(tzinfo=None, second=0, microsecond=0, fold=0) == wall.replace(second=0)
    return same and fold in (None, local.fold)
