"""SMTP: the only file that speaks it."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from urllib.parse import parse_qs, unquote, urlsplit

from rft_admin.core.environment import config
from rft_admin.messaging.attachments import Attachment

TIMEOUT_SECONDS = 30
PORTS = {"smtp": 587, "smtps": 465}


class TemporaryFailure(Exception):
    """The letter could not be handed over now; later it may."""


class PermanentFailure(Exception):
    """The letter will never be taken: its address or its text is refused."""


@dataclass(frozen=True, kw_only=True)
class OutgoingLetter:
    """A letter ready to be handed over."""

    sender_name: str
    sender_address: str
    reply_to: str
    recipient: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    message_id: str
    date: datetime


@dataclass(frozen=True)
class _Server:
    """Where SMTP_URL points."""

    host: str
    port: int
    user: str | None
    password: str
    #: "implicit" (smtps), "starttls" or "none".
    tls: str


def deliver(letter: OutgoingLetter) -> None:
    """Hand the letter to the mail server of SMTP_URL.

    :raises TemporaryFailure: if the server is away, busy, or asks to come again (4xx).
    :raises PermanentFailure: if it refuses the address or the letter for good (5xx), or the
        letter's headers are not ones to send.
    """
    message = build_message(letter)
    try:
        with _connection() as smtp:
            smtp.send_message(message, letter.sender_address, [letter.recipient])
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise _failure_of(code, answer) from error
    except smtplib.SMTPAuthenticationError as error:
        # Our own credentials are wrong: that will be mended, and the letter is still wanted.
        raise TemporaryFailure("The mail server refuses our user or password.") from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise _failure_of(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise PermanentFailure(f"The mail server cannot do this: {error}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise TemporaryFailure(f"The mail server cannot be reached: {error}") from error


def build_message(letter: OutgoingLetter) -> EmailMessage:
    """Return the letter as a message with a text part, an HTML part and its attachments.

    :raises PermanentFailure: if an address or the subject would forge a header.
    """
    try:
        message = _with_headers(letter)
    except (ValueError, IndexError, MessageError) as error:
        raise PermanentFailure(f"The letter's headers are not valid: {error}") from error
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for attachment in letter.attachments:
        _attach(message, attachment)
    return message


def _with_headers(letter: OutgoingLetter) -> EmailMessage:
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Address(letter.sender_name, addr_spec=letter.sender_address)
    message["To"] = Address(addr_spec=letter.recipient)
    if letter.reply_to and letter.reply_to != letter.sender_address:
        message["Reply-To"] = Address(addr_spec=letter.reply_to)
    message["Subject"] = letter.subject
    message["Date"] = letter.date
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    return message


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    maintype, _, subtype = attachment.media_type.partition(";")[0].strip().partition("/")
    if maintype == "text":
        # An invitation is text: calendars read it only if it says so, with its method.
        params = {"method": "PUBLISH"} if subtype == "calendar" else {}
        message.add_attachment(
            attachment.content.decode(errors="replace"),
            subtype=subtype,
            filename=attachment.name,
            params=params,
            cte="base64",
        )
        return
    message.add_attachment(
        attachment.content, maintype=maintype, subtype=subtype, filename=attachment.name
    )


@contextmanager
def _connection() -> Iterator[smtplib.SMTP]:
    server = _parse(config().smtp_url)
    context = ssl.create_default_context()
    if server.tls == "implicit":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        if server.tls == "starttls":
            smtp.starttls(context=context)
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp
    finally:
        # A letter that was taken stays taken, however the goodbye ends.
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
        smtp.close()


def _parse(url: str) -> _Server:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise TemporaryFailure("SMTP_URL must read smtp://host:port or smtps://host:port.")
    asked = parse_qs(parts.query).get("tls", [""])[0]
    return _Server(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
        tls="implicit" if parts.scheme == "smtps" else asked or "none",
    )


def _failure_of(code: int, answer: bytes | str) -> TemporaryFailure | PermanentFailure:
    words = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    told = f"The mail server answered {code}: {words}"
    return PermanentFailure(told) if code >= 500 else TemporaryFailure(told)
