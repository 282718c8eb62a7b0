"""The floor: the SQL of our own page by psycopg, its rows in a bare table of Jinja's.

What an address asks the database is recorded from our application the first time the address is
asked for; from then on only psycopg and the template below work. So the floor follows our SQL,
whatever becomes of it, and what lies above it is the price of all that our page is more.
"""

import os
import threading
from collections.abc import Iterable
from typing import Any

import psycopg
from jinja2 import Environment
from sqlalchemy import Engine, event
from werkzeug.test import run_wsgi_app

from benchmarks.peers.counting import StartResponse
from rft_admin import create_app

#: The list's columns by their names in the database; a name that several tables have is the
#: first one's.
COLUMNS = (
    "booking_reference",
    "contact_first_name",
    "contact_last_name",
    "name",
    "start_datetime",
    "number_of_places",
    "status",
    "payment_status",
    "payment_amount",
)
PAGE = Environment(autoescape=True).from_string(
    "<!doctype html><title>Bookings</title><table>"
    "{% for row in rows %}<tr>{% for place in places %}<td>{{ row[place] }}</td>{% endfor %}</tr>"
    "{% endfor %}</table>"
)

Statement = tuple[str, Any]


class Floor:
    """A WSGI application that answers an address of ours by its SQL alone."""

    def __init__(self, database_url: str) -> None:
        """Describe it.

        :param database_url: of the database that the statements were recorded on.
        """
        self._url = database_url
        self._ours = create_app(with_commands=False)
        self._recorded: dict[str, list[Statement]] = {}
        self._own = threading.local()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        address = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        if address not in self._recorded:
            self._recorded[address] = self._record(environ)
        body = self._page(self._recorded[address]).encode()
        headers = [("Content-Type", "text/html"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    def _record(self, environ: dict[str, Any]) -> list[Statement]:
        seen: list[Statement] = []

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                seen.append((statement, parameters))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            run_wsgi_app(self._ours, environ)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return seen

    def _page(self, statements: list[Statement]) -> str:
        connection = self._connection()
        rows: list[Any] = []
        places: list[int] = []
        for statement, parameters in statements:
            cursor = connection.execute(statement.encode(), parameters)
            found = cursor.fetchall()
            names = [column.name for column in cursor.description or ()]
            if COLUMNS[0] in names:
                rows, places = found, [names.index(name) for name in COLUMNS if name in names]
        connection.rollback()
        return PAGE.render(rows=rows, places=places)

    def _connection(self) -> psycopg.Connection[Any]:
        if not hasattr(self._own, "connection"):
            self._own.connection = psycopg.connect(self._url)
        connection: psycopg.Connection[Any] = self._own.connection
        return connection


app = Floor(os.environ["DATABASE_URL"])
