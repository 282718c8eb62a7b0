"""Each trap of Flask-Admin: shown on stock Flask-Admin, and closed in ours."""

import logging
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import flask_admin
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_admin.theme import Bootstrap4Theme
from sqlalchemy import Float, MetaData, Uuid, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.orm.exc import DetachedInstanceError

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.admin import forms
from rft_admin.admin.paths import UnknownType, kind_of
from rft_admin.catalogue.models import Course, CourseMaterial, CourseSchedule, DiscountCode, Venue
from rft_admin.core.database import db
from tests import factories
from tests.admin.conftest import Office

MOMENT = datetime(2027, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)


class Apart(DeclarativeBase):
    """Models of these tests only; the application never sees them."""

    metadata = MetaData()


class Odd(Apart):
    """A table with the columns that stock Flask-Admin forgets."""

    __tablename__ = "odd"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    weight: Mapped[float] = mapped_column(Float)
    mark: Mapped[uuid.UUID] = mapped_column(Uuid)


class Clashing(Apart):
    """A table with a column that every form keeps for itself."""

    __tablename__ = "clashing"

    id: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[str]


class StockVenueView(ModelView):  # type: ignore[misc] # Flask-Admin ships no types
    """A venue's screen as one writes it from the manual."""

    can_view_details = True
    can_export = True
    column_editable_list = ("name",)
    form_columns = ("name", "city")
    column_filters = ("name",)
    column_searchable_list = ("name",)


class LockedVenueView(StockVenueView):
    """The same, not to be edited, and narrowed to Leeds."""

    can_edit = False

    def get_query(self) -> Any:
        """Narrow the list to Leeds."""
        return super().get_query().filter(Venue.city == "Leeds")


class StockMaterialView(ModelView):  # type: ignore[misc] # as above
    """A material's screen with a foreign key in its form."""

    form_columns = ("title", "course")


class StockScheduleView(ModelView):  # type: ignore[misc] # as above
    """A date's screen that names its course."""

    can_export = True
    column_list = ("course.name", "status")


class StockAjaxView(ModelView):  # type: ignore[misc] # as above
    """A material's screen whose course is asked for as one types."""

    form_ajax_refs = {"course": {"fields": ("name",)}}


class StockCodeView(ModelView):  # type: ignore[misc] # as above
    """A code's screen with a moment in its form."""

    form_columns = ("code", "valid_from")


@pytest.fixture
def stock(committed_app: Flask) -> Iterator[FlaskClient]:
    """A browser of stock Flask-Admin on the application's own database."""
    app = Flask("stock")
    app.config.update(
        SECRET_KEY="stock",
        SQLALCHEMY_DATABASE_URI=committed_app.config["SQLALCHEMY_DATABASE_URI"],
    )
    db.init_app(app)
    admin = Admin(app, name="stock", theme=Bootstrap4Theme())
    admin.add_view(StockVenueView(Venue, db, endpoint="venue"))
    admin.add_view(LockedVenueView(Venue, db, endpoint="locked"))
    admin.add_view(StockAjaxView(CourseMaterial, db, endpoint="ajax"))
    admin.add_view(StockCodeView(DiscountCode, db, endpoint="code"))
    admin.add_view(StockMaterialView(CourseMaterial, db, endpoint="material"))
    admin.add_view(StockScheduleView(CourseSchedule, db, endpoint="schedule"))
    with app.app_context():
        factories.ScheduleFactory()
        for name, city in (("=1+1", "Leeds"), ("Hall", "York")):
            factories.VenueFactory(name=name, city=city)
        factories.DiscountCodeFactory(code="MOMENT", valid_from=MOMENT)
        db.session.commit()
    logging.disable(logging.CRITICAL)
    yield app.test_client()
    logging.disable(logging.NOTSET)
    with app.app_context():
        db.engine.dispose()


def in_stock(client: FlaskClient, statement: Any) -> Any:
    """Return a value of the stock application's database."""
    with client.application.app_context():
        return db.session.scalar(statement)


class TestTrap1PostedIds:
    def test_break_stock_batch_actions(self, stock: FlaskClient) -> None:
        answer = stock.post("/admin/venue/action/", data={"action": "delete", "rowid": ["1"]})

        assert answer.status_code == 500

    def test_are_numbers_in_ours(self, office: Office, session: Session) -> None:
        booking = factories.BookingFactory()
        session.commit()

        asked = office.post(
            "/admin/bookings/action/", {"action": "cancel", "rowid": str(booking.id)}
        )
        bad = office.post("/admin/bookings/action/", {"action": "cancel", "rowid": "1 OR 1=1"})

        assert asked.status_code == 200
        assert bad.status_code == 404


class TestTrap2ForgottenTypes:
    def test_vanish_from_stock_forms(self) -> None:
        form = ModelView(Odd, db, endpoint="odd")._create_form_class

        assert hasattr(form, "name")
        assert not hasattr(form, "weight") or not hasattr(form, "mark")

    def test_have_a_field_or_stop_the_start_in_ours(self) -> None:
        table = Odd.__table__

        assert kind_of(table.c.weight) == "number"
        with pytest.raises(UnknownType, match="mark"):
            kind_of(table.c.mark)

    def test_leave_no_column_without_field_or_reason(self, app: Flask) -> None:
        for view in app.extensions["rft_admin_views"].values():
            forms.check_every_column(view)

    def test_are_told_at_the_start(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        view = app.extensions["rft_admin_views"]["discount_codes"]
        monkeypatch.setattr(view, "form_columns", ("code",))

        with pytest.raises(RuntimeError, match="discount_type"):
            forms.check_every_column(view)


class TestTrap3ForgedRequests:
    def test_are_taken_by_stock(self, stock: FlaskClient) -> None:
        answer = stock.post("/admin/venue/new/", data={"name": "Forged", "city": "Hull"})

        assert answer.status_code == 302
        assert in_stock(stock, select(func.count()).where(Venue.name == "Forged")) == 1

    def test_are_refused_by_ours(self, office: Office, session: Session) -> None:
        answer = office.client.post("/admin/venues/new/", data={"name": "Forged", "city": "Hull"})

        assert answer.status_code == 400
        assert session.scalar(select(func.count()).where(Venue.name == "Forged")) == 0

    def test_need_the_token_of_this_browser(self, office: Office) -> None:
        answer = office.client.post(
            "/admin/venues/new/", data={"name": "Forged", "csrf_token": "from-elsewhere"}
        )

        assert answer.status_code == 400


class TestTrap4Rights:
    def test_are_gaps_in_stock(self, stock: FlaskClient) -> None:
        york = in_stock(stock, select(Venue.id).where(Venue.city == "York"))

        edited = stock.post("/admin/locked/ajax/update/", data={"list_form_pk": york, "name": "X"})
        seen = stock.get(f"/admin/locked/details/?id={york}")
        unknown = stock.post("/admin/locked/action/", data={"action": "no_such", "rowid": "1"})

        assert edited.status_code == 200
        assert in_stock(stock, select(Venue.name).where(Venue.id == york)) == "X"
        assert b"York" in seen.data
        assert unknown.status_code == 302
        assert stock.get("/admin/").status_code == 200

    def test_are_one_question_in_ours(
        self, classroom: Office, instructor: Any, session: Session
    ) -> None:
        own = factories.ScheduleFactory(trainer=factories.TrainerFactory(user=instructor))
        other = factories.ScheduleFactory()
        session.commit()

        text = classroom.get("/admin/course_schedules/").text
        paths = ("details/?id={}", "edit/?id={}", "delete/?id={}")

        assert f'details/?id={own.id}"' in text
        assert f'details/?id={other.id}"' not in text
        assert classroom.get(f"/admin/course_schedules/details/?id={own.id}").status_code == 200
        assert [
            classroom.get(f"/admin/course_schedules/{path.format(other.id)}").status_code
            for path in paths
        ] == [404, 403, 403]
        assert (
            classroom.post(
                "/admin/course_schedules/action/", {"action": "complete", "rowid": str(other.id)}
            ).status_code
            == 404
        )
        assert (
            classroom.post(
                "/admin/course_schedules/action/", {"action": "publish", "rowid": str(own.id)}
            ).status_code
            == 403
        )
        assert classroom.get(f"/admin/register/{other.id}/").status_code == 404
        assert classroom.get(f"/admin/register/{own.id}/").status_code == 200

    def test_hold_for_exports_and_suggestions(
        self, classroom: Office, instructor: Any, session: Session
    ) -> None:
        own = factories.ScheduleFactory(trainer=factories.TrainerFactory(user=instructor))
        other = factories.ScheduleFactory(course=factories.CourseFactory(name="Elsewhere"))
        session.commit()

        exported = classroom.get("/admin/course_schedules/export/csv/").text
        suggested = classroom.get(
            "/admin/attendance_records/ajax/lookup/?name=course_session_id&query="
        ).json

        assert "Elsewhere" not in exported
        assert "Group price" not in exported
        assert [row_id for row_id, _ in suggested] == [own.id]
        assert other.id != own.id

    def test_leave_nothing_to_edit_inside_a_list(self, office: Office) -> None:
        answer = office.post("/admin/venues/ajax/update/", {"list_form_pk": "1", "name": "X"})

        assert answer.status_code == 404


class TestTrap5OwnCommits:
    def test_leave_no_trail_in_stock(self, stock: FlaskClient) -> None:
        stock.post("/admin/venue/new/", data={"name": "New hall", "city": "Hull"})

        assert in_stock(stock, select(func.count(AdminActivityLog.id))) == 0

    def test_are_a_unit_of_work_with_audit_in_ours(self, office: Office, session: Session) -> None:
        answer = office.post("/admin/venues/new/", {"name": "New hall", "city": "Hull"})

        entry = session.scalars(
            select(AdminActivityLog).where(AdminActivityLog.entity_type == "venues")
        ).one()
        assert answer.status_code == 302
        assert entry.action == "created"
        assert entry.user_id == office.user_id
        assert entry.changes["name"]["new"] == "New hall"


class TestTrap6LostUpdates:
    def test_pass_in_stock_in_spite_of_the_version(self, stock: FlaskClient) -> None:
        hall = in_stock(stock, select(Venue.id).where(Venue.name == "Hall"))
        path = f"/admin/venue/edit/?id={hall}"
        first, second = stock.get(path).text, stock.get(path).text
        assert "York</textarea>" in first
        assert "York</textarea>" in second

        stock.post(path, data={"name": "Hall", "city": "Bradford"})
        answer = stock.post(path, data={"name": "Renamed", "city": "York"})

        assert answer.status_code == 302
        assert in_stock(stock, select(Venue.city).where(Venue.id == hall)) == "York"
        assert "row_version" not in first

    def test_are_asked_about_in_ours(self, office: Office, session: Session) -> None:
        venue = factories.VenueFactory(name="Hall", city="York")
        session.commit()
        path = f"/admin/venues/edit/?id={venue.id}"
        stamp = re.search(r'name="row_version" value="([^"]+)"', office.get(path).text)
        assert stamp is not None

        office.post(path, {"name": "Hall", "city": "Bradford"})
        answer = office.post(path, {"name": "Renamed", "city": "York", "row_version": stamp[1]})

        session.refresh(venue)
        assert answer.status_code == 409
        assert (venue.name, venue.city) == ("Hall", "Bradford")
        assert "Changed there only" in answer.text


class TestTrap7Moments:
    def test_lose_their_fractions_in_stock(self, stock: FlaskClient) -> None:
        code_id = in_stock(stock, select(DiscountCode.id))
        page = stock.get(f"/admin/code/edit/?id={code_id}").text
        assert "2027-03-01 09:30:15" in page

        stock.post(
            f"/admin/code/edit/?id={code_id}",
            data={
                "code": "MOMENT",
                "valid_from": "2027-03-01 09:30:15",
            },
        )

        assert in_stock(stock, select(DiscountCode.valid_from)) != MOMENT

    def test_stay_as_they_are_in_ours(self, office: Office, session: Session) -> None:
        code = factories.DiscountCodeFactory(valid_from=MOMENT)
        session.commit()

        answer = office.post(
            f"/admin/discount_codes/edit/?id={code.id}",
            {
                "code": code.code,
                "discount_type": "percentage",
                "discount_value": "10.00",
                "is_active": "y",
                "valid_from": "2027-03-01T09:30",
            },
        )

        session.refresh(code)
        assert answer.status_code == 302
        assert code.valid_from == MOMENT
        assert code.row_version == 1


class TestTrap12ForeignKeys:
    # Flask-Admin 2.2 feeds WTForms 3.3 in the old way.
    @pytest.mark.filterwarnings("ignore:Yielding raw tuples:DeprecationWarning")
    def test_are_a_select_of_the_whole_table_in_stock(self, stock: FlaskClient) -> None:
        with stock.application.app_context():
            factories.CourseFactory.create_batch(200)
            db.session.commit()

        page = stock.get("/admin/material/new/").text

        assert page.count("<option") >= 200

    def test_are_asked_for_as_one_types_in_ours(self, office: Office, session: Session) -> None:
        path = "/admin/trainers/new/"
        before = len(office.get(path).text)
        factories.UserFactory.create_batch(200)
        wanted = factories.UserFactory(first_name="Wanda", last_name="Wanted")
        session.commit()

        page = office.get(path).text
        found = office.get("/admin/trainers/ajax/lookup/?name=user_id&query=wanda").json

        assert len(page) == before
        assert 'data-lookup="/admin/trainers/ajax/lookup/?name=user_id"' in page
        assert found == [[wanted.id, f"Wanda Wanted (#{wanted.id})"]]


class TestTrap8LazyColumns:
    def test_leave_a_stock_export_with_its_heading_only(self, stock: FlaskClient) -> None:
        answer = stock.get("/admin/schedule/export/csv/", buffered=False)
        lines = iter(answer.response)

        assert answer.status_code == 200
        assert b"Course" in next(lines)
        with pytest.raises(DetachedInstanceError):
            next(lines)

    def test_are_in_our_exports(self, office: Office, session: Session) -> None:
        factories.ScheduleFactory(course=factories.CourseFactory(name="Burns and Scalds"))
        session.commit()

        for path in ("", "?column=course_id"):
            answer = office.get(f"/admin/course_schedules/export/csv/{path}")

            assert answer.status_code == 200
            assert "Burns and Scalds" in answer.text


class TestTrap13Addresses:
    @pytest.mark.parametrize(
        "path",
        [
            "/admin/venue/?page=-1",
            "/admin/venue/?page=99999999999999999999",
            "/admin/venue/edit/?id=abc",
            "/admin/venue/edit/?id=99999999999",
            "/admin/venue/?search=%00",
            "/admin/ajax/ajax/lookup/?name=course&query=&limit=-5",
        ],
    )
    def test_break_stock(self, stock: FlaskClient, path: str) -> None:
        assert stock.get(path).status_code == 500

    def test_do_not_break_ours(self, office: Office, session: Session) -> None:
        factories.VenueFactory(name="Hall")
        session.commit()
        lookup = "/admin/course_schedules/ajax/lookup/?name=venue_id"

        for ending in ("&limit=-5", "&limit=abc", "&offset=-9", "&query=%00", "&query=%25"):
            assert office.get(lookup + ending).status_code == 200, ending
        for page in ("-1", "99999999999999999999", "1e9", "abc"):
            assert office.get(f"/admin/venues/?page={page}").status_code == 200, page
        for row_id in ("99999999999", "2147483648", "-1", "0"):
            assert office.get(f"/admin/venues/edit/?id={row_id}").status_code == 404, row_id
        assert office.get("/admin/venues/edit/?id=abc").status_code == 404
        assert office.get(lookup.replace("venue_id", "no_such")).status_code == 404
        assert office.get(lookup.replace("venue_id", "max_capacity")).status_code == 404


class TestTrap14InlineHandlers:
    def test_stand_in_stock_templates(self) -> None:
        folder = Path(flask_admin.__file__).parent / "templates" / "bootstrap4"
        texts = [template.read_text() for template in folder.rglob("*.html")]
        handlers = [text for text in texts if re.search(r"\bon(click|submit)=", text)]

        assert len(handlers) >= 5

    def test_stand_in_none_of_ours(self, app: Flask) -> None:
        folder = Path(app.root_path) / "templates" / "admin"

        for template in folder.glob("*.html"):
            assert not re.search(r"\son[a-z]+=|\sstyle=|javascript:", template.read_text()), (
                template
            )


class TestTrap15NamesAndFormulas:
    def test_break_a_stock_form(self) -> None:
        view = ModelView(Clashing, db, endpoint="clashing")

        with Flask("clash").test_request_context("/"), pytest.raises((AttributeError, ValueError)):
            view._create_form_class(data="text")

    def test_are_refused_at_the_start_in_ours(self) -> None:
        class View:
            model = Clashing
            extra_fields: dict[str, Any] = {}

        with pytest.raises(RuntimeError, match="data"):
            forms.build_form(View(), ["data"])  # type: ignore[arg-type] # the two attributes it reads

    def test_leave_formulas_alive_in_stock(self, stock: FlaskClient) -> None:
        assert "\n=1+1," in stock.get("/admin/venue/export/csv/").text.replace("\r", "")

    def test_disarm_formulas_in_ours(self, office: Office, session: Session) -> None:
        for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"):
            factories.CourseFactory(name=name, price=Decimal("-0.00"))
        session.commit()

        text = office.get("/admin/courses/export/csv/").text

        for name in ("'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx"):
            assert name in text
        assert ",0.00," in text or ",-0.00," in text
        assert session.scalar(
            select(AdminActivityLog.action).where(
                AdminActivityLog.entity_type == Course.__tablename__,
                AdminActivityLog.created_at > datetime.now(UTC) - timedelta(minutes=5),
                AdminActivityLog.action == "exported",
            )
        )
