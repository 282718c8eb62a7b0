"""Tests of the message itself and of the mail server's address."""

from dataclasses import replace

import pytest
from flask import Flask

from rft_admin.messaging import transport
from rft_admin.messaging.attachments import AttachmentGone, load
from rft_admin.messaging.transport import OutgoingLetter, PermanentFailure, TemporaryFailure
from tests.messaging.conftest import NOW, Mailbox, point_at

LETTER = OutgoingLetter(
    sender_name="React Fast Training",
    sender_address="bookings@example.com",
    reply_to="info@example.com",
    recipient="kim@example.com",
    subject="Hello",
    text="Hello Kim, it costs £75.",
    html="<p>Hello Kim, it costs £75.</p>",
    attachments=(),
    message_id="<1@example.com>",
    date=NOW,
)


class TestMessage:
    @pytest.mark.parametrize(
        "forged",
        [
            {"recipient": "kim@example.com\r\nBcc: all@example.com"},
            {"recipient": "kim@example.com, sam@example.com"},
            {"recipient": "no address"},
            {"recipient": ""},
            {"subject": "Hello\r\nBcc: all@example.com"},
            {"sender_name": "Robin\nBcc: all@example.com"},
            {"reply_to": "info@example.com\r\nBcc: all@example.com"},
            {"message_id": "<1@example.com>\r\nBcc: all@example.com"},
        ],
    )
    def test_refuses_a_forged_header(self, forged: dict[str, str]) -> None:
        with pytest.raises(PermanentFailure):
            transport.build_message(replace(LETTER, **forged))

    def test_writes_every_letter_of_the_alphabet(self) -> None:
        message = transport.build_message(
            replace(LETTER, subject="Grüße – £75", sender_name='"Rob", Ltd. & Söhne')
        )

        assert message["Subject"] == "Grüße – £75"
        assert message["From"].addresses[0].display_name == '"Rob", Ltd. & Söhne'
        assert b"Bcc" not in message.as_bytes()
        assert message.as_bytes().isascii()

    def test_offers_the_text_first_and_the_html_as_the_better_choice(self) -> None:
        message = transport.build_message(LETTER)

        parts = [part.get_content_type() for part in message.iter_parts()]
        assert message.get_content_type() == "multipart/alternative"
        assert parts == ["text/plain", "text/html"]


class TestSmtpUrl:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("smtp://127.0.0.1:1025", ("127.0.0.1", 1025, None, "", "none")),
            (
                "smtp://user%40example.com:p%3Ass@mail.example.com?tls=starttls",
                ("mail.example.com", 587, "user@example.com", "p:ss", "starttls"),
            ),
            (
                "smtps://user:pass@mail.example.com",
                ("mail.example.com", 465, "user", "pass", "implicit"),
            ),
        ],
    )
    def test_is_read_with_its_port_user_and_tls(
        self, url: str, expected: tuple[object, ...]
    ) -> None:
        server = transport._parse(url)

        found = (server.host, server.port, server.user, server.password, server.tls)
        assert found == expected

    def test_that_is_none_is_a_temporary_failure(self, mail_app: Flask) -> None:
        point_at(mail_app, "https://mail.example.com")

        with mail_app.app_context(), pytest.raises(TemporaryFailure):
            transport.deliver(LETTER)

    def test_that_asks_for_tls_never_sends_without_it(
        self, mail_app: Flask, mailbox: Mailbox
    ) -> None:
        point_at(mail_app, mailbox.url + "?tls=starttls")

        with mail_app.app_context(), pytest.raises((TemporaryFailure, PermanentFailure)):
            transport.deliver(LETTER)

        assert mailbox.letters == []


class TestGoodbye:
    def test_that_fails_does_not_make_a_taken_letter_unsent(
        self, mail_app: Flask, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def refuse_to_part(_server: object, _session: object, _envelope: object) -> str:
            return "421 too busy to part"

        monkeypatch.setattr(mailbox, "handle_QUIT", refuse_to_part, raising=False)

        with mail_app.app_context():
            transport.deliver(LETTER)

        assert len(mailbox.letters) == 1


class TestAttachments:
    @pytest.mark.parametrize(
        "reference", [{"kind": "unheard_of", "id": 1}, {}, {"kind": "stored_file"}]
    )
    def test_that_nobody_makes_are_refused(self, reference: dict[str, object]) -> None:
        with pytest.raises(AttachmentGone):
            load([reference])
