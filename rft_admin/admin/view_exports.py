"""A screen's exports: the page on which one picks columns, and the files themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, request
from sqlalchemy import Select, func, select

from rft_admin.accounts import audit
from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.exports import files, rows
from rft_admin.admin.exports.texts import text_statement
from rft_admin.admin.exposing import Answer, expose
from rft_admin.admin.listing import Listing, matching, read_listing
from rft_admin.admin.paths import Path
from rft_admin.admin.rights import visible
from rft_admin.admin.view_rights import GuardedView
from rft_admin.core import clock
from rft_admin.core.database import Json, db, unit_of_work

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What the audit says of an export, and of one with contact details or health facts in it.
EXPORTED, EXPORTED_PERSONAL = "exported", "exported_personal"


@dataclass(frozen=True)
class Wanted:
    """What one export is asked for."""

    names: list[str]
    paths: list[Path]
    heads: list[str]
    #: The ids that match, in no order, and how many they are.
    ids: Select[Any]
    count: int


class ExportPages(GuardedView):
    """What leaves a screen as a file."""

    @expose("/export/")
    def export_page(self) -> Answer:
        """The page on which one picks the columns and the kind of file."""
        self._refuse_export()
        listing = read_listing(self, request.args)
        names = self._exported_names()
        listed = [name for name in names if name in self.column_list]
        others = [name for name in names if name not in listed]
        return str(
            self.render(
                "admin/export.html",
                listing=listing,
                groups=[("In the list", listed), ("Other columns", others)],
                ticked=set(self._picked(names) or listed or names),
                count=self._count(matching(self, listing)),
            )
        )

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Answer:
        """The matching rows as a file."""
        if export_type not in self.export_types:
            abort(404)
        self._refuse_export()
        listing = read_listing(self, request.args)
        names = self._exported_names()
        names = self._picked(names) or names
        ids = matching(self, listing)
        wanted = Wanted(
            names=names,
            paths=[self.path(name) for name in names],
            heads=[self.get_column_name(name) for name in names],
            ids=ids,
            count=self._count(ids),
        )
        self._record_export(export_type, listing, wanted)
        return self._file(export_type, wanted)

    def _refuse_export(self) -> None:
        if not self.may("export"):
            abort(403)

    def _exported_names(self) -> list[str]:
        """Return the columns that the person may export: secrets are never among them."""
        return visible(self.model, [name for name, _ in self._export_columns], "export")

    def _picked(self, names: list[str]) -> list[str]:
        """Return the columns that the address asks for, in the list's order."""
        asked = set(request.args.getlist("column"))
        return [name for name in names if name in asked]

    def _count(self, ids: Select[Any]) -> int:
        return int(db.session.scalar(select(func.count()).select_from(ids.subquery())) or 0)

    def _record_export(self, export_type: str, listing: Listing, wanted: Wanted) -> None:
        """Write who takes what, before the first byte leaves."""
        by = current_actor_from_request()
        changes: Json = {
            "format": export_type,
            "filters": listing.arguments(page=None, page_size=None),
            "columns": wanted.names,
            "rows": wanted.count,
        }
        personal = [path.text for path in wanted.paths if path.is_personal]
        if personal:
            changes["personal"] = personal
        with unit_of_work(by=by):
            audit.record(
                EXPORTED_PERSONAL if personal else EXPORTED,
                by=by,
                entity_type=self.model.__tablename__,
                changes=changes,
            )

    def _file(self, export_type: str, wanted: Wanted) -> Response:
        is_csv = export_type == "csv"
        content = self._csv(wanted) if is_csv else self._xlsx(wanted)
        response = Response(content, mimetype="text/csv" if is_csv else XLSX)
        name = f"{self.model.__tablename__}_{clock.to_london(clock.now()):%Y-%m-%d_%H-%M}"
        response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{export_type}")
        response.headers["Cache-Control"] = "no-store"
        return response

    def _csv(self, wanted: Wanted) -> Iterator[bytes] | Iterator[str]:
        statement = text_statement(self.model, wanted.ids, wanted.paths)
        if statement is None:
            return files.csv_lines(wanted.heads, self._portions(wanted))
        head = files.csv_head(wanted.heads)
        return rows.csv_blocks(_engine(), statement, head, count=wanted.count)

    def _xlsx(self, wanted: Wanted) -> Iterator[bytes]:
        statement = text_statement(self.model, wanted.ids, wanted.paths)
        values = (
            self._portions(wanted)
            if statement is None
            else rows.copied_rows(_engine(), statement, count=wanted.count)
        )
        return files.xlsx_chunks(wanted.heads, wanted.paths, values)

    def _portions(self, wanted: Wanted) -> Iterator[list[Any]]:
        return rows.portioned_rows(_engine(), self.model, wanted.ids, wanted.paths)


def _engine() -> Any:
    # Asked for now: the answer is streamed when the request is over.
    return db.engine
