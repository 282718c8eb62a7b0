"""Form fields for what is kept as JSON: a list of words by lines, and any value as text."""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from wtforms import TextAreaField

MOST_LINES = 100
LONGEST_LINE = 200
DEEPEST = 50
#: What Python's reader complains of, and what a person can do about it.
WORDS_OF_FAULTS = (
    ("Expecting value", "a value is missing; texts stand in double quotes"),
    ("Expecting property name", "a name in double quotes is missing"),
    ("Expecting ',' delimiter", "a comma or a closing bracket is missing"),
    ("Expecting ':' delimiter", "a colon is missing after the name"),
    ("Unterminated string", "this text has no closing quote"),
    ("Invalid control character", "a text cannot go over several lines; write \\n instead"),
    ("Invalid \\", "a backslash is written twice: \\\\"),
    ("Illegal trailing comma", "there is a comma too many"),
    ("Extra data", "the value has ended already; this is too much"),
)


class LinesField(TextAreaField):  # type: ignore[misc] # WTForms ships no types
    """A list of words, one a line: nobody has to write brackets and quotes."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "\n".join(str(line) for line in self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the lines: trimmed, none empty, each once.

        :raises ValueError: if they are too many or too long.
        """
        if not valuelist:
            return
        lines = [line.strip() for line in valuelist[0].replace("\x00", "").splitlines()]
        found = list(dict.fromkeys(line for line in lines if line))
        if len(found) > MOST_LINES or any(len(line) > LONGEST_LINE for line in found):
            raise ValueError(
                f"Please use at most {MOST_LINES} lines of {LONGEST_LINE} characters each."
            )
        self.data = found


class JsonField(TextAreaField):  # type: ignore[misc] # WTForms ships no types
    """A JSON value, shown indented; a fault is told with its line and column."""

    def __init__(
        self, label: str = "", *, check: Callable[[Any], None] | None = None, **options: Any
    ) -> None:
        super().__init__(label, **options)
        #: Raises ValueError where the value has not the shape that its reader needs.
        self.check = check

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return show_json(self.data) if self.data is not None else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the value.

        :raises ValueError: if it is no JSON, or has not the right shape.
        """
        if not valuelist:
            return
        self.data = None
        if valuelist[0].strip():
            value = read_json(valuelist[0])
            if self.check is not None:
                self.check(value)
            self.data = value


def show_json(value: Any) -> str:
    """Return a value as text: what is short on one line, the rest indented."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    # A small object is easier to read, and to compare with its neighbours, on one line.
    return re.sub(r"\{[^{}\[\]]{1,120}\}", lambda found: _on_one_line(found[0]), text)


def read_json(text: str) -> Any:
    """Return what a JSON text says, as far as PostgreSQL can keep it.

    :raises ValueError: saying where the fault is and what it is.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_each_once)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"Line {error.lineno}, column {error.colno}: {_words_of_fault(error.msg)}."
        ) from error
    except RecursionError as error:
        raise ValueError("This is nested too deeply.") from error
    _refuse_what_no_column_keeps(json.dumps(value, ensure_ascii=False))
    return value


def _words_of_fault(message: str) -> str:
    found = (words for start, words in WORDS_OF_FAULTS if message.startswith(start))
    return next(found, "this is not JSON")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that JSON knows.")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"“{twice}” stands twice in one object.")
    return dict(pairs)


def _refuse_what_no_column_keeps(text: str) -> None:
    if "\\u0000" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("There is a character in it that cannot be kept.")


def _on_one_line(block: str) -> str:
    return re.sub(r"\s*\n\s*", " ", block)
