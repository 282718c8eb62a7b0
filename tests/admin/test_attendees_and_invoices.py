"""Tests of the two screens beside the 22: who sits on the places, and what was billed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.bookings.models import (
    BookingAttendee,
    BookingStatus,
    ConsentBy,
    SpecialRequirement,
)
from rft_admin.bookings.requirements import add as add_requirement
from rft_admin.core import clock
from rft_admin.core.actor import SYSTEM
from tests import factories
from tests.admin.conftest import Office


@pytest.fixture
def sam(session: Session) -> BookingAttendee:
    """Somebody whose name was misspelt, on a confirmed booking."""
    booking = factories.BookingFactory(
        booking_reference="RFT-PARTY",
        status=BookingStatus.CONFIRMED,
        course_schedule=factories.ScheduleFactory(
            start_datetime=clock.now().replace(microsecond=0) + timedelta(days=30)
        ),
        attendees=False,
    )
    attendee: BookingAttendee = factories.AttendeeFactory(
        booking=booking, first_name="Samm", last_name="Okonkwo", email="sam@example.com"
    )
    session.commit()
    return attendee


def edit(office: Office, attendee: BookingAttendee, **typed: str) -> int:
    """Send the attendee's form and return the answer's status."""
    form = {"first_name": "Samm", "last_name": "Okonkwo", "email": "sam@example.com"}
    path = f"/admin/booking_attendees/edit/?id={attendee.id}"
    return office.post(path, form | typed).status_code


class TestAttendees:
    def test_are_found_by_half_a_name_everywhere(
        self, office: Office, sam: BookingAttendee
    ) -> None:
        address = f"/admin/booking_attendees/details/?id={sam.id}"

        assert address in office.get("/admin/booking_attendees/?search=konk").text
        assert address in office.get("/admin/search?q=konk").text
        assert address in office.get(f"/admin/bookings/details/?id={sam.booking_id}").text
        back = office.get(address).text
        assert f"/admin/bookings/details/?id={sam.booking_id}" in back

    def test_are_corrected_with_a_trace(
        self, office: Office, sam: BookingAttendee, session: Session
    ) -> None:
        assert edit(office, sam, first_name="Sam") == 302

        session.refresh(sam)
        assert sam.full_name == "Sam Okonkwo"
        history = office.get(f"/admin/bookings/details/?id={sam.booking_id}&tab=history").text
        assert re.search(r"Samm.*Sam", history, re.DOTALL)

    def test_lose_their_needs_with_another_person(
        self, office: Office, sam: BookingAttendee, session: Session
    ) -> None:
        add_requirement(
            sam.booking,
            requirement_type="dietary",
            details="No nuts",
            consent_by=ConsentBy.ATTENDEE,
            attendee=sam,
            now=clock.now(),
            by=SYSTEM,
        )
        session.commit()

        edit(office, sam, first_name="Sam")
        assert session.scalars(select(SpecialRequirement)).all() != []
        edit(office, sam, first_name="Bo", last_name="Li", email="bo@example.com")

        assert [one.details for one in session.scalars(select(SpecialRequirement))] in ([], [None])

    def test_stay_as_they_are_on_what_is_cancelled(
        self, office: Office, sam: BookingAttendee, session: Session
    ) -> None:
        sam.cancelled_at = clock.now()
        session.commit()

        assert edit(office, sam, first_name="Sam") in (409, 422)

        session.refresh(sam)
        assert sam.first_name == "Samm"

    def test_refuse_an_address_that_is_none_and_keep_what_was_typed(
        self, office: Office, sam: BookingAttendee
    ) -> None:
        path = f"/admin/booking_attendees/edit/?id={sam.id}"
        answer = office.post(
            path, {"first_name": "Sam", "last_name": "Okonkwo", "email": "nonsense"}
        )

        assert answer.status_code == 422
        assert 'value="nonsense"' in answer.text
        assert 'id="email-fault"' in answer.text


class TestInvoices:
    def test_are_found_and_lead_to_their_booking_and_pdf(
        self, office: Office, session: Session
    ) -> None:
        invoice = factories.InvoiceFactory()
        session.commit()
        address = f"/admin/invoices/details/?id={invoice.id}"

        assert address in office.get(f"/admin/search?q={invoice.invoice_number}").text
        assert address in office.get(f"/admin/bookings/details/?id={invoice.booking_id}").text
        page = office.get(address).text
        assert f"/admin/bookings/details/?id={invoice.booking_id}" in page
        assert f"/admin/files/invoices/{invoice.id}" in page

    def test_are_downloaded_with_a_trace(self, office: Office, session: Session) -> None:
        invoice = factories.InvoiceFactory()
        session.commit()

        pdf = office.get(f"/admin/files/invoices/{invoice.id}")

        assert pdf.data.startswith(b"%PDF")
        entry = session.scalars(
            select(AdminActivityLog).where(AdminActivityLog.action == "downloaded")
        ).one()
        assert (entry.entity_type, entry.entity_id) == ("invoices", invoice.id)
        assert entry.user_id == office.user_id
        history = office.get(f"/admin/invoices/details/?id={invoice.id}&tab=history").text
        assert "Downloaded the file" in history
