"""What a screen derives from its model's metadata: columns, labels, filters, forms, addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import current_app, url_for
from flask_admin.form import BaseForm
from sqlalchemy import inspect

from rft_admin.admin import cells, forms
from rft_admin.admin.filters import ColumnFilter, filters_for
from rft_admin.admin.ordering import sorting_columns
from rft_admin.admin.paths import (
    Path,
    kind_of,
    label_at,
    resolve,
    searched_columns,
    shown_columns,
    value_at,
)
from rft_admin.admin.rights import visible
from rft_admin.admin.view_options import ViewOptions

#: Columns of a list whose registration names none.
MOST_DERIVED_COLUMNS = 7
#: What stands in an address's query as it is (RFC 3986, 3.4, without what parts the arguments).
PLAIN_IN_QUERIES = "!$'()*,/:;?@"


@dataclass(frozen=True)
class Instead:
    """A filter that looks where the search does not."""

    label: str
    address: str
    condition: Any


class DerivedView(ViewOptions):
    """A screen as its model describes it."""

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
        return {name: name for name in self.column_list if self.is_sortable(name)}

    def get_column_name(self, field: str) -> str:
        """Return a path's label: the view's own, else its column's."""
        own = (self.column_labels or {}).get(field)
        return own or label_at(self.model, field)

    def init_search(self) -> bool:
        """Derive what is searched where a registration names nothing."""
        self.column_searchable_list = self.column_searchable_list or tuple(
            searched_columns(self.model)
        )
        return bool(self.column_searchable_list)

    def get_filters(self) -> list[ColumnFilter]:
        """Return the filters of the named columns, else of every indexed or closed one."""
        names = self.column_filters or [n for n in shown_columns(self.model) if self._is_filter(n)]
        found: list[ColumnFilter] = []
        for name in names:
            path = resolve(self.model, name)
            found.extend(filters_for(self.model, path, self.get_column_name(name)))
        return found + self._silent_filters(names)

    def _silent_filters(self, named: Sequence[str]) -> list[ColumnFilter]:
        """Return a filter for each other foreign key: a row's page links to what points at it."""
        found: list[ColumnFilter] = []
        for name in shown_columns(self.model):
            if name not in named and self.model.__table__.columns[name].foreign_keys:
                found.extend(filters_for(self.model, self.path(name), self.get_column_name(name)))
                found[-1].is_offered = False
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

    # ---- what the pages ask

    def path(self, name: str) -> Path:
        """Return what a path means on this table."""
        return resolve(self.model, name)

    def is_sortable(self, name: str) -> bool:
        """Return whether a path of the list stands in the database, so that it can be sorted by."""
        return name in self.column_list and bool(sorting_columns(self.path(name)))

    def get_url(self, endpoint: str, **arguments: Any) -> str:
        """Return the address of an endpoint, as Flask-Admin's views and templates ask for it.

        A list has some eighty links to its own pages, which differ in what follows the question
        mark only: the way to each page is looked up once.
        """
        page = f"{self.endpoint}{endpoint}" if endpoint.startswith(".") else endpoint
        if page not in self._starts:
            rule = next(current_app.url_map.iter_rules(page))
            self._starts[page] = None if rule.arguments else url_for(page)
        start = self._starts[page]
        if start is None:
            return url_for(page, **arguments)
        given = {name: value for name, value in arguments.items() if value is not None}
        return f"{start}?{urlencode(given, doseq=True, safe=PLAIN_IN_QUERIES)}" if given else start

    def address(self, view: str, **arguments: Any) -> str:
        """Return the address of one of this table's pages, from wherever it is asked."""
        return self.get_url(f".{view}", **arguments)

    def details_url(self, row_id: int) -> str:
        """Return the address of a row's details."""
        return self.address("details_view", id=row_id)

    def filter_url(self, name: str, value: Any) -> str | None:
        """Return the address of this list narrowed to one value of a column, if it filters so."""
        for argument, entry in self.filter_arguments.items():
            if entry.path.text == name:
                return self.address("index_view", **{f"flt_{argument}": value})
        return None

    def instead(self, text: str) -> Instead | None:
        """Return where a search that found nothing may still find something, if anywhere."""
        for argument, entry in self.filter_arguments.items():
            if entry.path.text == self.search_instead and entry.validate(text):
                address = self.address("index_view", **{f"flt_{argument}": text})
                return Instead(entry.name, address, entry.where(entry.clean(text)))
        return None

    def help_for(self, name: str) -> str:
        """Return the hint under a field: the view's own, else the column's."""
        own = (self.column_descriptions or {}).get(name)
        return own or str(inspect(self.model).columns[name].info.get("help", ""))

    def search_words(self) -> str:
        """Return what stands in the empty search box: what the search looks into."""
        searched = visible(self.model, self.column_searchable_list or (), "list")
        names = [self.get_column_name(name) for name in searched]
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
        names = visible(self.model, [path.text for path in self.list_paths[1:]], "list")
        shown = [self.path(name) for name in names]
        paths = [path for path in shown if path.kind not in {"json", "flag"}][:4]
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
