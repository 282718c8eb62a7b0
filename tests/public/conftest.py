"""Dates in the future, and forms as a browser without JavaScript sends them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock
from rft_admin.core.database import db
from tests.factories import ScheduleFactory

#: Nobody answers there: Stripe is away.
NOWHERE = "http://127.0.0.1:1"

ANSWERS = {
    "first_name": "Dana",
    "last_name": "Example",
    "email": "dana@example.com",
    "phone": "0113 496 0000",
    "customer_type": "individual",
    "payment_method": "card",
    "number_of_places": "1",
    "booker_attends": "y",
    "accept_terms": "y",
}
ON_INVOICE = {
    "customer_type": "business",
    "company_name": "Example Joinery Ltd",
    "payment_method": "invoice",
}


class _Fields(HTMLParser):
    """Collects what a page's hidden fields hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the value of a hidden field."""
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden" and given.get("name"):
            self.values[str(given["name"])] = given.get("value") or ""


def hidden(html: str) -> dict[str, str]:
    """Return the page's hidden fields: the CSRF token and the form's key among them."""
    return _Fields(html).values


def send(client: FlaskClient, address: str, answers: dict[str, str], **kwargs: Any) -> Any:
    """Open a form and send it filled in, as a browser does."""
    return client.post(address, data=hidden(client.get(address).text) | answers, **kwargs)


def at(days: int, hour: int = 9, minute: int = 30) -> datetime:
    """Return a moment so many London days from today."""
    day = clock.london_date(clock.now()) + timedelta(days=days)
    return datetime.combine(day, time(hour, minute), clock.LONDON).astimezone(clock.UTC)


def date_in(days_ahead: int, **values: Any) -> CourseSchedule:
    """Return a published date so many days from today."""
    schedule: CourseSchedule = ScheduleFactory(start_datetime=at(days_ahead), **values)
    return schedule


@pytest.fixture(autouse=True)
def _stripe_away(app: Flask, session: Session) -> Iterator[None]:
    """Let Stripe be away; a test that needs it asks for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(app.config, "RFT", replace(app.config["RFT"], stripe_api_base=NOWHERE))
        yield


@pytest.fixture
def count_queries(session: Session) -> Iterator[Callable[[], int]]:
    """Return how many statements were sent since the fixture was made."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    connection = db.engine
    event.listen(connection, "before_cursor_execute", note)
    yield lambda: len([s for s in sent if "SAVEPOINT" not in s])
    event.remove(connection, "before_cursor_execute", note)
