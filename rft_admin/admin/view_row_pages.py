"""The pages of one row: its details, its form, its deletion, and the actions on it."""

from flask import abort, make_response, request

from rft_admin.admin import acting, deletion, details, editing, row_menu
from rft_admin.admin.choosing import read_ids
from rft_admin.admin.exposing import Answer, expose
from rft_admin.admin.view_list_pages import ListPages

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
        return editing.create(self)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Answer:
        """The form for a stored row."""
        return editing.edit(self)

    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> Answer:
        """Ask before a row is deleted, naming what hinders it; then delete or deactivate."""
        if not self.may("delete"):
            abort(403)
        row = self.get_many(read_ids([request.values.get("id", "")]), "delete")[0]
        return deletion.handle(self, row)

    @expose("/action/", methods=("GET", "POST"))
    def action_view(self) -> Answer:
        """Confirm or carry out an action on the chosen rows."""
        if request.method == "GET":
            abort(405)
        return acting.handle(self)

    @expose("/menu/")
    def menu_view(self) -> Answer:
        """What can be done with one row: a page of its own, a menu inside the list."""
        return row_menu.show(self, self.get_one(request.args.get("id", "")))

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Answer:
        """Nothing is edited inside the list: each change goes through its form."""
        abort(404)
