"""The pages of one row: its details, its form, its deletion, and the actions on it."""

from typing import Any

from flask import abort, flash, make_response, redirect, request
from flask_admin.form import BaseForm

from rft_admin.admin import actions, deletion, details
from rft_admin.admin.actions import read_ids, safe_return
from rft_admin.admin.exposing import Answer, expose
from rft_admin.admin.rights import can
from rft_admin.admin.saving import save
from rft_admin.admin.view_list_pages import ListPages
from rft_admin.core.database import db
from rft_admin.core.errors import ChangedMeanwhile

#: How soon the page of a row that a job works on loads itself again.
REFRESH_SECONDS = 2


class RowPages(ListPages):
    """What is shown of one row and done with it.

    One chain, no mixins: Flask-Admin's metaclass copies inherited pages into each class, so a
    page of the original would stand in the way of ours.
    """

    @expose("/details/")
    def details_view(self) -> Answer:
        """One row with all that belongs to it."""
        row = self.get_one(request.args.get("id", ""))
        page = details.describe(self, row)
        response = make_response(self.render("admin/details.html", row=row, page=page))
        if self.is_changing(row):
            response.headers["Refresh"] = str(REFRESH_SECONDS)
        return response

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

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Answer:
        """Nothing is edited inside the list: each change goes through its form."""
        abort(404)

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
