"""The settings' screen: edit only, a field by the value's type, checked as the code reads it."""

import json
from functools import partial
from typing import Any

from flask_admin.form import BaseForm
from markupsafe import Markup
from wtforms import BooleanField, DateField
from wtforms.validators import Optional

from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.cells import EMPTY
from rft_admin.admin.fields import LongTextField, TextField
from rft_admin.admin.fields_of_json import JsonField
from rft_admin.admin.fields_of_settings import BandsField, DaysField
from rft_admin.admin.registry import screen
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.settings import Setting, ValueType, check_value, parse, words_of_value

LONG = 200
#: How the lists among the settings are edited, by the format that their rules name.
_LISTS = {"refund_bands": BandsField, "days": DaysField}


class NotEditable(DomainError):
    """This setting is fixed; it is shown for your information only."""

    status = 403


def _is_of_category(name: str) -> Any:
    return Setting.category == name


@screen(Setting)
class SettingView(TableView):
    """Every setting of the business, obeyed at once."""

    group, icon, singular = "System", "gear", "setting"
    question = "By which rules does the system work?"
    can_create = False
    can_delete = False
    column_list = ("display_name", "in_words", "category", "description", "updated_at")
    column_labels = {"in_words": "Value", "value": "Value as stored"}
    column_searchable_list = ("display_name", "key", "description")
    column_filters = ("category", "is_public", "is_editable")
    default_order = (("category", False), ("display_name", False))
    page_size = 50
    scopes = {
        name: ListScope(name.capitalize(), partial(_is_of_category, name))
        for name in ("business", "booking", "email", "payment", "certificate", "privacy", "system")
    }
    form_columns = ("value",)
    not_in_details = (
        *("value", "value_type", "default_value", "display_name"),
        *("requires_restart", "validation_rules"),
    )
    fact_groups = (("Setting", ("Value", "Default", "description", "category", "key")),)
    not_in_form = dict.fromkeys(
        (
            "key",
            "value_type",
            "category",
            "display_name",
            "description",
            "is_public",
            "is_editable",
            "requires_restart",
            "validation_rules",
            "default_value",
        ),
        "defined by the code that reads the setting",
    ) | {"updated_by_id": "whoever saves"}

    def typed_form(self, row: Setting, posted: Any) -> BaseForm:
        """Return the form with the field that fits the value's type."""
        label = row.display_name
        rules = row.validation_rules
        default = _default_in_words(row) or "empty"
        hint = f"{row.description} Default: {default.removesuffix('.')}."
        value: Any = row.value
        field: Any
        if row.value_type is ValueType.BOOLEAN:
            field, value = BooleanField(label, description=hint), parse(row.value, row.value_type)
        elif row.value_type is ValueType.JSON:
            kind = _LISTS.get(rules.get("format", ""), JsonField)
            field, value = kind(label, description=hint), parse(row.value, row.value_type)
        elif row.value_type is ValueType.DATE:
            field = DateField(label, description=hint, validators=[Optional()])
            value = parse(row.value, row.value_type)
        elif row.value_type is ValueType.NUMBER:
            keyboard = "numeric" if rules.get("whole") else "decimal"
            field = TextField(label, description=hint, render_kw={"inputmode": keyboard})
        elif rules.get("max_length", 0) > LONG:
            field = LongTextField(label, description=hint)
        else:
            field = TextField(label, description=hint)
        form_class = type("SettingForm", (BaseForm,), {"value": field})
        return form_class(posted, value=value)

    def edit_form_for(self, row: Any, posted: Any) -> BaseForm:
        """Return the typed form of the row."""
        return self.typed_form(row, posted)

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Check the value as the code reads it, and keep it as text.

        :raises NotEditable: if it is fixed.
        :raises BadSetting: if it does not fit.
        """
        if not row.is_editable:
            raise NotEditable
        text = _as_text(form, row.value_type)
        check_value(text, row.value_type, row.validation_rules)
        if text != row.value:
            row.value = text
            row.updated_by_id = self.actor().user_id
        db.session.flush()

    def extra_facts(self, row: Any) -> list[tuple[str, Any]]:
        """Say in words what is set, and what it was before anybody set it."""
        return [("Value", _lines(row.in_words)), ("Default", _lines(_default_in_words(row)))]


def _default_in_words(row: Setting) -> str:
    return words_of_value(row.default_value, row.value_type, row.validation_rules)


def _lines(words: str) -> Markup:
    return Markup("<br>").join(words.splitlines()) or EMPTY


def _as_text(form: BaseForm, value_type: ValueType) -> str:
    value = form.value.data
    if value_type is ValueType.BOOLEAN:
        return "true" if value else "false"
    if value_type is ValueType.JSON:
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
