"""Single places are given up: each at its own price as sold, the others stay as they are."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings import giving_up, requirements
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, ConsentBy, SpecialRequirement
from rft_admin.core.database import db
from rft_admin.messaging.models import EmailLog
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE

pytestmark = pytest.mark.usefixtures("session")


@pytest.fixture
def group() -> Booking:
    """Five confirmed places, £75 each less the group's 10 %."""
    return offers.confirmed(offers.schedule().id, number_of_places=5)


def give_up(booking: Booking, *attendee_ids: int) -> Booking:
    return bookings.cancel_places(booking, attendee_ids, now=NOW, by=OFFICE)


class TestRefusals:
    def test_refuses_no_place_a_foreign_one_and_one_given_up_before(self, group: Booking) -> None:
        other = offers.confirmed(offers.schedule().id)
        gone = group.attendees[4].id
        give_up(group, gone)

        for ids in ([], [other.attendees[0].id], [gone], [group.attendees[0].id, gone]):
            with pytest.raises(giving_up.PlacesUnknown):
                give_up(group, *ids)

    def test_refuses_all_of_them(self, group: Booking) -> None:
        with pytest.raises(giving_up.AllPlaces):
            give_up(group, *[place.id for place in group.attendees])

    def test_refuses_once_the_course_has_begun_or_the_booking_is_cancelled(
        self, group: Booking
    ) -> None:
        begun = group.course_schedule.start_datetime + timedelta(minutes=1)
        with pytest.raises(giving_up.CannotGiveUp):
            bookings.cancel_places(group, [group.attendees[0].id], now=begun, by=OFFICE)

        bookings.cancel(group, reason="", now=NOW, by=OFFICE)
        with pytest.raises(giving_up.CannotGiveUp):
            give_up(group, group.attendees[0].id)


class TestGiveUp:
    def test_frees_the_places_and_keeps_the_group_discount_of_the_others(
        self, group: Booking
    ) -> None:
        give_up(group, group.attendees[0].id, group.attendees[1].id)

        assert (group.number_of_places, group.payment_amount) == (3, Decimal("202.50"))
        assert group.discount_applied == Decimal("22.50")
        assert [place.is_cancelled for place in group.attendees] == [True] * 2 + [False] * 3
        db.session.refresh(group.course_schedule)
        assert group.course_schedule.current_capacity == 3

    def test_forgets_what_that_person_needs_and_nobody_elses(
        self, group: Booking, session: Session
    ) -> None:
        for place in group.attendees[:2]:
            requirements.add(
                group,
                requirement_type="dietary",
                details="No nuts",
                consent_by=ConsentBy.OFFICE,
                attendee=place,
                now=NOW,
                by=OFFICE,
            )

        give_up(group, group.attendees[0].id)

        kept = session.scalars(select(SpecialRequirement.attendee_id)).all()
        assert kept == [group.attendees[1].id]

    def test_sends_the_confirmation_as_the_booking_now_is(
        self, group: Booking, session: Session
    ) -> None:
        give_up(group, group.attendees[4].id)

        sent = session.scalars(
            select(EmailLog).filter_by(template_name="booking_confirmed").order_by(EmailLog.id)
        ).all()
        assert [letter.resend_of_id for letter in sent] == [None, sent[0].id]
        assert "Places: 4" in sent[1].body_text
        assert "Price: £270.00" in sent[1].body_text

    def test_sends_nothing_of_a_booking_that_is_not_confirmed(self, session: Session) -> None:
        pending = offers.booked(offers.schedule().id, number_of_places=2)

        give_up(pending, pending.attendees[1].id)

        names = session.scalars(select(EmailLog.template_name)).all()
        assert names == ["booking_received"]
