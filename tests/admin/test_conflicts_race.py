"""Several people pressing Save at the same moment, each in a transaction of his own."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rft_admin.accounts.models import AdminSession
from rft_admin.bookings.models import Booking
from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.tokens import hash_token, new_token
from tests import factories

PEOPLE = 6


@pytest.fixture
def browsers(committed_app: Flask) -> list[FlaskClient]:
    """Browsers of as many admins, each signed in."""
    found = []
    with committed_app.app_context():
        for _ in range(PEOPLE):
            token = new_token()
            db.session.add(
                AdminSession(
                    user=factories.AdminFactory(),
                    session_token=hash_token(token),
                    expires_at=clock.now() + timedelta(hours=1),
                    last_activity=clock.now(),
                )
            )
            found.append(committed_app.test_client())
            found[-1].set_cookie("rft_session", token)
        db.session.commit()
    return found


@pytest.fixture
def booking_id(committed_app: Flask) -> int:
    """A booking of one place."""
    with committed_app.app_context():
        booking = factories.BookingFactory(number_of_places=1)
        db.session.commit()
        return booking.id


def hidden(page: str, name: str) -> str:
    """Return a hidden field's value."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_of_many_at_once_one_saves_and_the_others_are_asked(
    committed_app: Flask, browsers: list[FlaskClient], booking_id: int
) -> None:
    path = f"/admin/bookings/edit/?id={booking_id}"
    opened = [browser.get(path).text for browser in browsers]
    start = Barrier(PEOPLE)

    def save(number: int) -> int:
        # The name of the attendee stands in a table of its own, with a version of its own.
        form = {
            "csrf_token": hidden(opened[number], "csrf_token"),
            "row_version": hidden(opened[number], "row_version"),
            "contact_first_name": "Pat",
            "attendees": f"Person{number}, Example",
        }
        start.wait()
        return browsers[number].post(path, data=form).status_code

    with ThreadPoolExecutor(PEOPLE) as pool:
        answers = list(pool.map(save, range(PEOPLE)))

    with committed_app.app_context():
        saved = db.session.get_one(Booking, booking_id).attendees[0].first_name
        db.session.remove()
    assert sorted(answers) == [302] + [409] * (PEOPLE - 1)
    assert saved == f"Person{answers.index(302)}"
