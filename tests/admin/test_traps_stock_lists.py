"""The traps of stock Flask-Admin's lists, told by the statements it sends, and ours beside it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_admin.theme import Bootstrap4Theme
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session, joinedload

from rft_admin.bookings.models import Booking
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core.database import db
from tests import factories
from tests.admin.conftest import Office

#: Three pages of twenty: enough for each row to be counted, and for a page that lies deep.
BOOKINGS = 60
LAST_PAGE = 2
DOTTED = ("booking_reference", "user.email", "course_schedule.course.name")
#: Its few rows are read whole, or in an order until enough are found; only without both do plans
#: tell which index could serve at a million.
NO_WALKS = text(
    "SELECT set_config(name, 'off', true) FROM pg_settings"
    " WHERE name IN ('enable_seqscan', 'enable_indexscan', 'enable_indexonlyscan')"
)


class StockBookingView(ModelView):  # type: ignore[misc] # Flask-Admin ships no types
    """A booking's screen as one writes it from the manual."""

    column_list = DOTTED
    column_searchable_list = DOTTED


class TunedBookingView(StockBookingView):
    """The same with the cure that everybody finds first."""

    def get_query(self) -> Any:
        """Load what the columns show with the rows."""
        schedule = joinedload(Booking.course_schedule).joinedload(CourseSchedule.course)
        return super().get_query().options(joinedload(Booking.user), schedule)


@dataclass(frozen=True)
class Sent:
    """A statement with its values, as the database got it."""

    statement: str
    values: Any

    def plan(self, connection: Connection, options: str) -> Any:
        """Return the database's plan of the statement, as JSON."""
        explained = f"EXPLAIN ({options}, FORMAT JSON) {self.statement}"
        return json.loads(json.dumps(connection.exec_driver_sql(explained, self.values).scalar()))


@contextmanager
def listening(to: Engine | Connection) -> Iterator[list[Sent]]:
    """Collect what is asked of the database meanwhile."""
    sent: list[Sent] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "SAVEPOINT" not in statement:
            sent.append(Sent(statement, values))

    event.listen(to, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(to, "before_cursor_execute", note)


def book() -> None:
    """Store so many bookings, each by somebody else, for a course of its own."""
    for _ in range(BOOKINGS):
        factories.BookingFactory(attendees=False)
    db.session.commit()


@pytest.fixture
def stock(committed_app: Flask) -> Iterator[FlaskClient]:
    """A browser of stock Flask-Admin on the application's own tables."""
    app = Flask("stock")
    app.config.update(
        SECRET_KEY="stock",
        SQLALCHEMY_DATABASE_URI=committed_app.config["SQLALCHEMY_DATABASE_URI"],
    )
    db.init_app(app)
    admin = Admin(app, name="stock", theme=Bootstrap4Theme())
    admin.add_view(StockBookingView(Booking, db, endpoint="plain"))
    admin.add_view(TunedBookingView(Booking, db, endpoint="tuned"))
    with app.app_context():
        book()
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def asked_of_stock(stock: FlaskClient) -> Callable[[str], list[Sent]]:
    """Open a page of the stock admin and return what it sent."""

    def ask(path: str) -> list[Sent]:
        with stock.application.app_context(), listening(db.engine) as sent:
            assert stock.get(path).status_code == 200
        return sent

    return ask


@pytest.fixture
def asked_of_ours(office: Office, session: Session) -> Callable[[str], list[Sent]]:
    """Open a page of ours and return what it sent."""
    book()

    def ask(path: str) -> list[Sent]:
        session.expire_all()
        with listening(session.connection()) as sent:
            assert office.get(path).status_code == 200
        return sent

    return ask


Asked = Callable[[str], list[Sent]]


def nodes_of(plan: Any) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes, the outermost first."""
    for part in plan if isinstance(plan, list) else [plan]:
        node = part.get("Plan", part)
        yield node
        for inner in node.get("Plans", ()):
            yield from nodes_of(inner)


def most_joined(plan: Any) -> float:
    """Return how many rows a plan's largest join has made."""
    joins = [node for node in nodes_of(plan) if node["Node Type"] in JOINS]
    return max((node["Actual Rows"] * node["Actual Loops"] for node in joins), default=0)


JOINS = frozenset({"Nested Loop", "Hash Join", "Merge Join"})


class TestTrap9DottedColumns:
    def test_cost_a_query_a_row_and_more_in_stock(self, asked_of_stock: Asked) -> None:
        assert len(asked_of_stock("/admin/plain/?page_size=20")) > 40

    def test_cost_the_same_few_whatever_the_rows_in_ours(self, asked_of_ours: Asked) -> None:
        few = asked_of_ours("/admin/bookings/?page_size=20")
        many = asked_of_ours("/admin/bookings/?page_size=100")

        assert len(few) == len(many) <= 7

    def test_cured_by_joins_read_all_that_a_deep_page_skips(
        self, stock: FlaskClient, asked_of_stock: Asked
    ) -> None:
        (page,) = [
            sent
            for sent in asked_of_stock(f"/admin/tuned/?page={LAST_PAGE}")
            if "OFFSET" in sent.statement
        ]

        with stock.application.app_context(), db.engine.connect() as connection:
            assert most_joined(page.plan(connection, "ANALYZE")) >= BOOKINGS

    def test_skip_by_ids_alone_in_ours(self, asked_of_ours: Asked, session: Session) -> None:
        sent = asked_of_ours(f"/admin/bookings/?page={LAST_PAGE}")
        pages = [one for one in sent if one.statement.startswith("WITH chosen")]
        skipping = [one.statement.partition("LIMIT")[0] for one in pages]

        assert skipping
        assert [one for one in skipping if "JOIN" in one] == []
        assert all(
            most_joined(one.plan(session.connection(), "ANALYZE")) <= BOOKINGS / 3 + 1
            for one in pages
        )


class TestTrap10Counts:
    def test_are_of_the_whole_table_and_of_a_bound_star_in_stock(
        self, asked_of_stock: Asked
    ) -> None:
        counts = [sent for sent in asked_of_stock("/admin/plain/") if "count(" in sent.statement]

        assert len(counts) == 1
        assert "*" in dict(counts[0].values).values()
        assert "LIMIT" not in counts[0].statement

    @pytest.mark.parametrize("query", ["", "?search=Example", "?flt_status_is=confirmed"])
    def test_stop_at_a_cap_or_are_estimated_in_ours(self, asked_of_ours: Asked, query: str) -> None:
        sent = asked_of_ours(f"/admin/bookings/{query}")
        counts = [
            one
            for one in sent
            if "count(" in one.statement.lower() and "FROM bookings" in one.statement
        ]

        assert all("LIMIT" in one.statement for one in counts)
        assert "*" not in [value for one in counts for value in dict(one.values).values()]


class TestTrap11Search:
    def test_over_joins_is_served_by_no_index_in_stock(
        self, stock: FlaskClient, asked_of_stock: Asked
    ) -> None:
        searches = [
            sent
            for sent in asked_of_stock("/admin/plain/?search=person-1%25")
            if "ILIKE" in sent.statement.upper()
        ]
        assert searches

        with stock.application.app_context(), db.engine.begin() as connection:
            connection.execute(NO_WALKS)
            for search in searches:
                assert "trgm" not in json.dumps(search.plan(connection, "VERBOSE"))

    def test_is_served_by_each_tables_own_index_in_ours(
        self, asked_of_ours: Asked, session: Session
    ) -> None:
        searches = [
            sent
            for sent in asked_of_ours("/admin/bookings/?search=Example")
            if "ILIKE" in sent.statement.upper()
        ]
        assert searches

        session.execute(NO_WALKS)
        for search in searches:
            nodes = list(nodes_of(search.plan(session.connection(), "VERBOSE")))
            indexes = [node.get("Index Name", "") for node in nodes]
            whole = [node for node in nodes if node["Node Type"] == "Seq Scan"]

            assert [name for name in indexes if "trgm" in name or "search" in name]
            assert [node["Relation Name"] for node in whole if "Filter" in node] == []

    def test_takes_wildcards_as_texts_in_ours(
        self, stock: FlaskClient, office: Office, asked_of_ours: Asked
    ) -> None:
        assert "RFT-TEST" in stock.get("/admin/plain/?search=RFT%25TEST").text
        assert "RFT-TEST" not in office.get("/admin/bookings/?search=RFT%25TEST").text
        assert "RFT-TEST" in office.get("/admin/bookings/?search=RFT-TEST").text
