"""What travels: the SDK's bracketed form fields into typed parameters."""

import re
import types
import typing
from collections.abc import Iterable
from typing import Any

from typing_extensions import is_typeddict

from sandbox.stripe.conformance import (
    ConformanceError,
    check_params,
    param_hints,
    union_members,
)
from sandbox.stripe.errors import ApiError, Json, invalid

_INTEGER = re.compile(r"-?\d{1,18}\Z")


def read_params(params_type: type, fields: Iterable[tuple[str, str]]) -> Json:
    """Read form or query fields as the SDK's `params_type`.

    :raises ApiError: 400, if the SDK's type does not allow what was sent.
    """
    params = typing.cast(Json, _shaped(params_type, nested(fields)))
    try:
        check_params(params_type, params)
    except ConformanceError as fault:
        raise _refusal(fault) from fault
    return params


def nested(fields: Iterable[tuple[str, str]]) -> Json:
    """Return `a[b][0]=c` as nested dictionaries, with the indexes as keys."""
    tree: Json = {}
    for name, value in fields:
        head, *rest = re.split(r"\]\[|\[", name.rstrip("]"))
        keys = [head, *rest]
        branch = tree
        for key in keys[:-1]:
            deeper = branch.setdefault(key, {})
            if not isinstance(deeper, dict):
                raise invalid(f"Invalid request: {name} is both a value and an object", param=name)
            branch = deeper
        last = keys[-1] or str(len(branch))
        branch[last] = value
    return tree


def _shaped(hint: Any, value: object) -> object:
    """Turn strings into numbers and index keys into lists where the type asks for it."""
    if isinstance(value, dict):
        return _shaped_mapping(hint, value)
    members = _members(hint)
    if int in members and _INTEGER.match(str(value)):
        return int(str(value))
    if bool in members and value in ("true", "false"):
        return value == "true"
    return value


def _shaped_mapping(hint: Any, value: Json) -> object:
    for member in _members(hint):
        if is_typeddict(member):
            hints = param_hints(member)
            return {key: _shaped(hints.get(key, Any), inner) for key, inner in value.items()}
        if typing.get_origin(member) is list and all(key.isdigit() for key in value):
            (item,) = typing.get_args(member)
            return [_shaped(item, value[key]) for key in sorted(value, key=int)]
    return value


def _members(hint: Any) -> list[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return union_members(hint)
    return [hint]


def _refusal(fault: ConformanceError) -> ApiError:
    param = re.sub(r"\.([^.\[]+)", r"[\1]", fault.path)
    if fault.fault == "unknown":
        told = f"Received unknown parameter: {param}"
        return invalid(told, param=param, code="parameter_unknown")
    if fault.fault == "missing":
        return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")
    code = "parameter_invalid_integer" if fault.reason.endswith("not int") else None
    return invalid(f"Invalid {param}: {fault.reason}", param=param, code=code)
