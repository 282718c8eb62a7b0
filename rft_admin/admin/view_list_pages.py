"""The pages of many rows: the list and the suggestions of a reference's field."""

from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request
from sqlalchemy import inspect

from rft_admin.admin import cells, lookup
from rft_admin.admin.choosing import address_of
from rft_admin.admin.counting import summarise
from rft_admin.admin.drilling import drill, span_of
from rft_admin.admin.exposing import Answer, expose
from rft_admin.admin.filter_panel import chips, fields_html, filter_sets
from rft_admin.admin.lines import headings, lines
from rft_admin.admin.listing import Listing, read_listing
from rft_admin.admin.paging import fetch_page
from rft_admin.admin.remembering import remember, remembered
from rft_admin.admin.rights import visible
from rft_admin.admin.view_exports import ExportPages


class ListPages(ExportPages):
    """A screen's list and what is asked from it."""

    @expose("/")
    def index_view(self) -> Answer:
        """The list."""
        if request.args.get("apply") == "1":
            return self._applied(read_listing(self, request.args))
        kept = {} if request.args else remembered(self.model.__tablename__)
        if kept:
            return redirect(self.address("index_view", **kept))
        return self._list_page(read_listing(self, request.args))

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

    def _list_page(self, listing: Listing) -> Answer:
        names = visible(self.model, [path.text for path in self.list_paths], "list")
        paths = [path for path in self.list_paths if path.text in names]
        dated = self.path(self.main_date) if self.main_date else None
        summary = summarise(
            self,
            listing,
            summed=[self.path(name) for name in visible(self.model, list(self.summed), "list")],
            span=span_of(dated) if dated else None,
        )
        page = fetch_page(self, listing, paths, summary)
        offered = [one for one in self.offered_actions() if not one.is_for_one]
        list_url = self.address("index_view", **listing.arguments())
        sets = filter_sets(self, listing, request.args.get("sets", 1, type=int))
        return str(
            self.render(
                "admin/list.html",
                listing=listing,
                faults=listing.faults,
                page=page,
                headings=headings(self, paths),
                lines=lines(self, paths, page.rows, list_url=list_url, has_actions=bool(offered)),
                list_url=list_url,
                offered=offered,
                matching_text=address_of(listing),
                filter_sets=sets,
                filter_fields=fields_html(self, sets),
                chips=chips(listing),
                show=cells.show,
                drill=drill(self.get_column_name(self.main_date), listing.period, summary.span),
            )
        )

    def _applied(self, listing: Listing) -> Answer:
        """Remember the filters of the form and lead to the address that says no more than they."""
        for fault in listing.faults:
            flash(fault, "warning")
        remember(self.model.__tablename__, listing.filter_arguments())
        sets = request.args.get("sets", type=int)
        return redirect(self.address("index_view", **listing.arguments(sets=sets)))


def db_json(pairs: list[tuple[int, str]]) -> Response:
    """Return the pairs as a JSON answer that no cache keeps."""
    response = jsonify(pairs)
    response.headers["Cache-Control"] = "no-store"
    return response
