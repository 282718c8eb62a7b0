"""One view for every table: list, details, form, deletion, actions and export from metadata.

Its parts lie beside it, each on the one before: `view_options` (what a registration may state),
`view_metadata` (what the model says), `view_rights` (who may), `view_exports`,
`view_list_pages` and `view_row_pages`.
"""

from markupsafe import Markup

from rft_admin.admin import forms, naming
from rft_admin.admin.exposing import Answer
from rft_admin.admin.filters import ColumnFilter
from rft_admin.admin.paths import check_info, resolve, shown_columns
from rft_admin.admin.registry import endpoint
from rft_admin.admin.view_options import ListScope
from rft_admin.admin.view_row_pages import RowPages
from rft_admin.core.database import Model, db

__all__ = ["Answer", "ListScope", "TableView"]


class TableView(RowPages):
    """The screen of one table; a subclass states only what differs."""

    def __init__(self, model: type[Model]) -> None:
        check_info(model)
        table = model.__tablename__
        self.label = self.title or naming.label_of_table(table)
        self.one = self.singular or self.label.removesuffix("s").lower()
        if self.read_only_because:
            self.can_create = self.can_edit = self.can_delete = False
        self._starts: dict[str, str | None] = {}
        self.plain_filters: dict[tuple[str, ...], Markup] = {}
        super().__init__(
            model,
            db,
            name=self.label,
            endpoint=endpoint(table).partition(".")[0],
            url=f"/admin/{table}",
        )
        self.list_paths = [resolve(model, name) for name in self.column_list]
        self.details_names = [
            name for name in shown_columns(model) if name not in self.not_in_details
        ]
        self.actions_by_name = {action.name: action for action in self.actions}
        self.all_filters: dict[str, ColumnFilter] = {
            argument: entry for argument, (_, entry) in (self._filter_args or {}).items()
        }
        forms.check_every_column(self)
