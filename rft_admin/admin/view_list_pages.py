"""The pages of many rows: the list and the suggestions of a reference's field."""

from typing import Any

from flask import Response, abort, flash, jsonify, request
from sqlalchemy import inspect

from rft_admin.admin import cells, lookup
from rft_admin.admin.choosing import address_of
from rft_admin.admin.exposing import Answer, expose
from rft_admin.admin.filters import ColumnFilter
from rft_admin.admin.listing import Listing, fetch_page, read_listing
from rft_admin.admin.rights import visible
from rft_admin.admin.view_exports import ExportPages


class ListPages(ExportPages):
    """A screen's list and what is asked from it."""

    @expose("/")
    def index_view(self) -> Answer:
        """The list."""
        listing = read_listing(self, request.args)
        for fault in listing.faults:
            flash(fault, "warning")
        names = visible(self.model, [path.text for path in self.list_paths], "list")
        paths = [path for path in self.list_paths if path.text in names]
        page = fetch_page(self, listing, paths)
        return str(
            self.render(
                "admin/list.html",
                listing=listing,
                page=page,
                paths=paths,
                cell=cells.cell,
                offered=[one for one in self.offered_actions() if not one.is_for_one],
                matching_text=address_of(listing),
                filter_groups=self._groups(listing),
            )
        )

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Answer:
        """Suggest rows for a reference's field, as JSON pairs of id and text."""
        column = self._referring_column(request.args.get("name", ""))
        table = next(iter(column.foreign_keys)).column.table.name
        limit = request.args.get("limit", 10, type=int)
        offset = request.args.get("offset", 0, type=int)
        text = request.args.get("query", "")
        return db_json(lookup.look_up(table, text, limit=limit, offset=offset))

    def _referring_column(self, name: str) -> Any:
        """Return the foreign key that a form's field or a filter's path names; else 404."""
        filtered = {entry.path.text: entry.path.column for entry in self.filter_arguments.values()}
        column = filtered.get(name, inspect(self.model).columns.get(name))
        foreign = self.reference_fields.get(name)
        if foreign is not None:
            column = foreign
        if column is None or not column.foreign_keys:
            abort(404)
        return column

    def _groups(self, listing: Listing) -> list[tuple[str, list[tuple[str, ColumnFilter, str]]]]:
        """Return the filters by their column's label: argument, filter and value in use."""
        used = {active.argument.split("_", 1)[1]: active.value for active in listing.filters}
        groups: dict[str, list[tuple[str, ColumnFilter, str]]] = {}
        offered = {
            argument: entry
            for argument, entry in self.filter_arguments.items()
            if entry.is_offered or argument in used
        }
        for argument, entry in offered.items():
            groups.setdefault(str(entry.name), []).append((argument, entry, used.get(argument, "")))
        return list(groups.items())


def db_json(pairs: list[tuple[int, str]]) -> Response:
    """Return the pairs as a JSON answer that no cache keeps."""
    response = jsonify(pairs)
    response.headers["Cache-Control"] = "no-store"
    return response
