"""The office's pages asked as nobody would: never a fault of ours, never a stranger's script."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from rft_admin.accounts.models import User
from tests.admin.conftest import Office
from tests.reliability.addresses import MARKERS, Addresses, Request
from tests.reliability.figures import Figures, scaled

REQUESTS = 10_000
SEED = 20270301
#: An instructor asks as many times of every hundred.
INSTRUCTORS_SHARE = 0.25


@dataclass
class Outcome:
    """What came of all requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    pages: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def note(self, page: str, request: Request, answer: TestResponse | Exception) -> None:
        """Take note of an answer; an exception is what would be a 500."""
        self.pages.add(page)
        if isinstance(answer, Exception):
            self.statuses[500] += 1
            self.faults.append(f"{type(answer).__name__}: {str(answer)[:300]} at {request}")
            return
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            self.faults.append(f"{answer.status_code} at {request}")
        if answer.mimetype == "text/html" and any(mark in answer.text for mark in MARKERS):
            self.faults.append(f"a script in the page of {request}")
        for name, value in answer.headers.items():
            if name.lower() == "location" and not value.startswith("/"):
                self.faults.append(f"sent away to {value[:200]} by {request}")


class TestFuzzedAddresses:
    def test_are_answered_without_a_fault_of_ours(
        self,
        app: Flask,
        session: Session,
        rows: dict[str, int],
        admin: User,
        instructor: User,
        enter: Callable[[User], Office],
        figures: Figures,
    ) -> None:
        logging.disable(logging.CRITICAL)
        made = Addresses(app, rows, SEED)
        outcome = Outcome()
        browsers = {user.id: enter(user) for user in (admin, instructor)}
        count = scaled(REQUESTS)

        for number, (page, request) in enumerate(made.take(count)):
            user = instructor if number % 100 < INSTRUCTORS_SHARE * 100 else admin
            answer = ask(browsers[user.id], request)
            outcome.note(page, request, answer)
            if is_signed_out(answer):
                # An action has ended the session that asked for it.
                session.expire_all()
                user.is_active = True
                browsers[user.id] = enter(user)
        logging.disable(logging.NOTSET)

        figures(
            f"fuzzed addresses: {count:,} over {len(outcome.pages)} pages, "
            f"{sum(n for status, n in outcome.statuses.items() if status >= 500)} times 5xx; "
            + ", ".join(f"{status}: {n}" for status, n in sorted(outcome.statuses.items()))
        )
        assert outcome.faults == []
        assert outcome.pages == made.endpoints
        assert outcome.statuses[200] > count * 0.2
        assert outcome.statuses[404] > count * 0.02


def ask(browser: Office, request: Request) -> TestResponse | Exception:
    """Return the answer, wholly read, or the exception that would have been a 500."""
    try:
        if request.form is None:
            answer = browser.get(request.address)
        else:
            answer = browser.post(request.address, request.form)
        # A file is streamed: half-read it would hold the connection that all tests share.
        answer.get_data()
        return answer
    except Exception as error:
        return error


def is_signed_out(answer: TestResponse | Exception) -> bool:
    """Return whether the answer leads to the sign-in."""
    return not isinstance(answer, Exception) and "/admin/sign-in" in answer.headers.get(
        "Location", ""
    )
