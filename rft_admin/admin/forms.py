"""Forms made from a model's metadata: one field per column a person may set."""

from typing import TYPE_CHECKING, Any

from flask_admin.form import BaseForm
from sqlalchemy import Boolean, Column, inspect
from wtforms import BooleanField, DateField, DecimalField, IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional

from rft_admin.admin import fields
from rft_admin.admin.fields_of_contact import EmailField, LinkField, PhoneField, PostcodeField
from rft_admin.admin.fields_of_json import JsonField, LinesField
from rft_admin.admin.lookup import find_row, look_up
from rft_admin.admin.paths import kind_of, shown_columns
from rft_admin.core.database import Model

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: Columns that the system keeps by itself, on every table, and why no form has them.
SYSTEM_COLUMNS = {
    "id": "given by the database",
    "created_at": "written by the database",
    "updated_at": "written by the database",
    "created_by_id": "written by the audit listener",
    "updated_by_id": "written by the audit listener",
    "row_version": "carried by the form's hidden field",
}


#: Attributes of every form; a column with such a name would break it.
NAMES_OF_FORMS = frozenset({"data", "errors", "meta", "process", "populate_obj", "validate"})


def build_form(view: "TableView", names: list[str]) -> type[BaseForm]:
    """Return the form class for these columns, in this order.

    :raises RuntimeError: if a column bears a name that forms keep for themselves.
    """
    columns = inspect(view.model).columns
    if taken := set(names) & NAMES_OF_FORMS:
        raise RuntimeError(f"{view.model.__name__}: a form has no field called {taken.pop()}.")
    unbound = {name: field_for(view, columns[name]) for name in names}
    unbound.update({name: make() for name, make in view.extra_fields.items()})
    return type(f"{view.model.__name__}Form", (BaseForm,), unbound)


def form_names(view: "TableView") -> list[str]:
    """Return the columns that a form shows: all but the system's and the view's exclude list."""
    if view.form_columns:
        return [str(name) for name in view.form_columns]
    return [
        attribute.key
        for attribute in inspect(view.model).column_attrs
        if attribute.key not in SYSTEM_COLUMNS
        and attribute.key not in view.not_in_form
        and not attribute.columns[0].info.get("sensitive")
    ]


def check_every_column(view: "TableView") -> None:
    """Refuse to start when a column has neither a field nor a reason for having none.

    :raises RuntimeError: naming the columns.
    """
    if view.read_only_because:
        return
    names = set(shown_columns(view.model))
    known = {*form_names(view), *view.not_in_form, *SYSTEM_COLUMNS, *view.extra_fields}
    if names - known:
        raise RuntimeError(
            f"{view.model.__name__}: {', '.join(sorted(names - known))} neither in the form nor "
            "on its exclude list with a reason."
        )


def field_for(view: "TableView", column: Column[Any]) -> Any:
    """Return the unbound field for a column, by its type and its rules."""
    name = column.key
    options: dict[str, Any] = {
        "description": view.help_for(name),
        "validators": _validators(column),
    }
    label = view.get_column_name(name)
    if column.foreign_keys:
        return _reference(view, column, label, options)
    kind = kind_of(column)
    if kind == "status":
        members = column.type.enum_class  # type: ignore[attr-defined] # EnumText, by its kind
        return fields.StatusField(
            label, members, may_be_empty=bool(column.nullable), **_with_default(column, options)
        )
    if isinstance(column.type, Boolean):
        return _yes_or_no(column, label, options)
    if column.info.get("shown_as") == "lines":
        return LinesField(label, **options)
    return _FIELDS.get(kind, fields.TextField)(label, **_with_default(column, options))


def apply_form(form: BaseForm, row: Model, names: list[str]) -> None:
    """Write the form's values into the row: only what differs, empty texts as null if allowed."""
    columns = inspect(type(row)).columns
    for name in names:
        value = form[name].data
        column = columns[name]
        if value in ("", None) and column.nullable:
            value = None
        elif value is None:
            value = "" if kind_of(column) not in {"number", "money", "json"} else None
        if value is None and not column.nullable:
            continue
        if getattr(row, name) != value:
            setattr(row, name, value)


def _reference(view: "TableView", column: Column[Any], label: str, options: Any) -> Any:
    table = next(iter(column.foreign_keys)).column.table.name
    return fields.ReferenceField(
        label,
        find=lambda row_id: find_row(table, row_id),
        look_up=lambda text: look_up(table, text, limit=6),
        table=table,
        **options,
    )


def _yes_or_no(column: Column[Any], label: str, options: dict[str, Any]) -> Any:
    if column.nullable:
        return fields.YesNoField(label, **options)
    options["validators"] = []
    return BooleanField(label, **_with_default(column, options))


def _with_default(column: Column[Any], options: dict[str, Any]) -> dict[str, Any]:
    default: Any = column.default
    if default is not None and default.is_scalar:
        return {**options, "default": default.arg}
    return options


def _validators(column: Column[Any]) -> list[Any]:
    has_default = column.default is not None or column.server_default is not None
    if column.nullable or (has_default and kind_of(column) not in {"number", "money", "status"}):
        rules: list[Any] = [Optional()]
    else:
        rules = [InputRequired("Please fill this in.")]
    if column.type.python_type is int and not column.foreign_keys:
        rules.append(fields.check_whole_number)
    if kind_of(column) == "money":
        rules.append(NumberRange(min=0, message="Please enter no amount below nothing."))
    return rules


_FIELDS: dict[str, Any] = {
    "long": fields.LongTextField,
    "money": fields.PoundsField,
    "moment": fields.LondonDateTimeField,
    "date": DateField,
    "json": JsonField,
    "email": EmailField,
    "phone": PhoneField,
    "postcode": PostcodeField,
    "link": LinkField,
    "number": lambda label, **options: (
        IntegerField(label, **options)
        if fields.check_whole_number in options["validators"]
        else DecimalField(label, places=None, **options)
    ),
}
