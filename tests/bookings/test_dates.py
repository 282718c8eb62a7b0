"""A date moves after people have booked: they hear of it, and nobody else does."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from rft_admin.bookings import pricing
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking
from rft_admin.bookings.places import availability_of, lock_booking
from rft_admin.bookings.references import new_reference
from rft_admin.catalogue import schedules
from rft_admin.core.errors import ChangedMeanwhile, NotFound
from rft_admin.messaging.models import EmailLog
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE

pytestmark = pytest.mark.usefixtures("session")


def told(session: Session) -> list[int | None]:
    letters = select(EmailLog.booking_id).filter_by(template_name="venue_details")
    return list(session.scalars(letters.order_by(EmailLog.id)))


class TestChangeSchedule:
    """The office saves a date."""

    def test_refuses_as_the_catalogue_does(self) -> None:
        date = offers.schedule()
        offers.booked(date.id, number_of_places=2)

        with pytest.raises(schedules.CapacityBelowTaken):
            bookings.change_schedule(date, values={"max_capacity": 1}, now=NOW, by=OFFICE)

    def test_tells_the_confirmed_of_a_new_venue_once(self, session: Session) -> None:
        date = offers.schedule()
        confirmed = offers.confirmed(date.id)
        offers.booked(date.id)
        offers.confirmed(offers.schedule().id)
        values = {"venue_id": offers.venue().id}

        bookings.change_schedule(date, values=values, now=NOW, by=OFFICE)
        bookings.change_schedule(date, values=values | {"min_places": 4}, now=NOW, by=OFFICE)

        assert told(session) == [confirmed.id]

    def test_tells_the_confirmed_of_new_times_and_keeps_the_earlier_start(
        self, session: Session
    ) -> None:
        date = offers.schedule()
        first = date.start_datetime
        confirmed, pending = offers.confirmed(date.id), offers.booked(date.id)
        confirmed.reminder_sent = True
        other = offers.confirmed(offers.schedule().id)
        later = schedules.list_shifted(date, first + timedelta(days=1))
        earlier = schedules.list_shifted(date, first - timedelta(days=1))

        for days in (later, later, earlier):
            bookings.change_schedule(
                date,
                values={"venue_id": offers.venue(allows_concurrent=True).id},
                days=days,
                now=NOW,
                by=OFFICE,
            )

        sent = select(EmailLog.booking_id).filter_by(template_name="booking_transferred")
        assert session.scalars(sent).all() == [confirmed.id, confirmed.id]
        assert told(session) == [confirmed.id]
        assert confirmed.booked_start == pending.booked_start == first - timedelta(days=1)
        assert not confirmed.reminder_sent
        assert other.booked_start == first

    def test_tells_nobody_of_a_date_that_has_begun(self, session: Session) -> None:
        date = offers.schedule()
        offers.confirmed(date.id)

        bookings.change_schedule(
            date, values={"venue_id": offers.venue().id}, now=date.start_datetime, by=OFFICE
        )

        assert told(session) == []


def test_an_address_that_becomes_known_is_told_for_every_date_there(session: Session) -> None:
    venue = offers.venue()
    here = offers.confirmed(offers.schedule(venue_id=venue.id).id)
    offers.confirmed(offers.schedule(venue_id=venue.id, days_ahead=61, site_address="Theirs").id)
    offers.confirmed(offers.schedule().id)
    venue.address_line1 = "1 Example Street"

    assert bookings.tell_address(venue, now=NOW, by=OFFICE) == 1
    assert told(session) == [here.id]


def test_a_booking_moved_meanwhile_is_not_locked_with_the_wrong_date(session: Session) -> None:
    booking, other = offers.booked(offers.schedule().id), offers.schedule()
    elsewhere = update(Booking).where(Booking.id == booking.id)
    session.execute(
        elsewhere.values(course_schedule_id=other.id),
        execution_options={"synchronize_session": False},
    )

    with pytest.raises(ChangedMeanwhile):
        lock_booking(booking)


def test_an_unknown_date_has_no_places() -> None:
    with pytest.raises(NotFound):
        availability_of(999_999)


def test_a_reference_that_is_taken_is_not_given_again() -> None:
    made = iter(["RFT-A", "RFT-B", "RFT-C"])

    reference = new_reference(
        "RFT", is_taken={"RFT-A", "RFT-B"}.__contains__, make=lambda _: next(made)
    )

    assert reference == "RFT-C"


def test_a_quote_without_a_code_is_the_plain_price(session: Session) -> None:
    date = offers.schedule()

    assert pricing.quote(schedule=date, number_of_places=1, now=NOW).total == date.course.price
    assert session.scalar(text("SELECT count(*) FROM discount_codes")) == 0
