"""The pages of many rows: the list, its export, and the suggestions of a reference's field."""

from typing import Any

from flask import Response, abort, flash, jsonify, request
from sqlalchemy import inspect

from rft_admin.accounts import audit
from rft_admin.admin import cells, export, lookup
from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.choosing import address_of
from rft_admin.admin.exposing import Answer, expose
from rft_admin.admin.filters import ColumnFilter
from rft_admin.admin.listing import Listing, fetch_page, matching, read_listing
from rft_admin.admin.rights import visible
from rft_admin.admin.view_rights import GuardedView
from rft_admin.core import clock
from rft_admin.core.database import unit_of_work

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ListPages(GuardedView):
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

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Answer:
        """The matching rows as a file."""
        if export_type not in self.export_types:
            abort(404)
        if not self.may("export"):
            abort(403)
        listing = read_listing(self, request.args)
        names = visible(self.model, [name for name, _ in self._export_columns], "export")
        with unit_of_work(by=current_actor_from_request()):
            audit.record(
                "exported",
                by=current_actor_from_request(),
                entity_type=self.model.__tablename__,
                changes={"format": export_type, "filters": listing.arguments()},
            )
        rows = export.rows_of(self, matching(self, listing), [self.path(name) for name in names])
        heads = [self.get_column_name(name) for name in names]
        return self._file(export_type, heads, rows)

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
        for argument, entry in self.filter_arguments.items():
            groups.setdefault(str(entry.name), []).append((argument, entry, used.get(argument, "")))
        return list(groups.items())

    def _file(self, export_type: str, heads: list[str], rows: Any) -> Answer:
        name = f"{self.model.__tablename__}_{clock.to_london(clock.now()):%Y-%m-%d_%H-%M}"
        is_csv = export_type == "csv"
        content: Any = (export.csv_lines if is_csv else export.xlsx_chunks)(heads, rows)
        response = Response(content, mimetype="text/csv" if is_csv else XLSX)
        response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{export_type}")
        return response


def db_json(pairs: list[tuple[int, str]]) -> Response:
    """Return the pairs as a JSON answer that no cache keeps."""
    response = jsonify(pairs)
    response.headers["Cache-Control"] = "no-store"
    return response
