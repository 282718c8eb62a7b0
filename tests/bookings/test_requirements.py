"""Special requirements: consent, encryption, the logged look, and the purge."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.bookings import requirements
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import (
    Booking,
    ConsentBy,
    RequirementType,
    Severity,
    SpecialRequirement,
)
from rft_admin.bookings.orders import AttendeeDetails, Incomplete
from rft_admin.bookings.rules import ConsentNeeded
from rft_admin.core.actor import Actor
from rft_admin.core.crypto import CannotDecrypt
from rft_admin.messaging.models import EmailLog, Notification
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE, VISITOR

pytestmark = pytest.mark.usefixtures("session")


def need(
    booking: Booking, details: str = "A chair", kind: RequirementType = RequirementType.OTHER
) -> SpecialRequirement:
    return requirements.add(
        booking,
        requirement_type=kind.value,
        details=details,
        consent_by=ConsentBy.OFFICE,
        now=NOW,
        by=OFFICE,
    )


def booked() -> Booking:
    return offers.booked(offers.schedule().id)


class TestAdd:
    """What is kept, and how."""

    def test_refuses_an_empty_text(self) -> None:
        with pytest.raises(Incomplete):
            need(booked(), " ")

    def test_encrypts_for_its_own_row_only(self, session: Session) -> None:
        booking = booked()
        first, second = need(booking, "One"), need(booking, "Two")
        second.details = first.details
        session.flush()

        assert requirements.read(first, by=OFFICE) == "One"
        with pytest.raises(CannotDecrypt):
            requirements.read(second, by=OFFICE)

    def test_alerts_the_office_when_it_weighs_much_without_the_details(
        self, session: Session
    ) -> None:
        offers.admin()
        booking = booked()
        need(booking, "A softer chair", RequirementType.ACCESSIBILITY)
        assert session.scalars(select(Notification)).all() == []

        weighty = need(booking, "Epilepsy", RequirementType.MEDICAL)

        assert weighty.severity is Severity.HIGH
        letter = session.scalars(
            select(EmailLog).filter_by(template_name="high_severity_requirement")
        ).one()
        told = session.scalars(select(Notification)).one()
        assert "Epilepsy" not in letter.body_text + letter.body_html + told.message


class TestRead:
    """Each look leaves a trace."""

    def test_refuses_what_was_purged(self, session: Session) -> None:
        requirement = need(booked())
        requirement.details = ""

        with pytest.raises(requirements.DetailsPurged):
            requirements.read(requirement, by=OFFICE)

    def test_logs_who_looked(self, session: Session) -> None:
        admin = offers.admin()
        requirement = need(booked())

        requirements.read(requirement, by=Actor(user_id=admin.id, label="office"))

        look = session.scalars(select(AdminActivityLog).filter_by(action="viewed")).one()
        assert (look.user_id, look.entity_type, look.entity_id) == (
            admin.id,
            "special_requirements",
            requirement.id,
        )


class TestGiveDetails:
    """An attendee tells us himself, by his own link."""

    def test_refuses_without_consent(self) -> None:
        attendee = booked().attendees[0]

        with pytest.raises(ConsentNeeded):
            requirements.give_details(
                attendee,
                requirement_type="other",
                details="Tea",
                consent=False,
                now=NOW,
                by=VISITOR,
            )

    def test_keeps_them_for_the_attendee_and_asks_no_more(self) -> None:
        date = offers.schedule()
        other = AttendeeDetails(first_name="Jo", email="jo@example.com", may_have_needs=True)
        attendee = offers.booked(date.id, number_of_places=2, attendees=[other]).attendees[1]

        requirement = requirements.give_details(
            attendee,
            requirement_type="dietary",
            details="No nuts",
            consent=True,
            now=NOW,
            by=VISITOR,
        )

        assert requirement.attendee is attendee
        assert requirement.consent_by is ConsentBy.ATTENDEE
        assert not attendee.may_have_needs

    def test_the_office_asks_whoever_has_no_address(self, session: Session) -> None:
        offers.admin()
        date = offers.schedule()
        unknown = AttendeeDetails(first_name="Jo", may_have_needs=True)

        offers.confirmed(date.id, number_of_places=2, attendees=[unknown])

        titles = session.scalars(select(Notification.title)).all()
        assert any(title.startswith("Please ask about special requirements") for title in titles)


class TestHandled:
    """The office has done what was needed."""

    def test_refuses_a_second_time(self) -> None:
        admin = offers.admin()
        requirement = need(booked())
        requirements.mark_handled(requirement, by=Actor(user_id=admin.id, label="office"))
        assert requirement.handled_by_id == admin.id

        with pytest.raises(requirements.NothingToHandle):
            requirements.mark_handled(requirement, by=OFFICE)


class TestPurge:
    """Thirty days after the course the details are gone."""

    def test_keeps_what_is_still_needed(self) -> None:
        requirement = need(booked())

        assert requirements.purge(now=NOW) == 0
        assert requirement.details

    def test_keeps_the_details_when_the_course_was_moved_later(self, session: Session) -> None:
        requirement = need(booked())
        requirement.purge_after = NOW.date() - timedelta(days=1)
        session.flush()

        assert requirements.purge(now=NOW) == 0

    def test_empties_the_details_and_keeps_that_there_were_some(self) -> None:
        requirement = need(booked())
        long_after = requirement.booking.course_schedule.end_datetime + timedelta(days=32)

        assert requirements.purge(now=long_after) == 1
        assert requirement.details == ""


class TestSubstitution:
    """A new person on the place does not inherit what the old one told us."""

    def test_deletes_the_needs_of_who_gave_up_the_place(self, session: Session) -> None:
        date = offers.schedule()
        booking = offers.booked(
            date.id, requirement_details="No nuts", health_consent=True, requirement_type="dietary"
        )

        bookings.change_names(
            booking,
            [AttendeeDetails(first_name="Jo", last_name="New", email="jo@example.com")],
            now=NOW,
            by=VISITOR,
        )

        assert session.scalars(select(SpecialRequirement)).all() == []
        assert booking.attendees[0].user_id is None
