"""Flask-Admin as its manual shows it, on our models."""

import os

from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_admin.theme import Bootstrap4Theme
from sqlalchemy import Engine, event

from benchmarks.peers.counting import counted, note
from config import psycopg_url
from rft_admin import TABLES
from rft_admin.bookings.models import Booking
from rft_admin.core.database import db

COLUMNS = (
    "booking_reference",
    "contact_first_name",
    "contact_last_name",
    "course_schedule.course.name",
    "course_schedule.start_datetime",
    "number_of_places",
    "status",
    "payment_status",
    "payment_amount",
)
SEARCHED = (
    "booking_reference",
    "contact_first_name",
    "contact_last_name",
    "company_name",
    "user.email",
    "course_schedule.course.name",
)
#: The keys to large tables, and the columns that a person may set.
FORM = (
    "user",
    "course_schedule",
    "discount_code",
    "contact_first_name",
    "contact_last_name",
    "contact_phone",
    "company_name",
    "purchase_order",
)


class BookingView(ModelView):
    """The list of bookings."""

    column_list = COLUMNS
    column_searchable_list = SEARCHED
    column_sortable_list = (
        "booking_reference",
        ("contact_first_name", ("contact_first_name", "contact_last_name")),
    )
    column_default_sort = [("created_at", True), ("id", True)]
    form_columns = FORM
    can_set_page_size = True
    can_export = True


def build(view: type[ModelView]) -> Flask:
    """Return an application with one screen of bookings."""
    app = Flask("peer")
    app.config.update(
        SECRET_KEY=os.environ["SECRET_KEY"],
        SQLALCHEMY_DATABASE_URI=psycopg_url(os.environ["DATABASE_URL"], require_tls=False),
    )
    # Foreign keys name tables of other rooms: all models are known before one is used.
    app.extensions["tables"] = TABLES
    db.init_app(app)
    admin = Admin(app, name="peer", theme=Bootstrap4Theme())
    admin.add_view(view(Booking, db, endpoint="booking"))
    event.listen(Engine, "before_cursor_execute", note)
    return app


app = counted(build(BookingView))
