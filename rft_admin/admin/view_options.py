"""What a table's screen may state differently from what its model's metadata says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_admin.contrib.sqla import ModelView
from flask_admin.form import BaseForm
from markupsafe import Markup
from sqlalchemy import inspect

from rft_admin.admin import forms
from rft_admin.admin.actions import Action
from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.details import Figure, Notice
from rft_admin.admin.panels import Panel
from rft_admin.admin.timeline import Source
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, lock_row


@dataclass(frozen=True)
class ListScope:
    """A tab above a list: its words and the condition on its rows."""

    label: str
    condition: Callable[[], Any]


class ViewOptions(ModelView):  # type: ignore[misc] # Flask-Admin ships no types
    """The attributes and the steps that a registration may replace."""

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
    #: An action takes all of the chosen rows or none; else each row stands for itself.
    is_all_or_nothing: ClassVar[bool] = False
    panels: ClassVar[tuple[Panel, ...]] = ()
    scopes: ClassVar[Mapping[str, ListScope]] = {}
    #: Columns whose sums over the list's rows stand under it.
    summed: ClassVar[tuple[str, ...]] = ()
    #: The path of the indexed date or moment that the list is drilled down by: year, month, day.
    main_date: ClassVar[str] = ""
    default_order: ClassVar[tuple[tuple[str, bool], ...]] = ()
    #: Columns that only the export has: the same text in another form.
    not_in_details: ClassVar[tuple[str, ...]] = ()
    #: The details' cards: title, and columns, paths or extra facts' labels, the weightiest first.
    fact_groups: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()
    #: The form's headings: title, its fields (of the new and the edit form), and a hint.
    form_groups: ClassVar[tuple[tuple[str, tuple[str, ...], str], ...]] = ()
    empty_words: ClassVar[str] = ""
    #: Made as they are asked for: the ways to its pages, and its filters' form without a value.
    _starts: dict[str, str | None]
    plain_filters: dict[tuple[str, ...], Markup]
    #: Columns of other tables that fields of `new_form` or of actions refer by.
    reference_fields: ClassVar[Mapping[str, Any]] = {}
    new_words: ClassVar[str] = ""

    #: The list's paths; derived where a registration names none.
    column_list: tuple[str, ...] = ()
    #: What the search looks into; derived where a registration names nothing.
    column_searchable_list: tuple[str, ...] = ()
    #: The filter's path that is offered where a search finds nothing: what would cost each search
    #: more than it helps.
    search_instead: ClassVar[str] = ""
    #: Whether the search of everything looks here too. It never does among letters, insight and
    #: the system's own tables.
    is_sought: ClassVar[bool] = True
    can_view_details = True
    can_export = True
    can_set_page_size = True
    page_size_options = (20, 50, 100)
    export_types = ("csv", "xlsx")
    named_filter_urls = True
    action_disallowed_list = ("delete",)

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

    def lock_for_change(self, row: Any) -> None:
        """Let nobody else change the row until this change is over; the row is read anew.

        A table whose rows are locked behind others states its own way: the order is one.
        """
        lock_row(row)

    def edit_form_for(self, row: Any, posted: Any) -> BaseForm:
        """Return the form for a stored row, filled with what was posted or what is stored."""
        # By value, not by `obj=row`: a field that is no column may bear a relationship's name.
        values = {name: getattr(row, name) for name in forms.form_names(self)}
        return self._edit_form_class(posted, **(values | self.extra_values(row)))

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

    def headline(self, row: Any) -> list[Figure]:
        """Return the few numbers that tell where the row stands."""
        return []

    def notices(self, row: Any) -> list[Notice]:
        """Return sentences about what wants to be done with the row."""
        return []

    def timeline(self, row: Any) -> list[Source]:
        """Return what the row's timeline is made of; without any it has none."""
        return []

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Return more buttons for the details page: words and address."""
        return []

    def is_changing(self, row: Any) -> bool:
        """Return whether a job works on the row: its page then loads itself again."""
        return False

    def does_together(self, action: Action) -> bool:
        """Return whether an action takes all of the chosen rows or none."""
        if action.is_own_work:
            return False
        return self.is_all_or_nothing if action.is_together is None else action.is_together

    def _is_column(self, name: str) -> bool:
        return name in inspect(self.model).columns
