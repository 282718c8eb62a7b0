"""Buyers at the same moment, on real connections that commit: never more than there is."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from rft_admin.bookings import inquiries
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, BookingAttendee, BookingStatus
from rft_admin.bookings.places import SoldOut, availability_of
from rft_admin.catalogue.models import DiscountCode, DiscountType
from rft_admin.core.actor import SYSTEM
from rft_admin.core.database import db, transact, unit_of_work
from rft_admin.core.errors import DomainError
from tests.bookings import offers
from tests.bookings.offers import NOW, VISITOR, BookingOrder

BUYERS = 8
PLACES = 3


def stored_schedule(app: Flask, **values: object) -> int:
    with app.app_context(), unit_of_work():
        return offers.schedule(**values).id


def at_once(app: Flask, tasks: list[Callable[[], str]]) -> list[str]:
    """Run the tasks on threads of their own, each with a session of its own."""
    together = threading.Barrier(len(tasks))

    def run(task: Callable[[], str]) -> str:
        with app.app_context():
            together.wait(timeout=30)
            return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def buy(order: BookingOrder) -> Callable[[], str]:
    def task() -> str:
        try:
            return transact(
                lambda: bookings.place_booking(order, now=NOW, by=VISITOR).booking_reference,
                by=VISITOR,
            )
        except DomainError as refusal:
            return type(refusal).__name__

    return task


def places_in_rows(schedule_id: int) -> int:
    """Count rows, past every counter."""
    query = (
        select(func.count())
        .select_from(BookingAttendee)
        .join(Booking)
        .where(Booking.course_schedule_id == schedule_id, Booking.status != BookingStatus.CANCELLED)
    )
    return db.session.scalars(query).one()


def test_without_lock_and_trigger_the_places_are_oversold(committed_app: Flask) -> None:
    schedule_id = stored_schedule(committed_app, max_capacity=PLACES)
    all_have_looked = threading.Barrier(BUYERS)

    def careless() -> str:
        with unit_of_work():
            db.session.execute(text("SET LOCAL session_replication_role = replica"))
            free = availability_of(schedule_id).free
            all_have_looked.wait(timeout=30)
            if not free:
                return "SoldOut"
            db.session.execute(
                text("""
                    INSERT INTO bookings (user_id, course_schedule_id, booking_reference,
                        payment_amount, price_per_place, booked_start)
                    VALUES (1, :schedule, gen_random_uuid()::text, 75, 75, now())
                """),
                {"schedule": schedule_id},
            )
            return "sold"

    outcome = Counter(at_once(committed_app, [careless] * BUYERS))

    with committed_app.app_context():
        assert availability_of(schedule_id).taken == BUYERS > PLACES
    assert outcome == {"sold": BUYERS}


def test_two_buyers_of_the_last_place_make_one_winner(committed_app: Flask) -> None:
    schedule_id = stored_schedule(committed_app, max_capacity=1)

    outcome = at_once(committed_app, [buy(offers.order(schedule_id)) for _ in range(2)])

    assert outcome.count(SoldOut.__name__) == 1
    with committed_app.app_context():
        assert places_in_rows(schedule_id) == 1


def test_eight_buyers_of_three_places_make_three_winners(committed_app: Flask) -> None:
    schedule_id = stored_schedule(committed_app, max_capacity=PLACES)

    outcome = at_once(committed_app, [buy(offers.order(schedule_id)) for _ in range(BUYERS)])

    assert outcome.count(SoldOut.__name__) == BUYERS - PLACES
    with committed_app.app_context():
        assert places_in_rows(schedule_id) == PLACES
        assert availability_of(schedule_id).is_full


def test_one_form_sent_eight_times_makes_one_booking(committed_app: Flask) -> None:
    schedule_id = stored_schedule(committed_app)
    order = offers.order(schedule_id, idempotency_key="one form")

    outcome = at_once(committed_app, [buy(order)] * BUYERS)

    assert len(set(outcome)) == 1
    with committed_app.app_context():
        assert places_in_rows(schedule_id) == 1


def test_one_form_edited_eight_ways_holds_the_places_of_one(committed_app: Flask) -> None:
    first, second = stored_schedule(committed_app), stored_schedule(committed_app)
    order = offers.order(first, idempotency_key="one form")
    edits = [
        replace(order, schedule_id=(first, second)[number % 2], number_of_places=1 + number)
        for number in range(BUYERS)
    ]

    outcome = at_once(committed_app, [buy(edit) for edit in edits])

    assert SoldOut.__name__ not in outcome
    with committed_app.app_context():
        live = db.session.scalars(
            select(Booking).where(Booking.status == BookingStatus.PENDING)
        ).one()
        taken = availability_of(first).taken + availability_of(second).taken
        assert taken == live.number_of_places


def test_a_form_edited_while_its_booking_is_confirmed_shows_the_booking(
    committed_app: Flask,
) -> None:
    schedule_id = stored_schedule(committed_app)
    order = offers.order(schedule_id, idempotency_key="one form")
    (reference,) = at_once(committed_app, [buy(order)])

    with committed_app.app_context(), ThreadPoolExecutor(1) as pool:
        with unit_of_work():
            bookings.confirm(bookings.get_by_reference(reference), now=NOW, by=SYSTEM)
            edited = pool.submit(at_once, committed_app, [buy(replace(order, number_of_places=5))])
            _wait_until_somebody_waits()
        assert edited.result(timeout=30) == [reference]
        assert places_in_rows(schedule_id) == 1


def test_the_last_use_of_a_code_goes_to_one(committed_app: Flask) -> None:
    dates = [stored_schedule(committed_app) for _ in range(2)]
    with committed_app.app_context(), unit_of_work(by=SYSTEM):
        db.session.add(
            DiscountCode(
                code="ONCE", discount_type=DiscountType.FIXED, discount_value=5, usage_limit=1
            )
        )
    orders = [offers.order(dates[number % 2], discount_code="ONCE") for number in range(BUYERS)]

    outcome = at_once(committed_app, [buy(order) for order in orders])

    assert outcome.count("DiscountCodeUsedUp") == BUYERS - 1


@pytest.mark.parametrize("same_address", [True, False])
def test_inquiries_at_once_hold_at_most_half(committed_app: Flask, same_address: bool) -> None:
    schedule_id = stored_schedule(committed_app, max_capacity=6)

    def ask() -> str:
        order = offers.inquiry(schedule_id)
        if same_address:
            order = replace(order, email="one@example.com")
        inquiry = transact(lambda: inquiries.place_inquiry(order, now=NOW, by=VISITOR), by=VISITOR)
        return "held" if inquiry.hold_expires_at else "stored"

    outcome = Counter(at_once(committed_app, [ask] * BUYERS))

    assert outcome["held"] == (1 if same_address else 3)
    assert outcome.total() == BUYERS


def _wait_until_somebody_waits() -> None:
    """Return once another connection waits for a lock that this one holds."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(2_000):
        with db.engine.connect() as apart:
            if apart.scalar(waiting):
                return
    raise AssertionError("Nobody waits for the lock.")
