"""Tests of a person's rights: the export has all and no secret, the erasure leaves no name."""

import json

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rft_admin.accounts.models import ActionRunRow, AdminActivityLog, RowOutcome, User
from rft_admin.bookings import notes, requirements
from rft_admin.bookings.models import Booking, BookingStatus, ConsentBy
from rft_admin.bookings.note_models import OfficeNote
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.database import unit_of_work
from rft_admin.delivery.models import Certificate
from rft_admin.payments.models import PaymentTransaction
from rft_admin.upkeep import privacy
from tests import factories

BY = Actor(label="command line")
NOW = clock.now()
DETAILS = "A nut allergy"


@pytest.fixture
def customer(demo_session: Session) -> User:
    """Somebody of the demo with a past course, an invoice and a certificate of his own."""
    return demo_session.scalars(
        select(User)
        .join(Certificate, Certificate.user_id == User.id)
        .join(Booking, Booking.user_id == User.id)
        .where(Booking.status == BookingStatus.COMPLETED, Booking.number_of_places == 1)
        .order_by(User.id)
        .limit(1)
    ).one()


@pytest.fixture
def booking(demo_session: Session, customer: User) -> Booking:
    return demo_session.scalars(select(Booking).where(Booking.user_id == customer.id)).one()


@pytest.fixture
def with_needs(demo_session: Session, booking: Booking) -> None:
    with unit_of_work(by=BY):
        requirements.add(
            booking,
            requirement_type="dietary",
            details=DETAILS,
            consent_by=ConsentBy.OFFICE,
            attendee=booking.attendees[0],
            now=NOW,
            by=BY,
        )


@pytest.fixture
def with_notes(demo_session: Session, booking: Booking) -> None:
    """Notes on the customer and on the booking, one elsewhere that quotes him, and another's."""
    email = booking.user.email
    other = factories.BookingFactory()
    with unit_of_work(by=BY):
        notes.add(about={"user_id": booking.user_id}, text="Prefers Mondays")
        notes.add(about={"booking_id": booking.id}, text="Rang about parking")
        notes.add(about={"user_id": other.user_id}, text=f"Came with {email.upper()}")
        notes.add(about={"booking_id": other.id}, text="Of somebody else")


@pytest.mark.usefixtures("with_needs")
class TestExport:
    def test_has_what_is_stored_of_the_person(self, customer: User, booking: Booking) -> None:
        exported = privacy.export(customer, now=NOW, by=BY)

        record = exported.record
        assert record["user"]["email"] == customer.email
        assert [row["booking_reference"] for row in record["bookings"]] == [
            booking.booking_reference
        ]
        assert record["special_requirements"][0]["details"] == DETAILS
        for table in (
            "booking_attendees",
            "payment_transactions",
            "invoices",
            "attendance_records",
            "certificates",
            "email_logs",
        ):
            assert record[table], table

    @pytest.mark.usefixtures("with_notes")
    def test_has_what_the_office_noted(self, customer: User) -> None:
        record = privacy.export(customer, now=NOW, by=BY).record

        assert [row["text"][:9] for row in record["office_notes"]] == [
            "Prefers M",
            "Rang abou",
            "Came with",
        ]

    def test_has_the_documents(self, customer: User) -> None:
        files = privacy.export(customer, now=NOW, by=BY).files

        assert any(name.startswith("INV-") for name in files)
        assert any(name.startswith("RFT-") for name in files)
        assert all(content.startswith(b"%PDF-") for content in files.values())

    def test_has_no_secret_and_can_be_written_as_json(self, customer: User) -> None:
        customer.password_hash = "a-secret-hash"

        written = json.dumps(privacy.export(customer, now=NOW, by=BY).record, default=str)

        assert "a-secret-hash" not in written
        assert 'personal_link"' not in written
        assert "dev:" not in written

    def test_is_logged(self, demo_session: Session, customer: User) -> None:
        privacy.export(customer, now=NOW, by=BY)

        assert "exported" in _actions(demo_session, customer)


class TestErase:
    def test_is_refused_for_who_works_here(self, demo_session: Session) -> None:
        with pytest.raises(privacy.WorksHere):
            privacy.erase(factories.InstructorFactory(), now=NOW, by=BY)

    def test_is_refused_while_a_course_is_to_come(self, demo_session: Session) -> None:
        coming = demo_session.scalars(
            select(Booking)
            .where(Booking.status == BookingStatus.CONFIRMED)
            .order_by(Booking.id.desc())
        ).first()
        assert coming is not None

        with pytest.raises(privacy.StillComing):
            privacy.erase(coming.user, now=NOW, by=BY)

    def test_blanks_what_an_action_said_of_the_person_and_no_other(
        self, demo_session: Session, customer: User
    ) -> None:
        other = factories.UserFactory()
        said = []
        for person in (customer, other):
            run = factories.ActionRunFactory(
                entity_type="users", action="deactivate", fields={"reason": [str(person)]}
            )
            row = ActionRunRow(
                action_run_id=run.id,
                entity_id=person.id,
                outcome=RowOutcome.DONE,
                words=f"{person} can no longer sign in.",
                finished_at=NOW,
            )
            demo_session.add(row)
            said.append((run, row))
        demo_session.flush()

        _erase(customer)

        demo_session.expire_all()
        (run, row), (other_run, other_row) = said
        assert (run.fields, row.words) == ({}, "")
        assert other_run.fields == {"reason": [str(other)]}
        assert str(other) in other_row.words

    @pytest.mark.usefixtures("with_needs")
    def test_leaves_the_name_nowhere_but_on_what_the_law_lets_us_keep(
        self, demo_session: Session, customer: User
    ) -> None:
        email, user_id = customer.email, customer.id

        kept = _erase(customer)

        demo_session.expire_all()
        assert customer.email == f"erased-{user_id}@invalid"
        assert (customer.first_name, customer.last_name, customer.phone) == ("", None, "")
        assert not customer.is_active
        assert _tables_with(demo_session, email) <= {"invoices"}
        assert kept == [privacy.MONEY, privacy.CERTIFICATES]

    @pytest.mark.usefixtures("with_needs")
    def test_empties_needs_and_letters(self, demo_session: Session, booking: Booking) -> None:
        version = booking.links_version

        _erase(booking.user)

        demo_session.expire_all()
        assert booking.contact_first_name == booking.contact_phone == ""
        assert booking.attendees[0].full_name == ""
        assert booking.links_version == version + 1
        for sql in (
            "SELECT details FROM special_requirements WHERE booking_id = :booking",
            "SELECT body_text || body_html || subject FROM email_logs WHERE booking_id = :booking",
            "SELECT message FROM notifications WHERE booking_id = :booking",
        ):
            found = demo_session.execute(text(sql), {"booking": booking.id}).scalars().all()
            assert found
            assert set(found) == {""}

    @pytest.mark.usefixtures("with_notes")
    def test_deletes_what_the_office_noted_and_leaves_no_trace_of_it(
        self, demo_session: Session, customer: User
    ) -> None:
        _erase(customer)

        demo_session.expire_all()
        kept = demo_session.scalars(select(OfficeNote.text)).all()
        assert kept == ["Of somebody else"]
        assert _tables_with(demo_session, "Prefers Mondays") == set()

    def test_keeps_money_and_certificate(self, demo_session: Session, customer: User) -> None:
        holder = demo_session.scalars(
            select(Certificate.holder_name).where(Certificate.user_id == customer.id)
        ).one()

        _erase(customer)

        demo_session.expire_all()
        certificate = demo_session.scalars(
            select(Certificate).where(Certificate.user_id == customer.id)
        ).one()
        assert certificate.holder_name == holder
        assert demo_session.scalars(
            select(PaymentTransaction)
            .join(Booking, Booking.id == PaymentTransaction.booking_id)
            .where(Booking.user_id == customer.id)
        ).all()

    def test_redacts_the_trail_and_keeps_its_digests(
        self, demo_session: Session, booking: Booking
    ) -> None:
        before = _digests(demo_session, booking)

        _erase(booking.user)

        demo_session.expire_all()
        entries = _trail(demo_session, booking)
        # What the erasure itself did is redacted as well: it held the old values.
        assert {json.dumps(entry.changes) for entry in entries} == {'{"erased": true}'}
        assert {entry.actor_label for entry in entries} == {"erased"}
        assert _digests(demo_session, booking)[: len(before)] == before

    def test_can_be_asked_for_twice(self, demo_session: Session, customer: User) -> None:
        _erase(customer)

        _erase(customer)

        assert _actions(demo_session, customer).count("erased") == 2


def _erase(user: User) -> list[str]:
    with unit_of_work(by=BY):
        return privacy.erase(user, now=NOW, by=BY)


def _trail(session: Session, booking: Booking) -> list[AdminActivityLog]:
    return list(
        session.scalars(
            select(AdminActivityLog)
            .where(
                AdminActivityLog.entity_type == "bookings",
                AdminActivityLog.entity_id == booking.id,
            )
            .order_by(AdminActivityLog.id)
        )
    )


def _digests(session: Session, booking: Booking) -> list[str | None]:
    return [entry.changes_sha256 for entry in _trail(session, booking)]


def _actions(session: Session, user: User) -> list[str]:
    return list(
        session.scalars(
            select(AdminActivityLog.action).where(
                AdminActivityLog.entity_type == "users", AdminActivityLog.entity_id == user.id
            )
        )
    )


def _tables_with(session: Session, words: str) -> set[str]:
    """Return the tables in any row of which the words stand."""
    tables = session.scalars(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    ).all()
    asked = 'SELECT EXISTS (SELECT FROM "{}" t WHERE strpos(lower(t::text), :words) > 0)'
    return {
        table
        for table in tables
        if session.scalar(text(asked.format(table)), {"words": words.lower()})
    }
