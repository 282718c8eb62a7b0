"""Saving what a form says: a unit of work, and each refusal beside its field."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from flask_admin.form import BaseForm
from sqlalchemy.exc import DataError, IntegrityError

from rft_admin.admin.actor import current_actor_from_request
from rft_admin.core.database import transact
from rft_admin.core.errors import ChangedMeanwhile, DomainError

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

Result = TypeVar("Result")

UNIQUE, FOREIGN_KEY, NOT_NULL, CHECK, EXCLUSION = "23505", "23503", "23502", "23514", "23P01"
SENTENCES = {
    UNIQUE: "This value is taken already. Please choose another.",
    FOREIGN_KEY: "Other records depend on this one, or the chosen record is gone.",
    NOT_NULL: "Please fill this in.",
    CHECK: "This value is not possible here.",
    EXCLUSION: "This overlaps with something at the same time.",
}
TOO_LONG_OR_LARGE = "A value is too long or too large for the database."


def save(view: "TableView", form: BaseForm, use_case: Callable[[], Result]) -> Result | None:
    """Run the use case in a unit of work; a refusal goes into the form and None comes back.

    The status of the refusal is left in `form.refused_status`, a refusal that belongs to no field
    in `form.refusal`, and whether somebody else was quicker in `form.is_outrun`.
    """
    form.refused_status, form.refusal, form.is_outrun = 422, None, False
    try:
        return transact(use_case, by=current_actor_from_request())
    except DomainError as error:
        form.refused_status = error.status
        form.is_outrun = isinstance(error, ChangedMeanwhile)
        tell(form, error.field, error.message)
    except IntegrityError as error:
        field, message = _read_integrity(view, error)
        tell(form, field, message)
    except DataError:
        form.refusal = TOO_LONG_OR_LARGE
    return None


def tell(form: BaseForm, field: str | None, message: str) -> None:
    """Put a sentence beside the field it belongs to, else above the form."""
    names = (field, f"{field}_id") if field else ()
    for name in names:
        if name in form:
            form[name].errors = [*form[name].errors, message]
            return
    form.refusal = message


def _read_integrity(view: "TableView", error: IntegrityError) -> tuple[str | None, str]:
    diagnostics: Any = getattr(error.orig, "diag", None)
    state = str(getattr(error.orig, "sqlstate", ""))
    sentence = SENTENCES.get(state, "The database refuses this.")
    if state == NOT_NULL:
        return diagnostics.column_name, sentence
    table = view.model.__tablename__
    name = re.sub(rf"^(uq|ck|fk|ex)_{table}_", "", diagnostics.constraint_name or "")
    return name, sentence
