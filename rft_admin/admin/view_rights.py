"""What the signed-in person may do on a screen, and the rows that may be seen there."""

from dataclasses import dataclass
from typing import Any

from flask import abort, current_app
from flask_admin.form import BaseForm
from sqlalchemy import select

from rft_admin.admin.actions import Action, sorted_for_a_menu
from rft_admin.admin.choosing import read_ids
from rft_admin.admin.filters import ColumnFilter
from rft_admin.admin.form_groups import FieldGroup, grouped
from rft_admin.admin.rights import can, scoped, visible
from rft_admin.admin.titles import loads_for
from rft_admin.admin.view_metadata import DerivedView
from rft_admin.core.database import db


@dataclass(frozen=True)
class NewRelated:
    """Beside a reference's field: the words and the address of the form for a new row."""

    words: str
    address: str


class GuardedView(DerivedView):
    """A screen that asks before each step whether the person may take it."""

    def may(self, verb: str, row: Any = None, field: str | None = None) -> bool:
        """Return whether the screen offers it and the signed-in person may do it."""
        offered = {"create": self.can_create, "edit": self.can_edit, "delete": self.can_delete}
        return offered.get(verb, True) and can(verb, self.model, row=row, field=field)

    def is_accessible(self) -> bool:
        """Return whether the person may look at this table at all."""
        return can("list", self.model)

    def is_visible(self) -> bool:
        """Return whether the sidebar names it."""
        return self.is_accessible()

    def can_sort_by(self, name: str) -> bool:
        """Return whether the person may sort the list by a path."""
        return self.is_sortable(name) and bool(visible(self.model, [name], "list"))

    @property
    def filter_arguments(self) -> dict[str, ColumnFilter]:
        """The filters that the person may use, by their argument in the address."""
        names = {entry.path.text for entry in self.all_filters.values()}
        seen = set(visible(self.model, names, "list"))
        return {
            argument: entry
            for argument, entry in self.all_filters.items()
            if entry.path.text in seen
        }

    def groups_of_form(self, form: BaseForm) -> list[FieldGroup]:
        """Return the form's fields under their headings."""
        return grouped(form, self.form_groups)

    def field_new(self, field: Any) -> NewRelated | None:
        """Return the way to a new row for a reference's field, if the person may make one."""
        view = current_app.extensions["rft_admin_views"].get(getattr(field, "table", ""))
        if view is None or not view.may("create"):
            return None
        return NewRelated(view.new_words or f"New {view.one}", view.address("create_view"))

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        # The original calls the view a second time after any TypeError inside it.
        return fn(self, *args, **kwargs)

    def get_one(self, row_id: Any, verb: str = "view") -> Any:
        """Return a row that the person may see, with what its title needs; else 404."""
        ids = read_ids([str(row_id)])
        return self.get_many(ids, verb)[0]

    def get_many(self, ids: list[int], verb: str = "view") -> list[Any]:
        """Return the rows in the ids' order; 404 if one is missing or out of scope."""
        loads = loads_for(self.model, [self.path(name) for name in self.details_names])
        statement = select(self.model).where(self.model.id.in_(ids)).options(*loads)
        found = {
            row.id: row for row in db.session.scalars(scoped(self.model, statement, verb)).unique()
        }
        if set(found) != set(ids):
            abort(404)
        return [found[row_id] for row_id in ids]

    def offered_actions(self) -> list[Action]:
        """Return what the person may do here, the dangerous last."""
        return sorted_for_a_menu(
            [action for action in self.actions if self.may(f"action:{action.name}")]
        )
