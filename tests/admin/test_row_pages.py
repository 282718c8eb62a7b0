"""Tests of a row's page: where it stands, what belongs to it, its timeline and its history."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.accounts.models import AdminActivityLog, User
from rft_admin.admin.panels import pointing_columns
from rft_admin.bookings.models import Booking
from rft_admin.core import clock
from rft_admin.delivery.models import AttendanceStatus
from rft_admin.messaging.models import EmailStatus
from tests import factories
from tests.admin.conftest import Office, QueryCounter


def page_of(row: Any, tab: str = "") -> str:
    """Return the address of a row's page."""
    return f"/admin/{row.__tablename__}/details/?id={row.id}" + (f"&tab={tab}" if tab else "")


def text_of(html: str) -> str:
    """Return the words of a page's main part, one space between them."""
    main = html.split("<main", 1)[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


@pytest.fixture
def booking(session: Session) -> Booking:
    """A booking for two, paid but for a part, with noise beside it."""
    factories.RefundFactory()
    booking = factories.BookingFactory(number_of_places=2)
    factories.PaymentFactory(booking=booking, amount=Decimal(100))
    session.commit()
    return booking


class TestHeadline:
    def test_tells_what_a_booking_costs_and_still_owes(
        self, office: Office, booking: Booking
    ) -> None:
        text = text_of(office.get(page_of(booking)).text)

        assert "Total £150.00" in text
        assert "Paid £100.00" in text
        assert "Still to pay £50.00" in text

    def test_counts_held_places_of_a_date_beside_the_taken_ones(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        factories.InquiryFactory(
            course_session_id=booking.course_schedule_id,
            number_of_people=3,
            hold_expires_at=clock.now() + timedelta(hours=1),
        )
        session.commit()

        text = text_of(office.get(page_of(booking.course_schedule)).text)

        assert "2 taken, 3 held, 7 free" in text

    def test_keeps_money_from_an_instructor(
        self, classroom: Office, instructor: User, booking: Booking, session: Session
    ) -> None:
        booking.course_schedule.instructor_id = instructor.id
        session.commit()

        text = text_of(classroom.get(page_of(booking.course_schedule)).text)

        assert "2 taken" in text
        assert "£" not in text

    def test_warns_of_a_trainer_whose_qualification_is_over(
        self, office: Office, session: Session
    ) -> None:
        yesterday = clock.london_date(clock.now()) - timedelta(days=1)
        trainer = factories.TrainerFactory(qualification_expiry=yesterday)
        session.commit()

        assert "The qualification ended on" in text_of(office.get(page_of(trainer)).text)


class TestPanels:
    def test_show_the_first_rows_and_lead_to_all(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        for number in range(12):
            factories.LetterFactory(booking_id=booking.id, subject=f"Letter {number}")
        factories.LetterFactory(subject="Somebody else's")
        session.commit()

        page = office.get(page_of(booking)).text

        assert "The first 5 of 12." in page
        assert f'href="/admin/email_logs/?flt_booking_is={booking.id}">All 12' in page
        assert "Somebody else's" not in page

    def test_cost_no_query_a_row(
        self, office: Office, booking: Booking, session: Session, count_queries: QueryCounter
    ) -> None:
        def add(number: int) -> int:
            for _ in range(number):
                factories.LetterFactory(booking_id=booking.id)
                factories.AttendanceFactory(attendee=factories.AttendeeFactory(booking=booking))
                factories.NoteFactory(booking_id=booking.id)
            session.commit()
            session.expire_all()
            with count_queries() as queries:
                assert office.get(page_of(booking)).status_code == 200
            return len(queries)

        few = add(1)

        assert add(9) <= few

    def test_lead_back_from_whatever_a_foreign_key_points_at(
        self, app: Flask, session: Session
    ) -> None:
        views = app.extensions["rft_admin_views"]
        missing = [
            (view.model.__tablename__, name)
            for table in views
            for view, name in pointing_columns(table)
            if not any(entry.path.text == name for entry in view.all_filters.values())
        ]

        assert missing == []

    def test_name_rows_elsewhere_that_no_panel_shows(
        self, office: Office, session: Session
    ) -> None:
        marked = factories.AttendanceFactory(marked_by=factories.AdminFactory())
        session.commit()

        page = office.get(page_of(marked.marked_by)).text

        assert f"/admin/attendance_records/?flt_marked_by_is={marked.marked_by_id}" in page


class TestTimeline:
    def test_has_none_where_nothing_happens_around_a_row(
        self, office: Office, session: Session
    ) -> None:
        venue = factories.VenueFactory()
        session.commit()

        assert "tab=timeline" not in office.get(page_of(venue)).text

    def test_merges_what_happened_the_newest_first(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        now = clock.now()
        factories.LetterFactory(
            booking_id=booking.id,
            subject="See you soon",
            status=EmailStatus.SENT,
            sent_at=now + timedelta(minutes=1),
        )
        factories.NoteFactory(
            booking_id=booking.id, text="Rang about parking", created_at=now + timedelta(minutes=2)
        )
        factories.AttendanceFactory(
            attendee=booking.attendees[0],
            status=AttendanceStatus.LATE,
            updated_at=now + timedelta(minutes=3),
        )
        factories.NoteFactory(booking_id=factories.BookingFactory().id, text="Another's")
        session.commit()

        text = text_of(office.get(page_of(booking, "timeline")).text)

        told = ["Late", "Rang about parking", "See you soon", "Payment of £100.00", "booked: 2"]
        places = [text.index(words) for words in told]
        assert places == sorted(places)
        assert "Another's" not in text

    def test_tells_what_was_changed_by_whom(self, office: Office, booking: Booking) -> None:
        office.post(
            f"/admin/bookings/edit/?id={booking.id}",
            {
                "contact_first_name": "Robin",
                "contact_last_name": "Example",
                "attendees": "Sam, Attendee1\nSam, Attendee2",
            },
        )

        text = text_of(office.get(page_of(booking, "timeline")).text)

        assert "First name: Pat → Robin" in text


class TestHistory:
    def test_is_not_shown_to_an_instructor(
        self, classroom: Office, instructor: User, session: Session
    ) -> None:
        schedule = factories.ScheduleFactory(instructor_id=instructor.id)
        session.commit()

        page = classroom.get(page_of(schedule, "history"))

        assert page.status_code == 200
        assert "History" not in text_of(page.text)

    def test_says_old_and_new_in_words_by_act(self, office: Office, session: Session) -> None:
        venue = factories.VenueFactory(city="Leeds")
        session.commit()
        office.post(f"/admin/venues/edit/?id={venue.id}", {"name": venue.name, "city": "York"})

        page = office.get(page_of(venue, "history")).text

        assert "<del>Leeds</del>" in page
        assert "<ins>York</ins>" in page
        assert "all of this request" in page

    def test_tells_of_a_row_s_parts_with_it(
        self, office: Office, booking: Booking, session: Session
    ) -> None:
        office.post(
            f"/admin/bookings/edit/?id={booking.id}",
            {
                "contact_first_name": "Pat",
                "contact_last_name": "Example",
                "attendees": "Alex, Attendee1\nSam, Attendee2",
            },
        )

        page = office.get(page_of(booking, "history")).text

        assert "<del>Sam</del>" in page
        assert "<ins>Alex</ins>" in page

    def test_never_shows_a_secret(self, office: Office, session: Session) -> None:
        person = factories.UserFactory()
        session.commit()
        session.info["actor"] = None
        office.post("/admin/users/action/", {"action": "send_password_reset", "rowid": person.id})

        page = office.get(page_of(person, "history")).text

        assert "password_hash" not in page

    def test_leads_from_an_entry_of_the_log_to_its_row(
        self, office: Office, session: Session
    ) -> None:
        venue = factories.VenueFactory(city="Leeds")
        session.commit()
        office.post(f"/admin/venues/edit/?id={venue.id}", {"name": venue.name, "city": "York"})
        entry = session.scalars(
            select(AdminActivityLog).filter_by(entity_type="venues", entity_id=venue.id)
        ).one()

        page = office.get(page_of(entry)).text

        assert f'href="/admin/venues/details/?id={venue.id}">Open the venue</a>' in page

    def test_pages_what_is_long(self, office: Office, session: Session) -> None:
        venue = factories.VenueFactory(city="City 0")
        session.commit()
        for number in range(1, 23):
            office.post(
                f"/admin/venues/edit/?id={venue.id}",
                {"name": venue.name, "city": f"City {number}"},
            )

        first = office.get(page_of(venue, "history")).text
        second = office.get(page_of(venue, "history") + "&page=1").text

        assert "City 22" in first
        assert "<ins>City 1</ins>" not in first
        assert "<ins>City 1</ins>" in second
        assert office.get(page_of(venue, "history") + "&page=x").status_code == 200


class TestNotes:
    def test_are_written_on_the_page_itself(self, office: Office, booking: Booking) -> None:
        page = page_of(booking)
        answer = office.post(
            "/admin/office_notes/new/",
            {"booking_id": booking.id, "text": "Rings again on Monday", "url": f"{page}#notes"},
        )

        assert answer.status_code == 302
        assert answer.location.endswith("#notes")
        assert "Rings again on Monday" in office.get(page).text
