"""One view for every table: list, details, form, deletion, actions and export from metadata."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Response, abort, flash, jsonify, make_response, redirect, request
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import BaseForm
from sqlalchemy import inspect, select
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.accounts import audit
from rft_admin.admin import actions, cells, deletion, details, export, forms, lookup, naming
from rft_admin.admin.actions import Action, read_ids, safe_return
from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.details import Panel
from rft_admin.admin.exposing import expose
from rft_admin.admin.filters import ColumnFilter, filters_for
from rft_admin.admin.listing import (
    SORTED_BY,
    Listing,
    fetch_page,
    load_rows,
    matching,
    read_listing,
)
from rft_admin.admin.paths import Path, kind_of, resolve, shown_columns, value_at
from rft_admin.admin.registry import endpoint
from rft_admin.admin.rights import can, scoped, visible
from rft_admin.admin.saving import save
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import Model, db, unit_of_work
from rft_admin.core.errors import ChangedMeanwhile

Answer = str | tuple[str, int] | BaseResponse
#: Columns of a list whose registration names none.
MOST_DERIVED_COLUMNS = 7
#: How soon the page of a row that a job works on loads itself again.
REFRESH_SECONDS = 2
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class ListScope:
    """A tab above a list: its words and the condition on its rows."""

    label: str
    condition: Callable[[], Any]


class TableView(ModelView):  # type: ignore[misc] # Flask-Admin ships no types
    """The screen of one table; a subclass states only what differs."""

    #: The sidebar's group and icon, and the question that the list answers.
    group: ClassVar[str] = "System"
    icon: ClassVar[str] = "table"
    question: ClassVar[str] = ""
    #: The table's words where its name does not do.
    title: ClassVar[str] = ""
    singular: ClassVar[str] = ""
    #: Why nobody can create, edit or delete here; empty where people can.
    read_only_because: ClassVar[str] = ""
    #: Columns without a field, and why.
    not_in_form: ClassVar[Mapping[str, str]] = {}
    #: Fields that are no columns, made anew so that they stand behind the columns' own.
    extra_fields: ClassVar[Mapping[str, Callable[[], Any]]] = {}
    #: The form for a new row where it is not the generated one: its use case's own fields.
    new_form: ClassVar[type[BaseForm] | None] = None
    actions: ClassVar[tuple[Action, ...]] = ()
    panels: ClassVar[tuple[Panel, ...]] = ()
    scopes: ClassVar[Mapping[str, ListScope]] = {}
    default_order: ClassVar[tuple[tuple[str, bool], ...]] = ()
    #: Columns that only the export has: the same text in another form.
    not_in_details: ClassVar[tuple[str, ...]] = ()
    #: The details' cards: title, and columns, paths or extra facts' labels, the weightiest first.
    fact_groups: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()
    empty_words: ClassVar[str] = ""
    #: Columns of other tables that fields of `new_form` or of actions refer by.
    reference_fields: ClassVar[Mapping[str, Any]] = {}
    new_words: ClassVar[str] = ""

    #: The list's paths; derived where a registration names none.
    column_list: tuple[str, ...] = ()
    can_view_details = True
    can_export = True
    can_set_page_size = True
    page_size_options = (20, 50, 100)
    export_types = ("csv", "xlsx")
    named_filter_urls = True
    action_disallowed_list = ("delete",)

    def __init__(self, model: type[Model]) -> None:
        table = model.__tablename__
        self.label = self.title or naming.label_of_table(table)
        self.one = self.singular or self.label.removesuffix("s").lower()
        if self.read_only_because:
            self.can_create = self.can_edit = self.can_delete = False
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
        self.filter_arguments: dict[str, ColumnFilter] = {
            argument: entry for argument, (_, entry) in (self._filter_args or {}).items()
        }
        forms.check_every_column(self)

    # ---- what Flask-Admin asks while it sets the view up

    def scaffold_list_columns(self) -> list[str]:
        """Derive the list's columns: statuses, references and dates before long texts."""
        names = [name for name in shown_columns(self.model) if self._is_worth_a_column(name)]
        return names[:MOST_DERIVED_COLUMNS]

    def get_list_columns(self) -> list[tuple[str, str]]:
        """Return the list's paths with their labels."""
        self.column_list = tuple(self.column_list or self.scaffold_list_columns())
        return [(name, self.get_column_name(name)) for name in self.column_list]

    def get_details_columns(self) -> list[tuple[str, str]]:
        """Return all columns that people may see."""
        return [(name, self.get_column_name(name)) for name in shown_columns(self.model)]

    def get_export_columns(self) -> list[tuple[str, str]]:
        """Return the list's own columns, then every other one that people may see."""
        listed = list(self.column_list or ())
        names = listed + [name for name in shown_columns(self.model) if name not in listed]
        return [(name, self.get_column_name(name)) for name in names]

    def get_sortable_columns(self) -> dict[str, Any]:
        """Every listed path that stands in the database can be sorted by."""
        return {name: name for name in self.column_list if self.can_sort_by(name)}

    def get_column_name(self, field: str) -> str:
        """Return a path's label: the view's own, else from the column's name."""
        own = (self.column_labels or {}).get(field)
        return own or naming.label_of_column(field.rpartition(".")[2])

    def init_search(self) -> bool:
        """Check the searched paths."""
        return bool(self.column_searchable_list)

    def get_filters(self) -> list[ColumnFilter]:
        """Return the filters of the named columns, else of every indexed or closed one."""
        names = self.column_filters or [n for n in shown_columns(self.model) if self._is_filter(n)]
        found: list[ColumnFilter] = []
        for name in names:
            path = resolve(self.model, name)
            found.extend(filters_for(self.model, path, self.get_column_name(name)))
        return found

    def scaffold_form(self) -> type[BaseForm]:
        """Return the generated form."""
        return forms.build_form(self, forms.form_names(self))

    def get_create_form(self) -> type[BaseForm]:
        """Return the form for a new row."""
        return self.new_form or self.get_form()

    def scaffold_auto_joins(self) -> list[Any]:
        """Return nothing: pages load by the paths they show."""
        return []

    # ---- rights

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

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        # The original calls the view a second time after any TypeError inside it.
        return fn(self, *args, **kwargs)

    # ---- rows

    def get_one(self, row_id: Any, verb: str = "view") -> Any:
        """Return a row that the person may see, with what its title needs; else 404."""
        ids = read_ids([str(row_id)])
        return self.get_many(ids, verb)[0]

    def get_many(self, ids: list[int], verb: str = "view") -> list[Any]:
        """Return the rows in the ids' order; 404 if one is missing or out of scope."""
        allowed = db.session.scalars(
            scoped(self.model, select(self.model.id).where(self.model.id.in_(ids)), verb)
        ).all()
        if set(allowed) != set(ids):
            abort(404)
        return load_rows(self, ids, [self.path(name) for name in self.details_names])

    def path(self, name: str) -> Path:
        """Return what a path means on this table."""
        return resolve(self.model, name)

    def can_sort_by(self, name: str) -> bool:
        """Return whether the list can be sorted by a path."""
        if name not in self.column_list:
            return False
        path = self.path(name)
        if path.reference is not None:
            return path.reference.mapper.local_table.name in SORTED_BY  # type: ignore[attr-defined] # every table of ours has a name
        return path.column is not None and path.kind != "json"

    def address(self, view: str, **arguments: Any) -> str:
        """Return the address of one of this table's pages, from wherever it is asked."""
        return str(self.get_url(f"{self.endpoint}.{view}", **arguments))

    def details_url(self, row_id: int) -> str:
        """Return the address of a row's details."""
        return self.address("details_view", id=row_id)

    def filter_url(self, name: str, value: Any) -> str | None:
        """Return the address of this list narrowed to one value of a column, if it filters so."""
        for argument, entry in self.filter_arguments.items():
            if entry.path.text == name:
                return self.address("index_view", **{f"flt_{argument}": value})
        return None

    def help_for(self, name: str) -> str:
        """Return the hint under a field: the view's own, else the column's."""
        own = (self.column_descriptions or {}).get(name)
        return own or str(inspect(self.model).columns[name].info.get("help", ""))

    def search_words(self) -> str:
        """Return what stands in the empty search box: what the search looks into."""
        names = [self.get_column_name(name) for name in self.column_searchable_list or ()]
        return ", ".join(dict.fromkeys(name.lower() for name in names)).capitalize()

    def field_lookup(self, field: Any) -> str | None:
        """Return where a reference's field asks for suggestions; None for other fields."""
        if field.type != "ReferenceField":
            return None
        return self.address("ajax_lookup", name=field.name)

    def filter_lookup(self, entry: ColumnFilter) -> str:
        """Return where a reference's filter asks for suggestions."""
        return self.address("ajax_lookup", name=entry.path.text)

    def describe_briefly(self, row: Any) -> str:
        """Return a line under a row's title where it stands for itself."""
        paths = [path for path in self.list_paths[1:] if path.kind not in {"json", "flag"}][:4]
        texts = [self._brief(row, path) for path in paths]
        return " · ".join(text for text in texts if text)

    def _brief(self, row: Any, path: Path) -> str:
        """Return a value for a line without headings: numbers and sums say what they are.

        A sum of nothing is left out.
        """
        value = value_at(row, path)
        if value is None or value == "" or (path.kind == "money" and not value):
            return ""
        text = str(cells.show(value, path.kind).striptags())
        named = path.kind in {"money", "number"} or (
            path.kind == "status" and path.text != "status"
        )
        return f"{self.get_column_name(path.text)} {text[:1].lower() + text[1:]}" if named else text

    # ---- what a room may say differently

    def save_new(self, form: BaseForm) -> Any:
        """Store a new row from the form, inside a unit of work, and return it."""
        row = self.model()
        forms.apply_form(form, row, [field.name for field in form if self._is_column(field.name)])
        db.session.add(row)
        db.session.flush()
        return row

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Write the form into the row, inside a unit of work."""
        forms.apply_form(form, row, [field.name for field in form if self._is_column(field.name)])

    def edit_form_for(self, row: Any, posted: Any) -> BaseForm:
        """Return the form for a stored row, filled with what was posted or what is stored."""
        return self._edit_form_class(posted, obj=row, **self.extra_values(row))

    def extra_values(self, row: Any) -> dict[str, Any]:
        """Return the present values of the fields that are no columns."""
        return {}

    def actor(self) -> Actor:
        """Return who does it, for the services."""
        return current_actor_from_request()

    def check_form(self, form: BaseForm, row: Any) -> bool:
        """Return whether rules between fields hold; faults go beside their fields."""
        return True

    def extra_facts(self, row: Any) -> list[tuple[str, Any]]:
        """Return more lines for the details page: label and HTML."""
        return []

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Return more buttons for the details page: words and address."""
        return []

    # ---- pages

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
                offered=self._offered_actions(),
                filter_groups=self._groups(listing),
            )
        )

    @expose("/details/")
    def details_view(self) -> Answer:
        """One row with all that belongs to it."""
        row = self.get_one(request.args.get("id", ""))
        page = details.describe(self, row)
        response = make_response(self.render("admin/details.html", row=row, page=page))
        if self.is_changing(row):
            response.headers["Refresh"] = str(REFRESH_SECONDS)
        return response

    def is_changing(self, row: Any) -> bool:
        """Return whether a job works on the row: its page then loads itself again."""
        return False

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        """The form for a new row."""
        if not self.may("create"):
            abort(403)
        form = self._create_form_class(request.form if request.method == "POST" else None)
        self._prefill(form)
        self._without_hidden_fields(form, "create")
        if request.method == "POST" and form.validate() and self.check_form(form, None):
            row = save(self, form, lambda: self.save_new(form))
            if row is not None:
                flash(f"{self.one.capitalize()} “{row}” saved.", "success")
                return redirect(safe_return(request.form.get("url")) or self.details_url(row.id))
        return self._form_page("admin/create.html", form, None)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Answer:
        """The form for a stored row."""
        row_id = read_ids([request.args.get("id", "")])[0]
        if not self.may("edit"):
            abort(403)
        row = self.get_many([row_id], "edit")[0]
        posted = request.form if request.method == "POST" else None
        form = self.edit_form_for(row, posted)
        self._without_hidden_fields(form, "edit")
        if request.method == "POST" and form.validate() and self.check_form(form, row):
            if save(self, form, lambda: self._change(form, row_id)):
                flash(f"{self.one.capitalize()} saved.", "success")
                return redirect(safe_return(request.form.get("url")) or self.details_url(row_id))
            row = self.get_many([row_id], "edit")[0]
        return self._form_page("admin/edit.html", form, row)

    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> Answer:
        """Ask before a row is deleted, naming what hinders it; then delete or deactivate."""
        if not self.may("delete"):
            abort(403)
        row = self.get_many(read_ids([request.values.get("id", "")]), "delete")[0]
        return deletion.handle(self, row)

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Answer:
        """Confirm or carry out an action on the chosen rows."""
        return actions.handle(self)

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Answer:
        """Suggest rows for a reference's field, as JSON pairs of id and text."""
        column = self._referring_column(request.args.get("name", ""))
        table = next(iter(column.foreign_keys)).column.table.name
        limit = request.args.get("limit", 10, type=int)
        offset = request.args.get("offset", 0, type=int)
        text = request.args.get("query", "")
        return db_json(lookup.look_up(table, text, limit=limit, offset=offset))

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Answer:
        """Nothing is edited inside the list: each change goes through its form."""
        abort(404)

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

    # ---- details of the pages

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

    def _change(self, form: BaseForm, row_id: int) -> bool:
        row = self.get_many([row_id], "edit")[0]
        version = request.form.get("row_version", "")
        if hasattr(row, "row_version") and version and version != str(row.row_version):
            raise ChangedMeanwhile
        self.save_changes(form, row)
        db.session.flush()
        return True

    def _form_page(self, template: str, form: BaseForm, row: Any) -> Answer:
        is_refused = request.method == "POST"
        page = str(
            self.render(
                template,
                form=form,
                row=row,
                refusal=getattr(form, "refusal", None),
                return_url=safe_return(request.values.get("url")),
            )
        )
        return (page, getattr(form, "refused_status", 422)) if is_refused else page

    def _prefill(self, form: BaseForm) -> None:
        """Take a new row's values from the address: /new/?booking_id=5 from a booking's page."""
        if request.method != "GET":
            return
        for field in form:
            if field.name in request.args:
                field.process(request.args)
                field.errors = []

    def _without_hidden_fields(self, form: BaseForm, verb: str) -> None:
        for name in [field.name for field in form]:
            if self._is_column(name) and not can(verb, self.model, field=name):
                del form[name]

    def _offered_actions(self) -> list[Action]:
        return [action for action in self.actions if self.may(f"action:{action.name}")]

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

    def _is_column(self, name: str) -> bool:
        return name in inspect(self.model).columns

    def _is_worth_a_column(self, name: str) -> bool:
        kind = self.path(name).kind
        return name not in forms.SYSTEM_COLUMNS and kind not in {"json", "long"}

    def _is_filter(self, name: str) -> bool:
        column = inspect(self.model).columns[name]
        if name in {"created_by_id", "updated_by_id"}:
            return False
        if kind_of(column) in {"status", "flag"} or column.foreign_keys:
            return True
        return kind_of(column) in {"date", "moment"} and bool(column.index)


def db_json(pairs: list[tuple[int, str]]) -> Response:
    """Return the pairs as a JSON answer that no cache keeps."""
    response = jsonify(pairs)
    response.headers["Cache-Control"] = "no-store"
    return response
