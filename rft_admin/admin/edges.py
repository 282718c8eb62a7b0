"""Where a page begins: the sort key and id of the row it follows or precedes, in the address."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from sqlalchemy import Boolean, Date, DateTime, Integer, Numeric

from rft_admin.admin.ordering import SortKey
from rft_admin.core.database import EnumText

LONGEST_TOKEN = 2000
MOST_INTEGER = 2_147_483_647
MOST_DECIMAL = Decimal(10) ** 15


class UnreadableEdge(ValueError):
    """The address names no row's place in this order: mistyped, or of another order."""


@dataclass(frozen=True)
class Edge:
    """The row next to a page, as the address carries it."""

    token: str
    #: The page ends before that row; else it begins after it.
    is_before: bool


def written(values: Sequence[Any]) -> str:
    """Return a row's sort values for the address."""
    text = json.dumps([_written(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(token: str, keys: Sequence[SortKey]) -> list[Any]:
    """Return the sort values of an address's token, each of its key's own type.

    :raises UnreadableEdge: if it is not of these keys.
    """
    try:
        padded = token[:LONGEST_TOKEN] + "=" * (-len(token) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise UnreadableEdge from error
    if not isinstance(values, list) or len(values) != len(keys):
        raise UnreadableEdge
    return [_read(value, key) for value, key in zip(values, keys, strict=True)]


def _written(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _read(value: Any, key: SortKey) -> Any:
    if value is None:
        if key.is_nullable:
            return None
        raise UnreadableEdge
    try:
        return _typed(value, key.expression.type)
    except (ValueError, TypeError, OverflowError, InvalidOperation) as error:
        raise UnreadableEdge from error


def _typed(value: Any, kind: Any) -> Any:
    """Return a value of JSON as the column's type has it.

    :raises ValueError: if it is none.
    """
    if isinstance(kind, Boolean | Integer):
        return _whole(value, kind)
    if not isinstance(value, str) or "\x00" in value:
        raise UnreadableEdge
    # A surrogate is no character that PostgreSQL takes.
    value.encode()
    if isinstance(kind, EnumText):
        return kind.enum_class(value)
    if isinstance(kind, DateTime):
        return _moment(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return _number(value) if isinstance(kind, Numeric) else value


def _whole(value: Any, kind: Any) -> int | bool:
    if isinstance(value, bool) is not isinstance(kind, Boolean) or not isinstance(value, int):
        raise UnreadableEdge
    if abs(value) > MOST_INTEGER:
        raise UnreadableEdge
    return value


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise UnreadableEdge
    return moment.astimezone(UTC)


def _number(value: str) -> Decimal:
    number = Decimal(value)
    if not number.is_finite() or abs(number) > MOST_DECIMAL:
        raise UnreadableEdge
    return number
