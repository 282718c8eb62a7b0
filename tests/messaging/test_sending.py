"""Tests of sending: claimed, handed over without a transaction, recorded, and never lost."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rft_admin.accounts import resets
from rft_admin.accounts.models import AdminActivityLog, PasswordReset, Role, User
from rft_admin.core import files, tokens
from rft_admin.core.actor import Actor
from rft_admin.core.database import db, transact
from rft_admin.messaging import (
    account_letters,
    attachments,
    notifications,
    personal_links,
    sending,
    service,
)
from rft_admin.messaging.models import EmailLog, EmailStatus
from tests.messaging.conftest import NOW, Mailbox, point_at, queue_letter

BY = Actor(label="visitor")


def send(letter: EmailLog, *, now: object = NOW) -> bool:
    """Run the letter's job."""
    return service.send(email_log_id=letter.id, now=now)


@pytest.mark.usefixtures("session", "mail_app")
class TestSend:
    def test_does_nothing_for_an_unknown_letter(self, mailbox: Mailbox) -> None:
        assert not service.send(email_log_id=0, now=NOW)
        assert mailbox.letters == []

    @pytest.mark.parametrize(
        "status", [EmailStatus.SENT, EmailStatus.FAILED, EmailStatus.CANCELLED]
    )
    def test_does_nothing_for_a_letter_that_is_done(
        self, session: Session, mailbox: Mailbox, status: EmailStatus
    ) -> None:
        letter = queue_letter()
        letter.status = status
        session.commit()

        assert not send(letter, now=NOW + timedelta(days=1))
        assert mailbox.letters == []

    def test_hands_over_both_parts_and_records_it(self, mailbox: Mailbox) -> None:
        letter = queue_letter()

        assert send(letter)

        received = mailbox.letters[0]
        plain, html = received.get_body(("plain",)), received.get_body(("html",))
        assert plain is not None
        assert html is not None
        assert "Hello Kim," in plain.get_content()
        assert "<h1" in html.get_content()
        assert received["From"] == "React Fast Training <bookings@reactfasttraining.co.uk>"
        assert received["To"] == "kim@example.com"
        assert received["Reply-To"] == "info@reactfasttraining.co.uk"
        assert received["Message-ID"] == letter.message_id
        assert received["Date"].datetime == NOW
        assert letter.status is EmailStatus.SENT
        assert letter.sent_at is not None
        assert (letter.attempts, letter.next_attempt_at, letter.claimed_at) == (1, None, None)

    def test_sends_once_however_often_its_job_runs(self, mailbox: Mailbox) -> None:
        letter = queue_letter()

        assert [send(letter) for _ in range(3)] == [True, False, False]
        assert len(mailbox.letters) == 1

    def test_makes_the_personal_link_and_stores_it_nowhere(
        self, session: Session, mailbox: Mailbox
    ) -> None:
        letter = queue_letter(
            template="password_reset",
            context={"first_name": "Kim"},
            personal_link={
                "path": "/bookings/RFT-1",
                "purpose": "booking",
                "row_id": 7,
                "version": 2,
            },
        )

        send(letter)

        body = mailbox.letters[0].get_body(("plain",))
        assert body is not None
        line = next(line for line in body.get_content().splitlines() if "/bookings/" in line)
        address, _, token = line.partition("?t=")
        assert address == "http://localhost/bookings/RFT-1"
        signed = tokens.read_row("booking", token, max_age_seconds=60)
        assert signed == tokens.SignedRow(row_id=7, version=2)
        session.expire_all()
        assert token not in letter.body_text + letter.body_html
        trail = session.scalars(select(AdminActivityLog.changes)).all()
        assert token not in str(trail)

    def test_asks_the_room_that_knows_the_row_for_its_link(self, mailbox: Mailbox) -> None:
        personal_links.register("test_link", lambda row_id, path: f"http://localhost{path}{row_id}")
        letter = queue_letter(
            template="password_reset",
            context={"first_name": "Kim"},
            personal_link={"path": "/known/", "purpose": "test_link", "row_id": 7},
        )

        send(letter)

        body = mailbox.letters[0].get_body(("plain",))
        assert body is not None
        assert "http://localhost/known/7" in body.get_content()

    def test_carries_stored_files_and_calendars(self, mailbox: Mailbox) -> None:
        stored = transact(
            lambda: files.store_file(
                file_name="certificate.pdf", media_type="application/pdf", content=b"%PDF-1.7"
            )
        )
        attachments.register(
            "test_calendar",
            lambda row_id: (f"{row_id}.ics", "text/calendar", b"BEGIN:VCALENDAR\r\n"),
        )
        letter = queue_letter(
            attachments=[
                {"kind": "stored_file", "id": stored.id},
                {"kind": "test_calendar", "booking_id": 5},
            ]
        )

        send(letter)

        pdf, calendar = mailbox.letters[0].iter_attachments()
        assert (pdf.get_filename(), pdf.get_content_type()) == (
            "certificate.pdf",
            "application/pdf",
        )
        assert pdf.get_content() == b"%PDF-1.7"
        assert (calendar.get_filename(), calendar.get_content_type()) == (
            "5.ics",
            "text/calendar",
        )
        assert "BEGIN:VCALENDAR" in calendar.get_content()

    def test_fails_for_good_when_its_attachment_is_gone(self, mailbox: Mailbox) -> None:
        letter = queue_letter(attachments=[{"kind": "stored_file", "id": 0}])

        assert not send(letter)

        assert letter.status is EmailStatus.FAILED
        assert letter.error_message == "The stored file 0 does not exist any more."
        assert mailbox.letters == []


@pytest.mark.usefixtures("session", "mail_app")
class TestFailures:
    def test_that_are_temporary_are_tried_again_after_growing_delays(
        self, mailbox: Mailbox
    ) -> None:
        mailbox.answer_to_data = "451 come again"
        letter = queue_letter()
        delays, moment = [], NOW
        while letter.status is EmailStatus.QUEUED:
            send(letter, now=moment)
            if letter.next_attempt_at:
                delays.append(letter.next_attempt_at - moment)
                moment = letter.next_attempt_at

        assert tuple(delays) == sending.DELAYS
        assert list(delays) == sorted(set(delays))
        assert (letter.status, letter.attempts) == (EmailStatus.FAILED, 8)
        assert letter.error_message == "The mail server answered 451: come again"

    def test_are_not_tried_before_their_time(self, mailbox: Mailbox) -> None:
        mailbox.answer_to_data = "451 come again"
        letter = queue_letter()
        send(letter)
        mailbox.answer_to_data = "250 OK"

        assert not send(letter, now=NOW + timedelta(seconds=59))
        assert send(letter, now=NOW + timedelta(seconds=60))
        assert letter.error_message is None

    @pytest.mark.parametrize("answer", ["550 no such mailbox", "553 not allowed"])
    def test_of_the_recipient_are_for_good(self, mailbox: Mailbox, answer: str) -> None:
        mailbox.answer_to_recipient = answer
        letter = queue_letter()

        send(letter)

        assert letter.status is EmailStatus.FAILED
        assert letter.next_attempt_at is None
        assert answer[4:] in (letter.error_message or "")

    def test_of_a_server_that_is_away_are_temporary(
        self, mail_app: Flask, mailbox: Mailbox
    ) -> None:
        point_at(mail_app, "smtp://127.0.0.1:1")
        letter = queue_letter()

        assert not send(letter)

        assert letter.status is EmailStatus.QUEUED
        assert letter.next_attempt_at == NOW + timedelta(minutes=1)
        assert "cannot be reached" in (letter.error_message or "")


@pytest.mark.usefixtures("session", "mail_app")
class TestAWorkerThatDied:
    def strand(self, session: Session) -> EmailLog:
        """Leave a letter as a worker does that dies while SMTP talks."""
        letter = queue_letter()
        letter.status, letter.claimed_at, letter.attempts = EmailStatus.SENDING, NOW, 1
        session.commit()
        return letter

    def test_keeps_its_letter_for_ten_minutes(self, session: Session, mailbox: Mailbox) -> None:
        letter = self.strand(session)

        assert not send(letter, now=NOW + timedelta(minutes=9, seconds=59))
        assert mailbox.letters == []

    def test_leaves_it_to_be_sent_again_under_the_same_message_id(
        self, session: Session, mailbox: Mailbox
    ) -> None:
        letter = self.strand(session)
        message_id = letter.message_id

        assert send(letter, now=NOW + timedelta(minutes=10))

        assert [received["Message-ID"] for received in mailbox.letters] == [message_id]
        assert (letter.status, letter.attempts) == (EmailStatus.SENT, 2)

    def test_that_dies_again_and_again_gives_the_letter_up_in_the_end(
        self, session: Session, mailbox: Mailbox
    ) -> None:
        def break_off(_: int) -> tuple[str, str, bytes]:
            raise ZeroDivisionError

        attachments.register("test_broken", break_off)
        robin = User(email="robin@example.com", first_name="Robin", role=Role.ADMIN)
        session.add(robin)
        letter = queue_letter(attachments=[{"kind": "test_broken", "id": 1}])
        for number in range(sending.TRIES):
            with pytest.raises(ZeroDivisionError):
                send(letter, now=NOW + timedelta(minutes=10 * number))

        send(letter, now=NOW + timedelta(minutes=10 * sending.TRIES))

        assert letter.status is EmailStatus.FAILED
        assert mailbox.letters == []
        told = notifications.list_unread(robin, now=NOW)
        assert [row.title for row in told] == ["A letter could not be sent"]
        assert f"id={letter.id}" in told[0].action_url


@pytest.mark.usefixtures("session", "mail_app")
class TestResetLetters:
    def test_are_not_written_to_strangers(self, session: Session) -> None:
        session.add(User(email="kim@example.com", first_name="Kim", role=Role.CUSTOMER))
        session.commit()

        for email in ("nobody@example.com", "kim@example.com"):
            assert (
                transact(lambda e=email: account_letters.request_reset(e, now=NOW, by=BY)) is None
            )

        assert session.scalars(select(EmailLog)).all() == []
        assert session.scalars(select(PasswordReset)).all() == []

    def test_carry_a_link_that_works_and_that_only_the_letter_knows(
        self, session: Session, mailbox: Mailbox
    ) -> None:
        session.add(User(email="robin@example.com", first_name="Robin", role=Role.ADMIN))
        session.commit()
        letter = transact(
            lambda: account_letters.request_reset("Robin@example.com", now=NOW, by=BY), by=BY
        )
        assert letter is not None

        send(letter)

        body = mailbox.letters[0].get_body(("plain",))
        assert body is not None
        line = next(line for line in body.get_content().splitlines() if "/admin/reset/" in line)
        token = line.rpartition("/")[2]
        session.expire_all()
        row = session.scalars(select(PasswordReset)).one()
        assert row.token == tokens.hash_token(token)
        assert token not in letter.body_text + letter.body_html
        assert resets.find_valid(token, now=NOW) is row

    def test_are_written_when_the_office_asks_for_one(
        self, session: Session, mailbox: Mailbox
    ) -> None:
        robin = User(email="robin@example.com", first_name="Robin", role=Role.ADMIN)
        session.add(robin)
        session.commit()

        letter = transact(lambda: account_letters.send_reset(robin, now=NOW, by=BY), by=BY)

        assert send(letter)
        assert mailbox.recipients == ["robin@example.com"]

    def test_fail_for_good_once_their_reset_is_gone(self, mailbox: Mailbox) -> None:
        letter = queue_letter(
            template="password_reset",
            context={"first_name": "Kim"},
            personal_link={"purpose": "password_reset", "row_id": 0},
        )

        assert not send(letter)

        assert letter.status is EmailStatus.FAILED
        assert letter.error_message == "The password reset does not exist any more."

    def test_resent_carry_a_new_link(self, session: Session, mailbox: Mailbox) -> None:
        session.add(User(email="robin@example.com", first_name="Robin", role=Role.ADMIN))
        session.commit()
        first = transact(
            lambda: account_letters.request_reset("robin@example.com", now=NOW, by=BY), by=BY
        )
        assert first is not None
        send(first)

        second = transact(lambda: service.resend(first, now=NOW, by=BY), by=BY)
        send(second)

        bodies = [received.get_body(("plain",)) for received in mailbox.letters]
        found = [
            line
            for body in bodies
            if body is not None
            for line in body.get_content().splitlines()
            if "/admin/reset/" in line
        ]
        assert len(set(found)) == 2
        assert resets.find_valid(found[1].rpartition("/")[2], now=NOW) is not None


class TestWhileSmtpTalks:
    def test_no_transaction_is_open_and_the_claim_is_seen(
        self, committed_app: Flask, mailbox: Mailbox
    ) -> None:
        point_at(committed_app, mailbox.url)
        seen: list[tuple[int, str]] = []

        def look() -> None:
            with committed_app.app_context():
                open_transactions = text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
                )
                status = text("SELECT status FROM email_logs")
                with db.engine.connect() as beside:
                    seen.append((beside.scalar(open_transactions), beside.scalar(status)))

        mailbox.meanwhile = look
        with committed_app.app_context():
            letter = queue_letter()
            send(letter)
            db.session.rollback()

        assert seen == [(0, "sending")]

    def test_two_workers_send_a_letter_once(self, committed_app: Flask, mailbox: Mailbox) -> None:
        point_at(committed_app, mailbox.url)
        with committed_app.app_context():
            letter_id = queue_letter().id
            db.session.rollback()
        start = threading.Barrier(4)

        def work(_: int) -> bool:
            with committed_app.app_context():
                start.wait()
                return service.send(email_log_id=letter_id, now=NOW)

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(work, range(4)))

        assert sorted(answers) == [False, False, False, True]
        assert len(mailbox.letters) == 1
