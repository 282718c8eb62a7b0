"""What must be loaded with a row so that its title costs no further query."""

from functools import cache
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import LoaderOption

from rft_admin.admin.paths import Path, is_required
from rft_admin.core.titled import title_names


def title_loads(model: Any) -> list[LoaderOption]:
    """Return the loader options for a row's own title."""
    return [_load(None, getattr(model, name)) for name in _parts(model)]


def loads_for(model: Any, paths: list[Path]) -> list[LoaderOption]:
    """Return the loader options under which a page of rows shows these paths without a query."""
    options = title_loads(model)
    for path in paths:
        option: Any = None
        owner = model
        for step in path.loads:
            option = _load(option, getattr(owner, step.key))
            owner = step.mapper.class_
        if path.reference is not None:
            parts = _parts(owner)
            options.extend(_load(_rebuilt(model, path), getattr(owner, name)) for name in parts)
        if option is not None:
            options.append(option)
    return options


@cache
def _parts(model: Any) -> tuple[str, ...]:
    """Return the relationships that a row's title reads."""
    relationships = inspect(model).relationships
    return tuple(name for name in title_names(model) if name in relationships)


def _rebuilt(model: Any, path: Path) -> Any:
    option: Any = None
    owner = model
    for step in path.loads:
        option = _load(option, getattr(owner, step.key))
        owner = step.mapper.class_
    return option


def _load(parent: Any, attribute: Any) -> Any:
    inner = is_required(inspect(attribute).property)
    load = parent.joinedload if parent is not None else joinedload
    return load(attribute, innerjoin=inner) if inner else load(attribute)
