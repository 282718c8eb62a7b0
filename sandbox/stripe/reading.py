"""Stripe's reading side: retrieve, list with cursors and filters, expand."""

from collections.abc import Iterable
from typing import Any

from sandbox.stripe.acts import Act
from sandbox.stripe.errors import Json, invalid, missing

_KIND_BY_PREFIX = {
    "cs": "checkout.session",
    "pi": "payment_intent",
    "ch": "charge",
    "re": "refund",
    "txn": "balance_transaction",
    "du": "dispute",
    "po": "payout",
}
_EXPANDABLE = {
    "checkout.session": {"payment_intent", "line_items"},
    "payment_intent": {"latest_charge"},
    "charge": {"balance_transaction", "payment_intent", "refunds"},
    "refund": {"charge", "payment_intent", "balance_transaction", "failure_balance_transaction"},
    "dispute": {"charge", "payment_intent"},
    "balance_transaction": {"source"},
    "payout": {"balance_transaction"},
}
#: List filters that compare one member; where it lies in the row.
_FILTERS = {
    "payment_intent": "json_extract(body, '$.payment_intent')",
    "charge": "json_extract(body, '$.charge')",
    "status": "json_extract(body, '$.status')",
    "type": "json_extract(body, '$.type')",
    "source": "json_extract(body, '$.source')",
    "currency": "json_extract(body, '$.currency')",
    "payout": "json_extract(hidden, '$.payout')",
}
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_PAGING = {"limit", "starting_after", "ending_before", "expand"}


def retrieve(act: Act, kind: str, identifier: str, params: Json) -> Json:
    """Return one object, expanded as asked.

    :raises ApiError: 404, if there is none.
    """
    found = act.tx.find(kind, identifier)
    if found is None:
        raise missing(kind, identifier)
    return expanded(act, found, params.get("expand", ()))


def list_page(act: Act, kind: str, params: Json, *, url: str) -> Json:
    """Return a page of a kind's objects, newest first, as Stripe pages.

    :raises ApiError: 400, if a filter or cursor is not to be had.
    """
    conditions, values = _conditions(params)
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("This value must be between 1 and 100.", param="limit")
    backwards = "ending_before" in params
    for name, comparison in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            conditions.append(f"seq {comparison} ?")
            values.append(_position(act, kind, params[name], name))
    order = "ASC" if backwards else "DESC"
    where = " AND ".join(["1", *conditions])
    rows = act.tx.some(kind, f"{where} ORDER BY seq {order} LIMIT ?", *values, limit + 1)
    page = rows[:limit][:: -1 if backwards else 1]
    paths = [_below_data(path) for path in params.get("expand", ())]
    return as_list([expanded(act, row, paths) for row in page], url, more=len(rows) > limit)


def as_list(rows: list[Json], url: str, *, more: bool = False) -> Json:
    """Return Stripe's list object."""
    return {"object": "list", "data": rows, "has_more": more, "url": url}


def _below_data(path: str) -> str:
    if not path.startswith("data."):
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    return path.removeprefix("data.")


def _position(act: Act, kind: str, identifier: str, param: str) -> int:
    rows = act.tx.sql("SELECT seq FROM objects WHERE id = ? AND kind = ?", identifier, kind)
    if not rows:
        raise missing(kind, identifier, param=param)
    return int(rows[0]["seq"])


def _conditions(params: Json) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for name, value in params.items():
        if name in _PAGING:
            continue
        if name == "created":
            _add_range(conditions, values, value)
        elif name == "types":
            conditions.append(f"{_FILTERS['type']} IN ({', '.join('?' * len(value))})")
            values.extend(value)
        elif name == "customer_details":
            conditions.append("json_extract(body, '$.customer_details.email') = ?")
            values.append(value["email"])
        elif name in _FILTERS:
            conditions.append(f"{_FILTERS[name]} = ?")
            values.append(value)
        else:
            raise invalid(f"The sandbox does not play this parameter: {name}", param=name)
    return conditions, values


def _add_range(conditions: list[str], values: list[Any], wanted: int | Json) -> None:
    bounds = wanted if isinstance(wanted, dict) else {"gte": wanted, "lte": wanted}
    for name, value in bounds.items():
        conditions.append(f"created {_COMPARISONS[name]} ?")
        values.append(value)


def expanded(act: Act, found: Json, paths: Iterable[str]) -> Json:
    """Return an object with the ids at these dotted paths replaced by their objects.

    :raises ApiError: 400, if a path cannot be expanded, or is deeper than four.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > 4:
            raise invalid("You cannot expand more than 4 levels.", param="expand")
        found = _expanded_at(act, found, steps)
    return found


def _expanded_at(act: Act, found: Json, steps: list[str]) -> Json:
    name, *deeper = steps
    if name not in _EXPANDABLE.get(found["object"], ()):
        raise invalid(f"This property cannot be expanded ({name}).", param="expand")
    inner = _member(act, found, name)
    if isinstance(inner, dict) and deeper:
        inner = _expanded_at(act, inner, deeper)
    return found | {name: inner}


def _member(act: Act, found: Json, name: str) -> object:
    value = found.get(name)
    if isinstance(value, dict):
        return value
    if name == "line_items":
        items = act.tx.hidden(found["id"])["line_items"]
        return as_list(items, f"/v1/checkout/sessions/{found['id']}/line_items")
    if name == "refunds":
        rows = act.tx.some("refund", f"{_FILTERS['charge']} = ? ORDER BY seq DESC", found["id"])
        return as_list(rows, f"/v1/charges/{found['id']}/refunds")
    return value and act.tx.get(_KIND_BY_PREFIX[value.split("_")[0]], value)
