"""What must be loaded with a row so that its title, or a page of rows, costs no further query."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import RelationshipProperty, joinedload, load_only
from sqlalchemy.orm.interfaces import LoaderOption

from rft_admin.admin.ordering import MADE_OF
from rft_admin.admin.paths import Path, is_required
from rft_admin.core.titled import names_its_title, title_names


def title_loads(model: Any) -> tuple[LoaderOption, ...]:
    """Return the loader options for a row's own title."""
    return _options(model, (), is_lean=False)


def loads_for(model: Any, paths: Sequence[Path]) -> tuple[LoaderOption, ...]:
    """Return the loader options under which a page of rows shows these paths without a query."""
    return _options(model, tuple(paths), is_lean=False)


def lean_loads(model: Any, paths: Sequence[Path]) -> tuple[LoaderOption, ...]:
    """Return the same options, which also leave unread what is not shown.

    For lists, which show seven columns of tables that have forty. Whatever else is asked of such a
    row costs a query of its own: rows that go further are loaded by `loads_for`.
    """
    return _options(model, tuple(paths), is_lean=True)


@dataclass
class _Need:
    """What a page of rows reads of one table, and of those that its rows lead to."""

    model: Any
    #: None is every column: a property reads what nobody has named.
    columns: set[str] | None = field(default_factory=set)
    others: dict[str, "_Need"] = field(default_factory=dict)

    def read(self, name: str) -> None:
        """Take note of a column, or of a property that is made of columns."""
        names = (name,) if name in inspect(self.model).columns else MADE_OF.get(name)
        if names is None:
            self.columns = None
        elif self.columns is not None:
            self.columns.update(names)

    def follow(self, step: RelationshipProperty[Any]) -> "_Need":
        """Take note of a row that this one leads to, and return what is needed of it."""
        for column in step.local_columns:
            self.read(str(column.key))
        return self.others.setdefault(step.key, _Need(step.mapper.class_))

    def read_title(self) -> None:
        """Take note of what the row's title reads."""
        if not names_its_title(self.model):
            self.columns = None
        relationships = inspect(self.model).relationships
        for name in title_names(self.model):
            if name in relationships:
                self.follow(relationships[name]).read_title()
            else:
                self.read(name)

    def options(self, *, is_lean: bool) -> list[Any]:
        """Return the loader options for all of it, and for nothing else if lean."""
        found: list[Any] = []
        if is_lean and self.columns is not None:
            found.append(load_only(*(getattr(self.model, name) for name in sorted(self.columns))))
        for name, other in self.others.items():
            step = getattr(self.model, name)
            load = joinedload(step, innerjoin=is_required(inspect(step).property))
            found.append(load.options(*other.options(is_lean=is_lean)))
        return found


@cache
def _options(model: Any, paths: tuple[Path, ...], *, is_lean: bool) -> tuple[LoaderOption, ...]:
    need = _Need(model)
    need.read_title()
    for path in paths:
        last = need
        for step in path.steps:
            last = last.follow(step)
        if path.reference is not None:
            last.follow(path.reference).read_title()
        else:
            last.read(path.name)
    return tuple(need.options(is_lean=is_lean))
