"""Tests of queueing letters, resending them and sweeping up the due ones."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from jinja2 import UndefinedError
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rft_admin.core.actor import Actor
from rft_admin.core.database import transact
from rft_admin.core.settings import Setting, ValueType
from rft_admin.messaging import service
from rft_admin.messaging.models import EmailLog, EmailStatus
from rft_admin.messaging.service import CannotResend
from tests.messaging.conftest import NOW, queue_letter

BY = Actor(label="Robin")


def jobs(session: Session) -> Sequence[int]:
    """Return the letters that wait for a worker, in the order of their jobs."""
    rows = session.execute(
        text("SELECT task_name, args FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
    ).all()
    assert all(name == "send_email" for name, _ in rows)
    return [args["email_log_id"] for _, args in rows]


class TestQueueLetter:
    def test_is_undone_with_its_cause(self, session: Session) -> None:
        def cause() -> None:
            service.queue_letter(
                template="password_reset",
                to="kim@example.com",
                subject="Choose a new password",
                context={"first_name": "Kim"},
                now=NOW,
            )
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            transact(cause)

        assert session.scalars(select(EmailLog)).all() == []
        assert jobs(session) == []

    def test_refuses_a_letter_with_a_gap(self, session: Session) -> None:
        with pytest.raises(UndefinedError):
            queue_letter(context={})

    def test_stores_the_text_as_it_will_be_read_and_one_job(self, session: Session) -> None:
        letter = queue_letter()

        assert letter.status is EmailStatus.QUEUED
        assert (letter.recipient_email, letter.attempts) == ("kim@example.com", 0)
        assert letter.next_attempt_at == NOW
        assert "Hello Kim," in letter.body_text
        assert "React Fast Training" in letter.body_text
        assert "Hello Kim," in letter.body_html
        assert "info@reactfasttraining.co.uk" in letter.body_html
        assert jobs(session) == [letter.id]

    def test_escapes_what_people_typed_in_the_html_part_only(self, session: Session) -> None:
        letter = queue_letter(
            context={
                "first_name": "<b>Kim</b> & Co",
                "changed_at": "now",
                "forgot_address": "http://localhost/",
            }
        )

        assert "&lt;b&gt;Kim&lt;/b&gt; &amp; Co" in letter.body_html
        assert "Hello <b>Kim</b> & Co," in letter.body_text

    def test_stores_a_placeholder_for_the_personal_link(self, session: Session) -> None:
        letter = queue_letter(
            template="password_reset",
            context={"first_name": "Kim"},
            personal_link={"path": "/bookings/RFT-1", "purpose": "booking", "row_id": 1},
        )

        assert "[personal link]" in letter.body_text
        assert 'href="[personal link]"' in letter.body_html
        assert letter.personal_link["row_id"] == 1

    def test_keeps_a_subject_on_one_line(self, session: Session) -> None:
        letter = queue_letter(subject="Hello\r\nBcc: everybody@example.com")

        assert letter.subject == "Hello Bcc: everybody@example.com"

    def test_prints_the_business_as_its_settings_name_it(self, session: Session) -> None:
        session.add(
            Setting(
                key="business.business_phone",
                value="0113 496 0000",
                value_type=ValueType.STRING,
                category="business",
                display_name="",
                description="",
                default_value="",
            )
        )
        session.commit()

        letter = queue_letter()

        assert "0113 496 0000" in letter.body_text
        assert "0113 496 0000" in letter.body_html

    def test_carries_no_pixel_and_no_script(self, session: Session) -> None:
        html = queue_letter().body_html

        assert "<img" not in html
        assert "<script" not in html
        assert "<link" not in html


class TestResend:
    def test_is_refused_once_the_text_was_removed(self, session: Session) -> None:
        letter = queue_letter()
        letter.body_text = letter.body_html = ""
        session.commit()

        with pytest.raises(CannotResend):
            transact(lambda: service.resend(letter, now=NOW, by=BY), by=BY)

    def test_queues_a_copy_with_an_identity_of_its_own(self, session: Session) -> None:
        letter = queue_letter(
            template="password_reset",
            context={"first_name": "Kim"},
            personal_link={"path": "/bookings/RFT-1", "purpose": "booking", "row_id": 1},
            attachments=[{"kind": "stored_file", "id": 1}],
        )

        copy = transact(lambda: service.resend(letter, now=NOW, by=BY), by=BY)

        assert copy.id != letter.id
        assert copy.resend_of_id == letter.id
        assert copy.message_id != letter.message_id
        assert copy.status is EmailStatus.QUEUED
        assert (copy.body_text, copy.personal_link, copy.attachments) == (
            letter.body_text,
            letter.personal_link,
            letter.attachments,
        )
        assert jobs(session) == [letter.id, copy.id]


class TestSweep:
    def test_leaves_alone_what_has_its_own_job_or_is_not_due(self, session: Session) -> None:
        fresh, waiting, sent, failed, sending = (queue_letter() for _ in range(5))
        waiting.attempts, waiting.next_attempt_at = 1, NOW + timedelta(minutes=5)
        sent.status, sent.next_attempt_at = EmailStatus.SENT, None
        failed.status, failed.next_attempt_at = EmailStatus.FAILED, None
        sending.status, sending.claimed_at = EmailStatus.SENDING, NOW - timedelta(minutes=9)
        session.commit()

        assert transact(lambda: service.sweep_due(now=NOW)) == []
        assert fresh.status is EmailStatus.QUEUED

    def test_takes_up_retries_lost_jobs_and_stranded_letters(self, session: Session) -> None:
        retry, lost, stranded, noise = (queue_letter() for _ in range(4))
        retry.attempts = 1
        lost.next_attempt_at = NOW - timedelta(minutes=1)
        stranded.status, stranded.claimed_at = EmailStatus.SENDING, NOW - timedelta(minutes=10)
        session.commit()

        due = transact(lambda: service.sweep_due(now=NOW))

        assert set(due) == {retry.id, lost.id, stranded.id}
        assert list(jobs(session))[4:] == due
        assert noise.id not in due
