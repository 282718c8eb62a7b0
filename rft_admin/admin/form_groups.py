"""A form's fields under headings; the parts of a long form become tabs where JavaScript runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_admin.form import BaseForm
from wtforms import Field

#: What stands under the last heading of a form that has headings.
REST = "More"


@dataclass(frozen=True)
class FieldGroup:
    """Fields under one heading; without a title it is the whole form."""

    title: str
    hint: str
    fields: list[Field]

    @property
    def has_fault(self) -> bool:
        """Whether one of its fields was refused."""
        return any(field.errors for field in self.fields)


def grouped(form: BaseForm, groups: Sequence[tuple[str, tuple[str, ...], str]]) -> list[FieldGroup]:
    """Return the form's fields by their groups, each field once, those of no group last."""
    found = [
        FieldGroup(title, hint, [form[name] for name in names if name in form])
        for title, names, hint in groups
    ]
    found = [group for group in found if group.fields]
    taken = {field.name for group in found for field in group.fields}
    rest = [field for field in form if field.name not in taken]
    if rest:
        found.append(FieldGroup(REST if found else "", "", rest))
    return found
