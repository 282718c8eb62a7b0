"""Tests of the trail that every change leaves."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.accounts import audit
from rft_admin.accounts.models import AdminActivityLog
from rft_admin.catalogue.models import DiscountCode, Trainer, Venue
from rft_admin.core import files
from rft_admin.core.actor import Actor
from rft_admin.core.database import transact, unit_of_work
from rft_admin.messaging.models import EmailLog
from tests.accounts.conftest import NOW, MakeUser

BY = Actor(
    label="customer",
    ip_address="192.0.2.7",
    user_agent="Browser",
    request_id="request-1",
    reason="asked by phone",
)


def trail(session: Session) -> Sequence[AdminActivityLog]:
    """Return the rows of the log, oldest first."""
    return session.scalars(select(AdminActivityLog).order_by(AdminActivityLog.id)).all()


def store_venue(session: Session, by: Actor = BY) -> Venue:
    """Store a venue in a unit of work."""
    venue = Venue(name="Example Hall", city="Leeds")
    with unit_of_work(by=by):
        session.add(venue)
    return venue


class TestChanges:
    def test_outside_a_unit_of_work_leave_no_row(
        self, session: Session, make_user: MakeUser
    ) -> None:
        make_user()

        assert trail(session) == []

    def test_of_a_new_row_are_told_with_its_id(self, session: Session) -> None:
        venue = store_venue(session)

        row = trail(session)[0]
        assert (row.action, row.entity_type, row.entity_id) == ("created", "venues", venue.id)
        assert row.changes["name"] == {"old": None, "new": "Example Hall"}
        assert (row.actor_label, row.ip_address, row.user_agent) == (
            "customer",
            "192.0.2.7",
            "Browser",
        )
        assert (row.reason, row.request_id) == ("asked by phone", "request-1")

    def test_are_told_from_old_to_new_and_nothing_else(self, session: Session) -> None:
        venue = store_venue(session)

        with unit_of_work(by=BY):
            assert venue.city == "Leeds"
            venue.city = "York"
            venue.name = "Example Hall"

        row = trail(session)[-1]
        assert (row.action, row.entity_id) == ("updated", venue.id)
        assert row.changes == {"city": {"old": "Leeds", "new": "York"}}

    def test_know_the_old_value_of_a_row_that_was_not_read_before(self, session: Session) -> None:
        venue = store_venue(session)
        session.expire_all()

        with unit_of_work(by=BY):
            venue.city = "York"

        assert trail(session)[-1].changes == {"city": {"old": "Leeds", "new": "York"}}

    def test_of_a_row_set_to_what_it_was_leave_no_row(self, session: Session) -> None:
        venue = store_venue(session)

        with unit_of_work(by=BY):
            venue.city = "Leeds"

        assert len(trail(session)) == 1

    def test_of_a_deleted_row_keep_what_it_was(self, session: Session) -> None:
        venue = store_venue(session)
        venue_id = venue.id
        session.expire_all()

        with unit_of_work(by=BY):
            session.delete(venue)

        row = trail(session)[-1]
        assert (row.action, row.entity_type, row.entity_id) == ("deleted", "venues", venue_id)
        assert row.changes["name"] == {"old": "Example Hall", "new": None}

    def test_are_undone_with_what_they_tell_of(self, session: Session) -> None:
        def break_off() -> None:
            session.add(Venue(name="Example Hall", city="Leeds"))
            session.flush()
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            transact(break_off, by=BY)

        assert trail(session) == []

    def test_flushed_twice_are_told_twice_each_its_own(self, session: Session) -> None:
        venue = store_venue(session)

        with unit_of_work(by=BY):
            venue.city = "York"
            session.flush()
            venue.city = "Hull"

        assert [row.changes["city"] for row in trail(session)[1:]] == [
            {"old": "Leeds", "new": "York"},
            {"old": "York", "new": "Hull"},
        ]

    def test_keep_money_exact_and_statuses_by_value(self, session: Session) -> None:
        with unit_of_work(by=BY):
            session.add(
                DiscountCode(
                    code="AUTUMN", discount_type="percentage", discount_value=Decimal("12.50")
                )
            )

        changes = trail(session)[0].changes
        assert changes["discount_value"]["new"] == "12.50"
        assert changes["discount_type"]["new"] == "percentage"

    def test_are_named_by_their_use_case(self, session: Session) -> None:
        venue = store_venue(session)

        with unit_of_work(by=BY):
            venue.city = "York"
            with audit.acting("moved"):
                venue.city = "Hull"
            venue.city = "Selby"

        assert [row.action for row in trail(session)] == ["created", "updated", "moved", "updated"]

    def test_leave_out_what_no_database_keeps(self, session: Session) -> None:
        with unit_of_work(by=BY):
            audit.record(
                "exported", by=BY, entity_type="venues", changes={"filters": {"city": "Le\x00eds"}}
            )

        assert trail(session)[-1].changes == {"filters": {"city": "Leeds"}}

    def test_carry_a_digest_that_does_not_depend_on_their_order(self, session: Session) -> None:
        store_venue(session)

        row = trail(session)[0]
        backwards = dict(reversed(row.changes.items()))
        assert row.changes_sha256 == audit.changes_sha256(backwards)
        assert row.changes_sha256 != audit.changes_sha256({})


class TestSecrets:
    def test_never_enter_the_trail(self, session: Session, make_user: MakeUser) -> None:
        user = make_user()
        old = user.password_hash

        with unit_of_work(by=BY):
            user.password_hash = "$2b$12$another"
            user.must_change_password = True

        changes = trail(session)[-1].changes
        assert old is not None
        assert changes == {
            "password_hash": "changed",
            "must_change_password": {"old": False, "new": True},
        }

    def test_nor_do_the_texts_of_letters_and_the_bytes_of_files(self, session: Session) -> None:
        with unit_of_work(by=BY):
            session.add(
                EmailLog(
                    recipient_email="kim@example.com",
                    subject="Hello",
                    template_name="hello",
                    body_text="what only Kim should read",
                    message_id="<1@example.com>",
                )
            )
            files.store_file(file_name="a.txt", media_type="text/plain", content=b"private")

        told = str([row.changes for row in trail(session)])
        assert "only Kim" not in told
        assert "private" not in told
        assert "Hello" in told


class TestNoise:
    def test_of_the_system_leaves_no_row(self, session: Session) -> None:
        letter = EmailLog(
            recipient_email="kim@example.com",
            subject="Hello",
            template_name="hello",
            message_id="<1@example.com>",
        )
        session.add(letter)
        session.commit()

        with unit_of_work(by=BY):
            letter.attempts = 3
            letter.next_attempt_at = NOW

        assert trail(session) == []


class TestWhoSavedIt:
    def test_is_written_on_the_row(self, session: Session, make_user: MakeUser) -> None:
        robin, sam = make_user(), make_user("sam@example.com")

        trainer = Trainer(user=sam, trainer_code="T1")
        with unit_of_work(by=Actor(user_id=robin.id, label="Robin")):
            session.add(trainer)
        created = (trainer.created_by_id, trainer.updated_by_id)

        with unit_of_work(by=Actor(user_id=sam.id, label="Sam")):
            trainer.bio = "Teaches in York."
        with unit_of_work(by=BY):
            trainer.bio = "Teaches in Hull."

        assert created == (robin.id, robin.id)
        assert (trainer.created_by_id, trainer.updated_by_id) == (robin.id, sam.id)
        assert [row.user_id for row in trail(session)] == [robin.id, sam.id, None]
        assert set(trail(session)[-1].changes) == {"bio"}


class TestRecord:
    def test_tells_of_a_look_that_changed_nothing(
        self, session: Session, make_user: MakeUser
    ) -> None:
        user = make_user()

        with unit_of_work(by=BY):
            audit.record("viewed", by=BY, entity=user, reason="trainer asked")
            audit.record("exported", by=BY, entity_type="users", changes={"rows": 3})

        rows = trail(session)
        assert [(row.action, row.entity_type, row.entity_id) for row in rows] == [
            ("viewed", "users", user.id),
            ("exported", "users", None),
        ]
        assert rows[0].reason == "trainer asked"
        assert rows[1].changes == {"rows": 3}


class TestHistory:
    def test_lists_one_rows_changes_newest_first(self, session: Session) -> None:
        venue, other = store_venue(session), Venue(name="Other Hall", city="Hull")
        with unit_of_work(by=BY):
            session.add(other)
            venue.city = "York"

        history = audit.list_history("venues", venue.id)

        assert [entry.action for entry in history] == ["updated", "created"]


def test_installing_again_writes_each_row_once(session: Session) -> None:
    audit.install()

    store_venue(session)

    assert len(trail(session)) == 1
