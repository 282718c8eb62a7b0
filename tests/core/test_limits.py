"""Tests of the rate limits: exact, for whoever tries at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.core import limits
from rft_admin.core.database import db, unit_of_work
from rft_admin.core.errors import TooManyTries
from rft_admin.core.limits import Limit, RateLimit

NOW = datetime(2027, 3, 3, 9, 30, tzinfo=UTC)
TWO = Limit(2, 600)


class TestHit:
    def test_is_refused_above_the_limit_until_the_window_ends(self, session: Session) -> None:
        for _ in range(2):
            limits.hit("sign-in", "203.0.113.5", TWO, now=NOW)

        with pytest.raises(TooManyTries) as refused:
            limits.hit("sign-in", "203.0.113.5", TWO, now=NOW + timedelta(seconds=100))

        assert refused.value.retry_after_seconds in {500, 501}

    def test_is_free_again_when_the_window_has_ended(self, session: Session) -> None:
        for _ in range(2):
            limits.hit("sign-in", "203.0.113.5", TWO, now=NOW)

        limits.hit("sign-in", "203.0.113.5", TWO, now=NOW + timedelta(seconds=600))

    def test_counts_names_and_subjects_apart(self, session: Session) -> None:
        for _ in range(2):
            limits.hit("sign-in", "203.0.113.5", TWO, now=NOW)

        limits.hit("sign-in", "203.0.113.6", TWO, now=NOW)
        limits.hit("inquire", "203.0.113.5", TWO, now=NOW)

    def test_is_kept_when_the_unit_of_work_that_follows_fails(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            limits.hit("sign-in", "203.0.113.5", TWO, now=NOW)
            with pytest.raises(ZeroDivisionError), unit_of_work():
                raise ZeroDivisionError

            assert db.session.scalars(select(RateLimit.hits)).all() == [1]

    def test_counts_exactly_under_parallel_hits(self, committed_app: Flask) -> None:
        def attempt(_: int) -> bool:
            with committed_app.app_context():
                try:
                    limits.hit("sign-in", "203.0.113.5", Limit(10, 600), now=NOW)
                except TooManyTries:
                    return False
                return True

        with ThreadPoolExecutor(8) as pool:
            passed = list(pool.map(attempt, range(40)))

        assert passed.count(True) == 10


class TestSweep:
    def test_deletes_windows_that_have_ended(self, session: Session) -> None:
        limits.hit("sign-in", "a", TWO, now=NOW)
        limits.hit("sign-in", "b", TWO, now=NOW + timedelta(seconds=300))

        assert limits.sweep(now=NOW + timedelta(seconds=600)) == 1
        assert session.scalars(select(RateLimit.key)).all() == ["sign-in|b"]
