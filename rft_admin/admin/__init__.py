"""The office's door: Flask-Admin with one base view, and a line per table."""

from flask import Flask
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme

from rft_admin.accounts import action_runs as runs
from rft_admin.admin import (
    accounts,
    action_runs,
    attendees,
    bookings,
    catalogue,
    delivery,
    inquiries,
    invoices,
    messaging,
    notes,
    payments,
    reconciliation,
    reporting,
    requirements,
    settings,
)
from rft_admin.admin.assets import init_assets
from rft_admin.admin.base import TableView
from rft_admin.admin.cells import cell
from rft_admin.admin.chrome import chrome
from rft_admin.admin.icons import icon
from rft_admin.admin.looks import look
from rft_admin.admin.pages import OfficeView
from rft_admin.admin.registry import details_address, open_screens
from rft_admin.admin.running import carry_on_as_job
from rft_admin.core.web import csp_nonce

#: Imported for their registrations, in the order of the sidebar.
ROOMS = (
    bookings,
    inquiries,
    requirements,
    notes,
    catalogue,
    attendees,
    delivery,
    payments,
    invoices,
    reconciliation,
    messaging,
    reporting,
    settings,
    accounts,
    action_runs,
)
#: The sidebar's order within its groups.
ORDER = (
    "bookings",
    "booking_inquiries",
    "special_requirements",
    "office_notes",
    "course_schedules",
    "courses",
    "course_materials",
    "venues",
    "trainers",
    "discount_codes",
    "booking_attendees",
    "attendance_records",
    "certificates",
    "users",
    "payment_transactions",
    "refunds",
    "invoices",
    "reconciliation_differences",
    "stripe_events",
    "email_logs",
    "notifications",
    "reports",
    "analytics_events",
    "settings",
    "action_runs",
    "admin_activity_logs",
    "admin_sessions",
    "password_resets",
)


def init_admin(app: Flask) -> None:
    """Join the office to the application: every registered table, and the pages beside them."""
    init_assets(app)
    admin = Admin(
        app,
        name="React Fast Training",
        index_view=OfficeView(),
        theme=Bootstrap4Theme(base_template="admin/master.html"),
        csp_nonce_generator=csp_nonce,
    )
    known = {table: (model, view) for table, model, view in open_screens(TableView)}
    ordered = [table for table in ORDER if table in known]
    tables = [*ordered, *(table for table in known if table not in ORDER)]
    views = {table: known[table][1](known[table][0]) for table in tables}
    app.extensions["rft_admin_views"] = views
    # The worker carries the office's actions on, and knows nothing of them but this.
    runs.let_work(carry_on_as_job)
    admin.add_views(*views.values())
    app.jinja_env.globals.update(
        admin_chrome=chrome,
        admin_icon=icon,
        admin_look=look,
        details_address=details_address,
        cell=cell,
    )
