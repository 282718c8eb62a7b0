"""What must be loaded with a row so that its title costs no further query."""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import LoaderOption

from rft_admin.admin.paths import Path

#: The relationships that a table's `__str__` reads.
TITLE_PARTS: dict[str, tuple[str, ...]] = {
    "course_schedules": ("course", "venue"),
    "trainers": ("user",),
    "attendance_records": ("attendee",),
}


def title_loads(model: Any) -> list[LoaderOption]:
    """Return the loader options for a row's own title."""
    return [_load(None, getattr(model, name)) for name in TITLE_PARTS.get(model.__tablename__, ())]


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
            parts = TITLE_PARTS.get(owner.__tablename__, ())
            options.extend(_load(_rebuilt(model, path), getattr(owner, name)) for name in parts)
        if option is not None:
            options.append(option)
    return options


def _rebuilt(model: Any, path: Path) -> Any:
    option: Any = None
    owner = model
    for step in path.loads:
        option = _load(option, getattr(owner, step.key))
        owner = step.mapper.class_
    return option


def _load(parent: Any, attribute: Any) -> Any:
    inner = bool(inspect(attribute).property.innerjoin)
    load = parent.joinedload if parent is not None else joinedload
    return load(attribute, innerjoin=inner) if inner else load(attribute)
