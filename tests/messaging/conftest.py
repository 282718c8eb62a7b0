"""A mail server with a memory, and letters to send."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from rft_admin.core.database import transact
from rft_admin.messaging import service
from rft_admin.messaging.models import EmailLog
from sandbox.ports import free_port

NOW = datetime(2027, 3, 3, 9, 30, tzinfo=UTC)


@dataclass
class Mailbox:
    """What the mail server took, and what it answers next."""

    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answer_to_recipient: str = "250 OK"
    answer_to_data: str = "250 OK"
    #: Called while the client waits for the answer to its letter.
    meanwhile: Callable[[], None] = lambda: None
    url: str = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take or refuse a recipient."""
        if self.answer_to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipient

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        """Take or refuse a letter."""
        self.meanwhile()
        if self.answer_to_data.startswith("250"):
            letter = message_from_bytes(envelope.content, policy=modern)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
            self.recipients.extend(envelope.rcpt_tos)
        return self.answer_to_data


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server on this machine that remembers every letter."""
    mailbox = Mailbox()
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    mailbox.url = f"smtp://127.0.0.1:{port}"
    yield mailbox
    controller.stop()


def point_at(app: Flask, smtp_url: str) -> None:
    """Let the application hand its letters to another mail server."""
    app.config["RFT"] = replace(app.config["RFT"], smtp_url=smtp_url)


@pytest.fixture
def mail_app(app: Flask, mailbox: Mailbox) -> Iterator[Flask]:
    """The application under test, pointed at the mail server with a memory."""
    before = app.config["RFT"]
    point_at(app, mailbox.url)
    yield app
    app.config["RFT"] = before


def queue_letter(**changes: Any) -> EmailLog:
    """Queue a letter in a unit of work of its own."""
    arguments: dict[str, Any] = {
        "template": "password_changed",
        "to": "kim@example.com",
        "subject": "Your password was changed",
        "context": {
            "first_name": "Kim",
            "changed_at": "3 Mar 2027, 09:30",
            "forgot_address": "http://localhost/admin/forgot",
        },
        "now": NOW,
    }
    return transact(lambda: service.queue_letter(**(arguments | changes)))
