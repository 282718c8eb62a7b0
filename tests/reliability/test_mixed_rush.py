"""A busy day on forty places: whatever is asked at once, no date is ever above its capacity."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rft_admin.bookings import inquiries, places, states
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.core.errors import DomainError
from rft_admin.payments import changes
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR
from tests.reliability.figures import Figures, scaled
from tests.reliability.shop import Shop

pytestmark = pytest.mark.reliability

REQUESTS = scaled(1_000)
PLACES_PER_DATE = 20
#: People at once; the application has ten connections, and two look on.
PEOPLE = 8
SEED = 20261122
LARGEST_PARTY = 6
#: What is asked, by how often.
KINDS = {"book": 35, "cancel": 25, "expire": 10, "transfer": 20, "inquire": 10}
#: Counted from the rows, past every function and counter of the database.
FULLEST = """
    SELECT max(
        (SELECT count(*) FROM booking_attendees a JOIN bookings b ON b.id = a.booking_id
          WHERE b.course_schedule_id = s.id AND a.cancelled_at IS NULL
            AND (b.status = 'confirmed'
                 OR b.status = 'pending' AND b.hold_expires_at > clock_timestamp()))
      + (SELECT coalesce(sum(i.number_of_people), 0) FROM booking_inquiries i
          WHERE i.course_session_id = s.id AND i.hold_expires_at > clock_timestamp()
            AND i.status IN ('pending', 'responded')))
    FROM course_schedules s
"""


@dataclass
class Day:
    """What the people of a day share: the dates, the bookings made so far, and how all ended."""

    shop: Shop
    dates: tuple[int, int]
    booked: list[int] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)
    most_taken: list[int] = field(default_factory=list)

    def ask(self, number: int) -> None:
        """Ask for one thing, as its door would."""
        dice = random.Random(SEED + number)
        (kind,) = dice.choices(list(KINDS), list(KINDS.values()))
        act: Callable[[random.Random], None] = getattr(self, kind)
        with self.shop.app.app_context():
            try:
                act(dice)
                self.endings[f"{kind}: done"] += 1
            except DomainError as refusal:
                self.endings[f"{kind}: {type(refusal).__name__}"] += 1
            except DBAPIError as fault:
                self.endings[f"{kind}: fault {getattr(fault.orig, 'sqlstate', None)}"] += 1

    def book(self, dice: random.Random) -> None:
        """Book for a party, and confirm it as its payment would, or leave it held."""
        order = offers.order(
            dice.choice(self.dates), number_of_places=dice.randint(1, LARGEST_PARTY)
        )

        def use_case() -> int:
            booking = bookings.place_booking(order, now=clock.now(), by=VISITOR)
            if dice.random() < 0.5:
                bookings.confirm(booking, now=clock.now(), by=OFFICE)
            return booking.id

        self.booked.append(transact(use_case, by=VISITOR))

    def cancel(self, dice: random.Random) -> None:
        """Cancel one of the bookings."""
        booking_id = self._any(dice)
        transact(
            lambda: states.cancel(self._get(booking_id), reason="ill", now=clock.now(), by=VISITOR)
        )

    def expire(self, dice: random.Random) -> None:
        """Let the time of one hold run out."""
        booking_id = self._any(dice)

        def use_case() -> None:
            # In the order of everybody's locks: the clock, which this stands for, locks nothing.
            places.lock_booking(self._get(booking_id))
            db.session.execute(
                text(
                    "UPDATE bookings SET hold_expires_at = now() - interval '1 second'"
                    " WHERE id = :id AND status = 'pending'"
                ),
                {"id": booking_id},
            )

        transact(use_case)

    def transfer(self, dice: random.Random) -> None:
        """Move one of the bookings to the other date."""
        booking_id = self._any(dice)

        def use_case() -> None:
            booking = self._get(booking_id)
            there = next(date for date in self.dates if date != booking.course_schedule_id)
            changes.transfer(booking=booking, schedule_id=there, now=clock.now(), by=OFFICE)

        transact(use_case, by=OFFICE)

    def inquire(self, dice: random.Random) -> None:
        """Ask about a date, which may hold places."""
        order = offers.inquiry(
            dice.choice(self.dates), number_of_people=dice.randint(1, LARGEST_PARTY)
        )
        transact(lambda: inquiries.place_inquiry(order, now=clock.now(), by=VISITOR))

    def look_on(self, is_over: threading.Event) -> None:
        """Count the places again and again."""
        while not is_over.is_set():
            self.most_taken.append(int(self.shop.scalar(FULLEST)))
            is_over.wait(0.005)

    def _any(self, dice: random.Random) -> int:
        known = list(self.booked)
        if not known:
            raise DomainError
        # Mostly a recent one, which more people want at the same time.
        return dice.choice(known[-PEOPLE:])

    def _get(self, booking_id: int) -> Booking:
        return db.session.get_one(Booking, booking_id)


def test_never_above_capacity_at_any_moment(shop: Shop, figures: Figures) -> None:
    day = Day(shop, _two_dates(shop))
    is_over = threading.Event()

    with ThreadPoolExecutor(1) as sentry:
        watching = sentry.submit(day.look_on, is_over)
        with ThreadPoolExecutor(PEOPLE) as pool:
            list(pool.map(day.ask, range(REQUESTS)))
        is_over.set()
        watching.result()

    assert day.endings.total() == REQUESTS
    faults = {ending: n for ending, n in day.endings.items() if "fault" in ending}
    assert not faults
    assert max(day.most_taken) <= PLACES_PER_DATE
    assert shop.broken_invariants() == []
    done = {kind: day.endings[f"{kind}: done"] for kind in KINDS}
    busy = sum(n for ending, n in day.endings.items() if ending.endswith("Busy"))
    sold_out = sum(n for ending, n in day.endings.items() if ending.endswith("SoldOut"))
    figures(
        f"mixed rush: {REQUESTS} requests of {PEOPLE} people at once on "
        f"{len(day.dates) * PLACES_PER_DATE} places, done {done}, sold out {sold_out}: at most "
        f"{max(day.most_taken)} of {PLACES_PER_DATE} taken in {len(day.most_taken)} looks, "
        f"0 deadlocks seen, {busy} told to try again"
    )


def test_without_trigger_and_lock_the_same_rush_oversells(shop: Shop, figures: Figures) -> None:
    dates = _two_dates(shop)
    together = threading.Barrier(PEOPLE)
    careless = """
        INSERT INTO booking_attendees (booking_id, price)
        SELECT :booking, 75 FROM generate_series(1, :party)
    """

    def book(number: int) -> None:
        party = 1 + number % LARGEST_PARTY
        with shop.app.app_context(), db.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            free = PLACES_PER_DATE - int(connection.execute(text(FULLEST)).scalar_one())
            together.wait(60)
            if free < party:
                return
            booking = connection.execute(
                text(
                    "INSERT INTO bookings (user_id, course_schedule_id, booking_reference, status,"
                    " number_of_places, payment_amount, price_per_place, booked_start)"
                    " VALUES (1, :date, gen_random_uuid()::text, 'confirmed', :party, 75, 75,"
                    " now()) RETURNING id"
                ),
                {"date": dates[0], "party": party},
            ).scalar_one()
            connection.execute(text(careless), {"booking": booking, "party": party})

    with ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(book, range(PEOPLE)))

    taken = int(shop.scalar(FULLEST))
    figures(f"mixed rush, control: without lock and trigger {taken} of {PLACES_PER_DATE} taken")
    assert taken > PLACES_PER_DATE


def _two_dates(shop: Shop) -> tuple[int, int]:
    with shop.app.app_context():

        def create() -> tuple[int, int]:
            course = offers.course()
            first, second = (
                offers.schedule(course=course, days_ahead=days, max_capacity=PLACES_PER_DATE).id
                for days in (60, 70)
            )
            return first, second

        return transact(create)
