"""What the customer does without an account: links, names, reminders, letters."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings import letters
from rft_admin.bookings import service as bookings
from rft_admin.bookings.links import NoSuchBooking
from rft_admin.bookings.models import Booking
from rft_admin.bookings.names import NamesClosed
from rft_admin.bookings.orders import AttendeeDetails, EmailInvalid
from rft_admin.bookings.rules import TooManyAttendees
from rft_admin.bookings.states import CannotChange
from rft_admin.core.actor import Actor
from rft_admin.core.errors import DomainError
from rft_admin.core.settings import Setting, ValueType
from rft_admin.core.tokens import sign_row
from rft_admin.messaging import personal_links
from rft_admin.messaging.models import EmailLog
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE, VISITOR

pytestmark = pytest.mark.usefixtures("session")


def token_of(booking: Booking) -> str:
    return bookings.link_for(booking).partition("?t=")[2]


def letters_of(session: Session, template: str) -> list[EmailLog]:
    return list(
        session.scalars(select(EmailLog).filter_by(template_name=template).order_by(EmailLog.id))
    )


class TestLinks:
    """A link opens one booking, until it is revoked."""

    def test_refuses_forged_foreign_and_revoked_links(self) -> None:
        mine, other = (offers.booked(offers.schedule().id) for _ in range(2))
        old = token_of(mine)
        bookings.revoke_links(mine, by=OFFICE)
        attendee_link = sign_row(letters.ATTENDEE_LINK, mine.id, version=1)

        for token in ("", "forged", old, token_of(other), attendee_link):
            assert bookings.find_by_link(mine.booking_reference, token, now=NOW) is None
        assert bookings.find_by_link("RFT-NOTHING", token_of(mine), now=NOW) is None

    def test_opens_its_own_booking(self) -> None:
        booking = offers.booked(offers.schedule().id)

        found = bookings.find_by_link(booking.booking_reference.lower(), token_of(booking), now=NOW)

        assert found is booking
        assert bookings.get_by_reference(booking.booking_reference) is booking

    def test_an_unknown_reference_is_not_found(self) -> None:
        with pytest.raises(NoSuchBooking):
            bookings.get_by_reference("RFT-NOTHING")

    def test_an_attendee_has_a_link_of_his_own(self) -> None:
        booking = offers.booked(offers.schedule().id)
        attendee = booking.attendees[0]
        token = sign_row(letters.ATTENDEE_LINK, attendee.id, version=booking.links_version)

        assert bookings.find_attendee_by_link(attendee.id, token) is attendee
        assert bookings.find_attendee_by_link(attendee.id + 1, token) is None
        assert bookings.find_attendee_by_link(attendee.id, token_of(booking)) is None
        attendee.cancelled_at = NOW
        assert bookings.find_attendee_by_link(attendee.id, token) is None

    def test_the_letters_link_is_the_one_that_opens(self, session: Session) -> None:
        booking = offers.booked(offers.schedule().id)
        letter = letters_of(session, "booking_received")[0]

        sent = personal_links.make(letter.personal_link)

        assert personal_links.PLACEHOLDER in letter.body_text
        assert token_of(booking) not in letter.body_text + letter.body_html
        address, _, token = sent.partition("?t=")
        assert address.endswith(f"/bookings/{booking.booking_reference}")
        assert bookings.find_by_link(booking.booking_reference, token, now=NOW) is booking


class TestSendLinks:
    """A forgotten link goes to the booking's own address, and nobody else learns anything."""

    def test_asks_for_an_address_or_a_reference(self) -> None:
        with pytest.raises(DomainError):
            bookings.send_links(now=NOW, by=VISITOR)

    def test_is_silent_about_what_it_does_not_know(self, session: Session) -> None:
        bookings.send_links(email="nobody@example.com", now=NOW, by=VISITOR)
        bookings.send_links(reference="RFT-NOTHING", now=NOW, by=VISITOR)

        assert letters_of(session, "booking_link") == []

    def test_sends_the_live_bookings_of_the_address(self, session: Session) -> None:
        email = "same@example.com"
        live = offers.confirmed(offers.schedule().id, email=email)
        gone = offers.confirmed(offers.schedule().id, email=email)
        bookings.cancel(gone, reason="", now=NOW, by=OFFICE)
        offers.confirmed(offers.schedule().id)

        bookings.send_links(email=" SAME@example.com", now=NOW, by=VISITOR)

        assert [letter.booking_id for letter in letters_of(session, "booking_link")] == [live.id]

    def test_a_reference_is_sent_to_the_bookings_address(self, session: Session) -> None:
        booking = offers.confirmed(offers.schedule().id)

        bookings.send_links(reference=booking.booking_reference, now=NOW, by=VISITOR)

        assert letters_of(session, "booking_link")[0].recipient_email == booking.user.email


class TestChangeNames:
    """Substituting a person is free any time before the start."""

    def test_refuses_after_the_start_to_the_customer_only(self) -> None:
        admin = offers.admin()
        booking = offers.confirmed(offers.schedule().id)
        later = booking.course_schedule.start_datetime
        people = [AttendeeDetails(first_name="Sam", last_name="Simple")]

        with pytest.raises(NamesClosed):
            bookings.change_names(booking, people, now=later, by=VISITOR)

        office = Actor(user_id=admin.id, label="office")
        bookings.change_names(booking, people, now=later, by=office)
        assert booking.attendees[0].last_name == "Simple"

    def test_refuses_for_a_cancelled_booking(self) -> None:
        booking = offers.booked(offers.schedule().id)
        bookings.cancel(booking, reason="", now=NOW, by=OFFICE)

        with pytest.raises(NamesClosed):
            bookings.change_names(booking, [], now=NOW, by=VISITOR)

    def test_refuses_more_people_than_places(self) -> None:
        booking = offers.booked(offers.schedule().id)

        with pytest.raises(TooManyAttendees):
            bookings.change_names(booking, [AttendeeDetails()] * 2, now=NOW, by=VISITOR)

    def test_refuses_an_address_that_is_none(self) -> None:
        booking = offers.booked(offers.schedule().id)

        with pytest.raises(EmailInvalid) as refusal:
            bookings.change_names(booking, [AttendeeDetails(email="nobody")], now=NOW, by=VISITOR)

        assert refusal.value.field == "attendees-0-email"

    def test_a_corrected_name_stays_the_same_person(self) -> None:
        booking = offers.booked(offers.schedule().id)
        booker = booking.attendees[0]

        bookings.change_names(
            booking,
            [AttendeeDetails(first_name="Sam", last_name="Samples", email=booker.email or "")],
            now=NOW,
            by=VISITOR,
        )

        assert (booker.full_name, booker.user_id) == ("Sam Samples", booking.user_id)

    def test_names_a_place_that_had_none_and_asks_for_needs(self, session: Session) -> None:
        booking = offers.confirmed(offers.schedule().id, number_of_places=2)

        bookings.change_names(
            booking,
            [
                AttendeeDetails(first_name="Sam", last_name="Sample"),
                AttendeeDetails(first_name="Jo", email="jo@example.com", may_have_needs=True),
            ],
            now=NOW,
            by=VISITOR,
        )

        assert str(booking.attendees[1]) == "Jo"
        assert letters_of(session, "attendee_details")[0].recipient_email == "jo@example.com"


class TestReminders:
    """Two days before the course, once."""

    def test_are_refused_for_what_is_not_confirmed_or_has_begun(self) -> None:
        pending = offers.booked(offers.schedule().id)
        booking = offers.confirmed(offers.schedule().id)

        with pytest.raises(CannotChange):
            bookings.send_reminder(pending, now=NOW, by=OFFICE)
        with pytest.raises(CannotChange):
            bookings.send_reminder(booking, now=booking.course_schedule.start_datetime, by=OFFICE)

    def test_are_due_for_confirmed_bookings_two_days_ahead(self) -> None:
        far = offers.confirmed(offers.schedule().id)
        near = offers.confirmed(offers.schedule(days_ahead=20).id)
        offers.booked(near.course_schedule_id)
        two_days_before = near.course_schedule.start_datetime - timedelta(days=2)

        assert bookings.list_due_reminders(now=two_days_before - timedelta(days=1)) == []
        assert bookings.list_due_reminders(now=two_days_before) == [near]
        assert far.reminder_sent is False

    def test_go_out_once(self, session: Session) -> None:
        booking = offers.confirmed(offers.schedule(days_ahead=20).id)
        two_days_before = booking.course_schedule.start_datetime - timedelta(days=2)

        bookings.send_reminder(booking, now=two_days_before, by=OFFICE)

        assert bookings.list_due_reminders(now=two_days_before) == []
        assert "photo ID" in letters_of(session, "reminder")[0].body_text

    def test_are_switched_off_by_the_setting(self, session: Session) -> None:
        booking = offers.confirmed(offers.schedule(days_ahead=20).id)
        session.add(
            Setting(
                key="email.send_booking_reminders",
                value="false",
                value_type=ValueType.BOOLEAN,
                category="email",
                display_name="",
                description="",
                default_value="true",
            )
        )
        session.flush()

        start = booking.course_schedule.start_datetime
        assert bookings.list_due_reminders(now=start - timedelta(days=2)) == []


class TestLetters:
    """What the letters say."""

    def test_the_confirmation_is_the_durable_copy(self, session: Session) -> None:
        offers.confirmed(offers.schedule(joining_notes="Ring the bell <twice>.").id)

        letter = letters_of(session, "booking_confirmed")[0]
        for words in (
            "£75.00",
            "10 minutes early",
            "photo ID",
            "comfortable clothes",
            "31 days or more before the first course day",
            "Ring the bell",
            "Sam Sample",
            "to be confirmed",
            "As a private person you may withdraw until the end of",
            "09:30 to 16:30",
        ):
            assert words in letter.body_text
            assert words in letter.body_html
        assert "<twice>" not in letter.body_html
        assert letter.attachments == [{"kind": "calendar", "booking_id": letter.booking_id}]

    def test_an_invoice_customer_reads_when_to_pay(self, session: Session) -> None:
        date = offers.schedule()
        bookings.place_booking(
            offers.business_order(date.id, purchase_order="PO-7", number_of_places=5),
            now=NOW,
            by=VISITOR,
        )

        letter = letters_of(session, "booking_confirmed")[0]
        assert "PO-7" in letter.body_text
        assert "withdraw" not in letter.body_text
        assert "discount of £37.50" in letter.body_text

    def test_the_other_letters_about_a_booking_name_course_and_day(self, session: Session) -> None:
        venue = offers.venue(parking_info="Behind the house", address_line1="1 Example Street")
        booking = offers.confirmed(
            offers.schedule(venue_id=venue.id).id, early_start_requested=True
        )
        letters.booking_transferred(booking, old_date=NOW, now=NOW)
        letters.schedule_cancelled(booking, reason="The trainer is ill.", now=NOW)
        assert bookings.tell_venue(booking.course_schedule, now=NOW, by=OFFICE) == 1

        for template, words in {
            "booking_transferred": "Your booking has moved",
            "schedule_cancelled": "The trainer is ill.",
            "venue_details": "Behind the house",
        }.items():
            letter = letters_of(session, template)[0]
            for body, text in itertools.product(
                (letter.body_text, letter.body_html),
                (words, booking.course_schedule.course.name, "1 Example Street, Leeds"),
            ):
                assert text in body
