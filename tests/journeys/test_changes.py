"""Stories of what changes after the first letter: another date, a course of one's own."""

from datetime import timedelta

from rft_admin.bookings.models import Booking
from rft_admin.catalogue.models import Course
from rft_admin.core import clock
from rft_admin.core.database import db
from tests.journeys.conftest import House, link_in, open_date, text_of
from tests.journeys.test_booking import EMAIL, book, pay
from tests.journeys.test_office import act, office
from tests.journeys.visitor import Visitor

__all__ = ["office"]


class TestAnotherDate:
    def test_is_chosen_on_the_bookings_page_free_of_charge(self, house: House) -> None:
        first = open_date(house.app, days_ahead=40)
        second = open_date(house.app, days_ahead=70)
        visitor, payment = book(house, first)
        pay(house, payment.path)
        mine = visitor.open(link_in(house.letter_to(EMAIL, "confirmed"), "/bookings/"))

        choices = visitor.open(mine.link("Choose another date"))
        moved = visitor.submit(choices, choices.form("schedule_id"), schedule_id=second)
        house.run_jobs()

        assert "Your booking has moved to" in moved.text
        letter = house.letter_to(EMAIL, "Your new date")
        assert [part.get_content_type() for part in letter.iter_attachments()] == ["text/calendar"]
        with house.app.app_context():
            assert db.session.query(Booking).one().course_schedule_id == second
        assert house.stripe.ledger()["refunds"] == 0


class TestPrivateCourse:
    def test_is_asked_for_quoted_accepted_by_the_link_and_paid(
        self, house: House, office: Visitor
    ) -> None:
        visitor = house.visitor()
        page = visitor.open("/inquire")
        visitor.submit(
            page,
            page.form("questions"),
            first_name="Jo",
            last_name="Asking",
            email="jo@example.com",
            number_of_people=8,
            questions="Can you come to us?",
        )
        day = clock.london_date(clock.now()) + timedelta(days=60)
        with house.app.app_context():
            course_id = db.session.query(Course).filter_by(course_type="EFAW").one().id

        act(
            office,
            "booking_inquiries",
            "quote",
            1,
            course_id=course_id,
            starts_at=f"{day}T09:30",
            ends_at=f"{day}T16:30",
            total="600",
            quoted_until=day - timedelta(days=30),
            site_address="1 Example Street, Leeds",
        )
        house.run_jobs()
        quote = visitor.open(link_in(house.letter_to("jo@example.com", "quote"), "/quotes/"))
        assert "£600.00" in quote.text
        payment = visitor.submit(
            quote, quote.form("accept_terms"), payment_method="card", accept_terms="y"
        )
        pay(house, payment.path)

        letter = house.letter_to("jo@example.com", "confirmed")
        assert "1 Example Street, Leeds" in text_of(letter)
        assert house.stripe.ledger()["charges"] == 60000
        with house.app.app_context():
            booking = db.session.query(Booking).one()
            assert (booking.number_of_places, str(booking.payment_amount)) == (8, "600.00")
