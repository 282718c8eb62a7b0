"""The settings table: typed, validated, obeyed at once; a missing row reads its default."""

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, ForeignKey, cast, event, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from rft_admin.core.contacts import read_email
from rft_admin.core.database import Json, LongText, Model, Versioned, db, enum_column
from rft_admin.core.errors import DomainError

Value = TypeVar("Value")


class ValueType(enum.StrEnum):
    """How a setting's text is read."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"
    DATE = "date"


class Setting(Versioned, Model):
    """One setting of the business; its definition stands in the room that reads it."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(unique=True)
    value: Mapped[str]
    value_type: Mapped[ValueType] = enum_column("value_type", ValueType)
    category: Mapped[str] = mapped_column(index=True, info={"shown_as": "words"})
    display_name: Mapped[str] = mapped_column(info={"label": "Setting"})
    description: Mapped[LongText]
    #: May be shown to visitors.
    is_public: Mapped[bool] = mapped_column(default=False)
    is_editable: Mapped[bool] = mapped_column(default=True)
    requires_restart: Mapped[bool] = mapped_column(default=False)
    #: For example {"min": 30, "max": 1440}.
    validation_rules: Mapped[Json] = mapped_column(default=dict)
    default_value: Mapped[str]
    #: A key without relationship: core knows nothing of people.
    updated_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Changed by"}
    )

    def __str__(self) -> str:
        return self.display_name

    @property
    def in_words(self) -> str:
        """The value as people read it."""
        return words_of_value(self.value, self.value_type, self.validation_rules)


class BadSetting(DomainError):
    """That value does not fit this setting."""

    field = "value"


@dataclass(frozen=True, kw_only=True)
class Definition(Generic[Value]):
    """What code knows of a setting; called, it answers the value now in force."""

    key: str
    value_type: ValueType
    default: str
    display_name: str
    description: str
    read: Callable[[Any], Value]
    is_public: bool = False
    is_editable: bool = True
    rules: Json = field(default_factory=dict)

    @property
    def category(self) -> str:
        """The part of the key before its dot."""
        return self.key.partition(".")[0]

    def __call__(self) -> Value:
        """Return the value of the row, else the default; all rows are read once a transaction."""
        stored = _stored_values().get(self.key, self.default)
        return self.read(parse(stored, self.value_type))


_definitions: dict[str, Definition[Any]] = {}
#: What the rule `format` names: checks of JSON values, by the rooms that read them.
_formats: dict[str, Callable[[Any], None]] = {}
#: The same formats' values, as people read them.
_words: dict[str, Callable[[Any], str]] = {}
_CACHE = "settings"


def definitions() -> dict[str, Definition[Any]]:
    """Return all settings that code defines, by key."""
    return dict(_definitions)


def text_setting(key: str, default: str = "", **words: Any) -> Definition[str]:
    """Define a setting that is a text."""
    return _define(
        Definition(key=key, value_type=ValueType.STRING, default=default, read=str, **words)
    )


def whole_number_setting(
    key: str, default: int, *, minimum: int = 0, maximum: int, **words: Any
) -> Definition[int]:
    """Define a setting that is a whole number from `minimum` to `maximum`."""
    return _define(
        Definition(
            key=key,
            value_type=ValueType.NUMBER,
            default=str(default),
            read=int,
            rules={"min": minimum, "max": maximum, "whole": True},
            **words,
        )
    )


def pounds_setting(key: str, default: str, *, maximum: int, **words: Any) -> Definition[Decimal]:
    """Define a setting that is an amount in pounds, from nothing to `maximum`."""
    return _define(
        Definition(
            key=key,
            value_type=ValueType.NUMBER,
            default=default,
            read=Decimal,
            rules={"min": 0, "max": maximum},
            **words,
        )
    )


def switch_setting(key: str, *, default: bool, **words: Any) -> Definition[bool]:
    """Define a setting that is on or off."""
    return _define(
        Definition(
            key=key, value_type=ValueType.BOOLEAN, default=str(default).lower(), read=bool, **words
        )
    )


def list_setting(key: str, default: list[Any], **words: Any) -> Definition[list[Any]]:
    """Define a setting that is a JSON list."""
    return _define(
        Definition(
            key=key, value_type=ValueType.JSON, default=json.dumps(default), read=list, **words
        )
    )


def define_format(name: str, check: Callable[[Any], None]) -> None:
    """Let `rules={"format": name}` mean a check that raises :class:`BadSetting`."""
    _formats[name] = check


def define_words(name: str, words: Callable[[Any], str]) -> None:
    """Let values of a format be read as the function's words."""
    _words[name] = words


def _define(definition: Definition[Value]) -> Definition[Value]:
    if definition.key in _definitions:
        raise ValueError(f"The setting {definition.key} is defined twice.")
    _definitions[definition.key] = definition
    return definition


def parse(text: str, value_type: ValueType) -> Any:
    """Return the text as str, Decimal, bool, JSON value or date.

    :raises BadSetting: if the text is not of the type.
    """
    try:
        return _PARSERS[value_type](text)
    except (KeyError, ValueError, InvalidOperation) as error:
        raise BadSetting(f"Please enter {_EXPECTED[value_type]}.") from error


def check_value(text: str, value_type: ValueType, rules: Json) -> None:
    """Check a typed-in value against its type and rules.

    :param rules: `min`, `max`, `whole` for numbers; `required`, `choices` and `max_length` for
        texts; `format` for texts and JSON.
    :raises BadSetting: naming what is expected.
    """
    value = parse(text, value_type)
    for name, limit in rules.items():
        if fault := _RULES[name](value, limit):
            raise BadSetting(fault)


def words_of_value(text: str, value_type: ValueType, rules: Json) -> str:
    """Return a value as people read it; as it is kept where it does not fit its type any more."""
    try:
        check_value(text, value_type, rules)
    except BadSetting:
        return text
    if value_type is ValueType.BOOLEAN:
        return "On" if parse(text, value_type) else "Off"
    words = _words.get(str(rules.get("format")))
    return words(parse(text, value_type)) if words is not None else text


def all_values() -> ColumnElement[dict[str, str]]:
    """Return all stored values as one, for a query that reads something else as well."""
    pairs = func.jsonb_object_agg(Setting.key, Setting.value)
    return func.coalesce(select(pairs).scalar_subquery(), cast({}, JSONB))


def keep_values(values: dict[str, str]) -> None:
    """Take the values that such a query read, until the transaction ends."""
    db.session().info[_CACHE] = values


def kept_values() -> dict[str, str] | None:
    """Return the values that are known in this transaction, or None if nobody asked so far."""
    return db.session().info.get(_CACHE)


def _stored_values() -> dict[str, str]:
    session = db.session()
    if _CACHE not in session.info:
        rows = session.execute(select(Setting.key, Setting.value))
        session.info[_CACHE] = {row.key: row.value for row in rows}
    values: dict[str, str] = session.info[_CACHE]
    return values


def _forget(session: Session, *_: object) -> None:
    session.info.pop(_CACHE, None)


def _forget_changed(session: Session, *_: object) -> None:
    if any(isinstance(row, Setting) for row in (*session.new, *session.dirty, *session.deleted)):
        _forget(session)


event.listen(Session, "after_transaction_end", _forget)
event.listen(Session, "after_flush", _forget_changed)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.strip().lower()]


def _number(text: str) -> Decimal:
    number = Decimal(text.strip())
    if not number.is_finite():
        raise ValueError(text)
    return number


def _too_small(value: Decimal, limit: Any) -> str:
    return f"Please enter at least {limit}." if value < Decimal(str(limit)) else ""


def _too_large(value: Decimal, limit: Any) -> str:
    return f"Please enter at most {limit}." if value > Decimal(str(limit)) else ""


def _not_whole(value: Decimal, _limit: Any) -> str:
    return "" if value == value.to_integral_value() else "Please enter a whole number."


def _not_among(value: str, choices: list[str]) -> str:
    return "" if value in choices else f"Please enter one of: {', '.join(choices)}."


def _too_long(value: str, limit: int) -> str:
    return f"Please enter at most {limit} characters." if len(value) > limit else ""


def _missing(value: str, is_needed: bool) -> str:
    return "Please fill this in." if is_needed and not value.strip() else ""


def _misformed(value: Any, name: str) -> str:
    _formats[name](value)
    return ""


def _check_email(value: str) -> None:
    try:
        if value:
            read_email(value)
    except ValueError as error:
        raise BadSetting("Please enter an e-mail address that letters can reach.") from error


define_format("email", _check_email)

#: What each rule asks of a value; an answer is the fault.
_RULES: dict[str, Callable[[Any, Any], str]] = {
    "min": _too_small,
    "max": _too_large,
    "whole": _not_whole,
    "choices": _not_among,
    "max_length": _too_long,
    "required": _missing,
    "format": _misformed,
}
_PARSERS: dict[ValueType, Callable[[str], Any]] = {
    ValueType.STRING: str,
    ValueType.NUMBER: _number,
    ValueType.BOOLEAN: _boolean,
    ValueType.JSON: json.loads,
    ValueType.DATE: date.fromisoformat,
}
_EXPECTED = {
    ValueType.STRING: "a text",
    ValueType.NUMBER: "a number",
    ValueType.BOOLEAN: "true or false",
    ValueType.JSON: "JSON",
    ValueType.DATE: "a date as YYYY-MM-DD",
}
