"""The Stripe SDK's own types, made strict: what is not in them is not Stripe.

The SDK leaves its enums open (`Literal[...] | str`) and its answers unchecked, so that an old
SDK survives a new API. Here the SDK and the API version are the same, so both are closed.
"""

import ast
import contextlib
import decimal
import functools
import importlib
import inspect
import sys
import threading
import types
import typing
from collections.abc import Iterator
from typing import Any

import stripe
from stripe import ListObject, RequestOptions, StripeObject
from stripe._object_classes import get_object_class
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import is_typeddict

from sandbox.stripe.errors import Json

_PARSER = threading.Lock()
PARSER_TRIES = 5


class ConformanceError(Exception):
    """The payload does not fit the SDK's type."""

    def __init__(self, path: str, reason: str, *, fault: str = "wrong_type") -> None:
        super().__init__(f"{path or '(top)'}: {reason}")
        self.path = path
        self.reason = reason
        #: unknown | missing | wrong_type | wrong_value
        self.fault = fault


def check_params(params_type: type, params: Json) -> None:
    """Check a request's parameters against the SDK's TypedDict.

    :raises ConformanceError: if a key is unknown, one is missing, or a value does not fit.
    """
    _check_typed_dict(params_type, params, "")


def check_resource(resource_class: type[StripeObject], payload: Json) -> None:
    """Check an answer against the annotations of the SDK's resource class.

    :raises ConformanceError: if a key is unknown, one that is never null is missing, or a value
        does not fit.
    """
    _check_object(resource_class, payload, "")


def check_event(payload: Json) -> None:
    """Check an event's envelope, and the object inside against the class its name tells.

    :raises ConformanceError: if either does not fit.
    """
    check_resource(stripe.Event, payload)
    inner = payload["data"]["object"]
    _check_object(resource_class_of(inner), inner, "data.object")


def check_answer(payload: Json) -> None:
    """Check any answer: one object, a list page, or an error.

    :raises ConformanceError: if it does not fit the class its `object` names.
    """
    if "error" in payload:
        _check_object(stripe.ErrorObject, payload["error"], "error")
    elif payload.get("object") == "list":
        _check_list(payload, "", resource_class_of)
    elif payload.get("object") == "event":
        check_event(payload)
    else:
        check_resource(resource_class_of(payload), payload)


def resource_class_of(payload: Json) -> type[StripeObject]:
    """Return the SDK class for the payload's `object`.

    :raises ConformanceError: if Stripe has no object of this name.
    """
    name = str(payload.get("object"))
    found = get_object_class("V1", name)
    if found is StripeObject:
        raise ConformanceError("object", f"Stripe has no object {name!r}", fault="wrong_value")
    return found


def _check_typed_dict(params_type: type, params: object, path: str) -> None:
    if not isinstance(params, dict):
        raise ConformanceError(path, "is not an object")
    hints = param_hints(params_type)
    _check_keys(params, set(hints), _required_params(params_type), path)
    for key, value in params.items():
        check_value(hints[key], value, _join(path, key))


def _check_object(resource_class: type, payload: object, path: str) -> None:
    if not isinstance(payload, dict):
        raise ConformanceError(path, "is not an object")
    hints = resource_hints(resource_class)
    _check_keys(payload, set(hints), _required_fields(resource_class), path)
    for key, value in payload.items():
        check_value(hints[key], value, _join(path, key))


def _check_keys(payload: Json, known: set[str], required: set[str], path: str) -> None:
    for key in payload:
        if key not in known:
            raise ConformanceError(_join(path, key), "is unknown", fault="unknown")
    for key in sorted(required - set(payload)):
        raise ConformanceError(_join(path, key), "is missing", fault="missing")


def check_value(hint: Any, value: object, path: str) -> None:
    """Check one value against one resolved annotation.

    :raises ConformanceError: if no reading of the annotation fits.
    """
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        _check_union(hint, value, path)
    elif origin is typing.Literal:
        _check_literal(hint, value, path)
    elif origin is list:
        _check_items(hint, value, path)
    elif origin is dict or origin is UntypedStripeObject:
        _check_mapping(typing.get_args(hint)[-1], value, path)
    elif origin is ListObject:
        (item,) = typing.get_args(hint)
        _check_list(value, path, lambda _payload: item)
    elif is_typeddict(hint):
        _check_typed_dict(hint, value, path)
    elif inspect.isclass(hint) and issubclass(hint, StripeObject):
        _check_object(hint, value, path)
    else:
        _check_scalar(hint, value, path)


def _check_union(hint: Any, value: object, path: str) -> None:
    members = union_members(hint)
    if value is None and type(None) in members:
        return
    faults = []
    for member in members:
        try:
            check_value(member, value, path)
        except ConformanceError as fault:
            faults.append(fault)
        else:
            return
    # The deepest fault is the telling one: the reading that came furthest.
    raise max(faults, key=lambda fault: len(fault.path))


@functools.cache
def union_members(hint: Any) -> list[Any]:
    """Return a union's members with open enums closed: `Literal["a"] | str` loses its `str`.

    `Literal[""] | str` keeps it: there the literal only says that empty is allowed.
    """
    members = list(typing.get_args(hint))
    values = {v for m in members if typing.get_origin(m) is typing.Literal for v in _values(m)}
    if values - {""}:
        members = [member for member in members if member is not str]
    return members


def _values(literal: Any) -> tuple[Any, ...]:
    return typing.get_args(literal)


def _check_literal(hint: Any, value: object, path: str) -> None:
    if value not in _values(hint) or isinstance(value, bool) is not (True in _values(hint)):
        allowed = ", ".join(map(str, _values(hint)))
        raise ConformanceError(path, f"is {value!r}, not one of {allowed}", fault="wrong_value")


def _check_items(hint: Any, value: object, path: str) -> None:
    if not isinstance(value, list):
        raise ConformanceError(path, "is not a list")
    (item,) = typing.get_args(hint)
    for index, member in enumerate(value):
        check_value(item, member, f"{path}[{index}]")


def _check_mapping(hint: Any, value: object, path: str) -> None:
    if not isinstance(value, dict):
        raise ConformanceError(path, "is not an object")
    for key, member in value.items():
        check_value(hint, member, _join(path, key))


def _check_list(payload: object, path: str, class_of: typing.Callable[[Json], type]) -> None:
    if not isinstance(payload, dict):
        raise ConformanceError(path, "is not a list object")
    known = {"object", "data", "has_more", "url"}
    _check_keys(payload, known, known, path)
    if payload["object"] != "list" or not isinstance(payload["data"], list):
        raise ConformanceError(path, "is not a list object")
    check_value(bool, payload["has_more"], _join(path, "has_more"))
    check_value(str, payload["url"], _join(path, "url"))
    for index, member in enumerate(payload["data"]):
        where = _join(path, f"data[{index}]")
        _check_object(class_of(member), member, where)


def _check_scalar(hint: Any, value: object, path: str) -> None:
    if hint is Any:
        return
    on_the_wire: dict[Any, tuple[type, ...]] = {
        decimal.Decimal: (str, decimal.Decimal),
        float: (int, float),
    }
    if isinstance(value, bool) and hint is not bool:
        raise ConformanceError(path, f"is a boolean, not {_name(hint)}")
    if not isinstance(value, on_the_wire.get(hint, (hint,))):
        raise ConformanceError(path, f"is {value!r}, not {_name(hint)}")


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", str(hint))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


@functools.cache
def param_hints(params_type: type) -> dict[str, Any]:
    """Return a TypedDict's resolved annotations, without the SDK's own request options."""
    options = set(RequestOptions.__annotations__)
    own = {key: hint for key, hint in params_type.__annotations__.items() if key not in options}
    return _resolved(own, params_type.__module__)


def _required_params(params_type: Any) -> set[str]:
    return set(params_type.__required_keys__) & set(param_hints(params_type))


@functools.cache
def resource_hints(resource_class: type) -> dict[str, Any]:
    """Return a resource class's own resolved annotations, by the name the API uses."""
    renamed: dict[str, str] = getattr(resource_class, "_field_remappings", {})
    hints = _resolved(dict(_own_annotations(resource_class)), resource_class.__module__)
    return {renamed.get(key, key): hint for key, hint in hints.items()}


@functools.cache
def _required_fields(resource_class: type) -> set[str]:
    """Return the fields that are never null: only of those is it sure that they are there."""
    hints = resource_hints(resource_class)
    return {key for key, hint in hints.items() if type(None) not in typing.get_args(hint)}


def _own_annotations(resource_class: type) -> Iterator[tuple[str, Any]]:
    for key, hint in vars(resource_class).get("__annotations__", {}).items():
        if not key.startswith("_") and typing.get_origin(hint) is not typing.ClassVar:
            yield key, hint


def _resolved(annotations: dict[str, Any], module_name: str) -> dict[str, Any]:
    holder = types.SimpleNamespace(__annotations__=annotations)
    return typing.get_type_hints(holder, globalns=_namespace(module_name))


@functools.cache
def _namespace(module_name: str) -> dict[str, Any]:
    """Return a module's names and those it imports for type checkers only."""
    module = sys.modules[module_name]
    names = dict(vars(module))
    for node in ast.walk(_parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe"):
            source = importlib.import_module(node.module)
            for alias in node.names:
                names.setdefault(alias.asname or alias.name, getattr(source, alias.name, Any))
    return names


def _parse(source: str) -> ast.Module:
    """Parse a module's source; again where another thread was parsing at the same time.

    Python 3.11's parser counts its depth in a place that all threads share, and says SystemError
    when two of them meet there (CPython issue 106905).
    """
    for _ in range(PARSER_TRIES):
        with _PARSER, contextlib.suppress(SystemError):
            return ast.parse(source)
    return ast.parse(source)
