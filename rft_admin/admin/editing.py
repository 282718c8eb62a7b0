"""The forms' pages: a new row, a stored one, and what happens when two people save the same."""

from typing import TYPE_CHECKING, Any

from flask import abort, flash, jsonify, make_response, redirect, request
from flask_admin.form import BaseForm
from sqlalchemy import inspect

from rft_admin.admin import conflicts, stamps
from rft_admin.admin.choosing import read_ids, safe_return
from rft_admin.admin.conflicts import RESOLVE, Typed
from rft_admin.admin.exposing import Answer
from rft_admin.admin.fields import ReferenceField, chosen_text
from rft_admin.admin.interrupted import is_shown_again
from rft_admin.admin.lookup import find_rows
from rft_admin.admin.paths import find_reference
from rft_admin.admin.rights import can
from rft_admin.admin.saving import save
from rft_admin.admin.stamps import Stamp
from rft_admin.core.database import db
from rft_admin.core.errors import ChangedMeanwhile

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

#: The button that shows the form again instead of saving it.
GO_ON_EDITING = "edit"


def create(view: "TableView") -> Answer:
    """Show the form for a new row, or store it."""
    if not view.may("create"):
        abort(403)
    typed = _typed()
    form = view._create_form_class(typed)
    _prefill(form)
    _leave_out_hidden(view, form, "create")
    if _is_to_be_saved(typed) and form.validate() and view.check_form(form, None):
        row = save(view, form, lambda: view.save_new(form))
        if row is not None and _is_dialog():
            return make_response(jsonify(id=row.id, text=chosen_text(row)), 201)
        if row is not None:
            flash(f"{view.one.capitalize()} “{row}” saved.", "success")
            return redirect(_return_url() or view.details_url(row.id))
    if _is_dialog():
        _name_apart(form)
    return _page(view, "admin/related.html" if _is_dialog() else "admin/create.html", form, None)


def edit(view: "TableView") -> Answer:
    """Show the form for a stored row, or write it; a change by somebody else is never undone."""
    row_id = read_ids([request.args.get("id", "")])[0]
    if not view.may("edit"):
        abort(403)
    stamp = stamps.read_stamp(view, row_id, request.form.get(stamps.FIELD, ""))
    if stamp is not None and db.session.get(view.model, row_id) is None:
        return _gone_page(view, row_id)
    typed = _typed()
    if typed is not None:
        typed = conflicts.resolved(typed, stamp)
    row = view.get_many([row_id], "edit")[0]
    form = _form_for(view, row, typed)
    if _is_to_be_saved(typed) and form.validate() and view.check_form(form, row):
        if save(view, form, lambda: _change(view, form, row_id, stamp)):
            flash(f"{view.one.capitalize()} saved.", "success")
            return redirect(_return_url() or view.details_url(row_id))
        row = _read_anew(view, row_id)
        if form.is_outrun and typed is not None:
            return _conflict_page(view, row, typed, stamp)
    _hand_over_titles(form, row)
    return _page(view, "admin/edit.html", form, row, stamp)


def _is_dialog() -> bool:
    """Return whether another form asks, in a dialog, for a row that it is going to refer to."""
    return request.args.get("dialog") == "1"


def _name_apart(form: BaseForm) -> None:
    """Give the fields ids that the page around the dialog does not have."""
    for field in form:
        field.id = field.label.field_id = f"related-{field.id}"


def _typed() -> Typed | None:
    return request.form if request.method == "POST" else None


def _is_to_be_saved(typed: Typed | None) -> bool:
    if typed is None or is_shown_again():
        return False
    return typed.get(RESOLVE) != GO_ON_EDITING


def _change(view: "TableView", form: BaseForm, row_id: int, stamp: Stamp | None) -> bool:
    view.lock_for_change(view.get_many([row_id], "edit")[0])
    row = _read_anew(view, row_id)
    if conflicts.is_outrun(view, row, form, stamp):
        raise ChangedMeanwhile
    if conflicts.is_changed(view, row, form):
        view.save_changes(form, row)
        db.session.flush()
    return True


def _read_anew(view: "TableView", row_id: int) -> Any:
    db.session.expire_all()
    return view.get_many([row_id], "edit")[0]


def _form_for(view: "TableView", row: Any, typed: Typed | None) -> BaseForm:
    form = view.edit_form_for(row, typed)
    _leave_out_hidden(view, form, "edit")
    return form


def _hand_over_titles(form: BaseForm, row: Any) -> None:
    """Give the references' fields the rows they name: those loaded already, the rest at once."""
    mapper = inspect(type(row))
    unknown: list[Any] = []
    for field in form:
        if not isinstance(field, ReferenceField) or field.name not in mapper.columns:
            continue
        reference = find_reference(mapper, mapper.columns[field.name])
        related = getattr(row, reference.key) if reference is not None else None
        if related is not None and can("list", type(related), row=related):
            field.chosen = related
        elif reference is None and field.data is not None:
            unknown.append(field)
    found = find_rows([(str(field.table), int(field.data)) for field in unknown])
    for field, related in zip(unknown, found, strict=True):
        field.chosen = related


def _page(
    view: "TableView", template: str, form: BaseForm, row: Any, stamp: Stamp | None = None
) -> Answer:
    page = str(
        view.render(
            template,
            form=form,
            row=row,
            stamp=_stamp_text(view, row, stamp) if row is not None else "",
            refusal=getattr(form, "refusal", None),
            return_url=safe_return(request.values.get("url")),
        )
    )
    is_refused = _is_to_be_saved(_typed())
    return (page, getattr(form, "refused_status", 422)) if is_refused else page


def _stamp_text(view: "TableView", row: Any, stamp: Stamp | None) -> str:
    """Return the hidden field: as it was sent, so that a second try knows what was seen first."""
    if stamp is not None:
        return str(request.form[stamps.FIELD])
    return stamps.stamp(view, row, _form_for(view, row, None))


def _conflict_page(view: "TableView", row: Any, typed: Typed, stamp: Stamp | None) -> Answer:
    form = _form_for(view, row, typed)
    page = view.render(
        "admin/conflict.html",
        row=row,
        differences=conflicts.differences(view, row, form, stamp),
        author=conflicts.find_author(view, row.id),
        carried=conflicts.carried(typed),
        stamp=stamps.stamp(view, row, _form_for(view, row, None)),
        return_url=safe_return(request.values.get("url")),
    )
    return str(page), ChangedMeanwhile.status


def _gone_page(view: "TableView", row_id: int) -> Answer:
    form = view._edit_form_class(request.form)
    _leave_out_hidden(view, form, "edit")
    page = view.render(
        "admin/gone.html",
        author=conflicts.find_author(view, row_id),
        typed=[(field.label.text, conflicts.words_of(field)) for field in form],
        carried=conflicts.carried(request.form),
        can_create_anew=view.may("create") and view.new_form is None,
    )
    return str(page), 404


def _return_url() -> str | None:
    return safe_return(request.form.get("url"))


def _prefill(form: BaseForm) -> None:
    """Take a new row's values from the address: /new/?booking_id=5 from a booking's page."""
    if request.method != "GET":
        return
    for field in form:
        if field.name in request.args:
            field.process(request.args)
            field.errors = []


def _leave_out_hidden(view: "TableView", form: BaseForm, verb: str) -> None:
    columns = inspect(view.model).columns
    for name in [field.name for field in form]:
        if name in columns and not can(verb, view.model, field=name):
            del form[name]
