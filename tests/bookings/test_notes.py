"""Tests of the office's notes: about one thing, by one person, gone with what they are about."""

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rft_admin.accounts.models import User
from rft_admin.bookings import notes
from rft_admin.bookings.note_models import OfficeNote
from rft_admin.core.actor import Actor
from rft_admin.core.database import unit_of_work
from tests import factories


@pytest.fixture
def author(session: Session) -> Actor:
    return _actor(factories.AdminFactory())


def _actor(user: User) -> Actor:
    return Actor(user_id=user.id, label=str(user))


class TestAdd:
    @pytest.mark.parametrize("text", ["", "  \n "])
    def test_refuses_nothing(self, session: Session, text: str) -> None:
        booking = factories.BookingFactory()

        with pytest.raises(notes.NothingWritten):
            notes.add(about={"booking_id": booking.id}, text=text)

    def test_refuses_a_text_that_is_too_long(self, session: Session) -> None:
        booking = factories.BookingFactory()

        with pytest.raises(notes.TooLong):
            notes.add(about={"booking_id": booking.id}, text="x" * 4001)

    def test_refuses_none_and_two_things_to_be_about(self, session: Session) -> None:
        booking = factories.BookingFactory()

        for about in ({}, {"booking_id": booking.id, "user_id": booking.user_id}):
            with pytest.raises(notes.AboutNothing):
                notes.add(about=about, text="Asks for a seat at the door")

    def test_keeps_it_with_its_author(self, session: Session, author: Actor) -> None:
        booking = factories.BookingFactory()

        with unit_of_work(by=author):
            note = notes.add(about={"booking_id": booking.id, "user_id": None}, text=" Rang. ")

        assert note.text == "Rang."
        assert note.created_by_id == author.user_id
        assert notes.list_about("booking_id", booking.id) == [note]

    @pytest.mark.usefixtures("session")
    def test_cannot_be_about_two_things_for_the_database_either(self, session: Session) -> None:
        booking = factories.BookingFactory()
        two = {"booking_id": booking.id, "user_id": booking.user_id, "text": "Two"}

        with pytest.raises(IntegrityError, match="ck_office_notes_about_one"):
            session.execute(insert(OfficeNote).values(**two))


class TestChange:
    def test_is_refused_to_another(self, session: Session, author: Actor) -> None:
        booking = factories.BookingFactory()
        with unit_of_work(by=author):
            note = notes.add(about={"booking_id": booking.id}, text="Mine")

        with pytest.raises(notes.NotYours):
            notes.change(note, text="Not mine", by=_actor(factories.AdminFactory()))
        assert note.text == "Mine"

    def test_corrects_ones_own(self, session: Session, author: Actor) -> None:
        booking = factories.BookingFactory()
        with unit_of_work(by=author):
            note = notes.add(about={"booking_id": booking.id}, text="Mine")
            notes.change(note, text="Mine, corrected", by=author)

        assert note.text == "Mine, corrected"


class TestNotesOfARowThatGoes:
    def test_go_with_it(self, session: Session) -> None:
        inquiry, other = factories.InquiryFactory(), factories.InquiryFactory()
        notes.add(about={"inquiry_id": inquiry.id}, text="Goes")
        kept = notes.add(about={"inquiry_id": other.id}, text="Stays")

        session.delete(inquiry)
        session.flush()

        assert session.scalars(select(OfficeNote.id)).all() == [kept.id]
