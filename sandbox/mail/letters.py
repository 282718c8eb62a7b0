"""The letters caught: one .eml file each, so that a restart keeps them."""

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import parsedate_to_datetime
from pathlib import Path

NEWEST_KEPT = 500


@dataclass(frozen=True)
class Attachment:
    """A part of a letter that is neither its text nor its HTML."""

    name: str
    media_type: str
    content: bytes
    content_id: str


@dataclass(frozen=True)
class Letter:
    """A letter as its reader gets it."""

    id: str
    sender: str
    recipients: list[str]
    subject: str
    #: ISO 8601, from the Date header; empty when that cannot be read.
    date: str
    text: str
    html: str
    attachments: list[Attachment]
    source: bytes

    def as_json(self) -> dict[str, object]:
        """Return what the API shows of it."""
        return {
            "id": self.id,
            "from": self.sender,
            "to": self.recipients,
            "subject": self.subject,
            "date": self.date,
            "text": self.text,
            "html": self.html,
            "attachments": [
                {"name": part.name, "type": part.media_type, "size": len(part.content)}
                for part in self.attachments
            ],
        }


class LetterBox:
    """A directory of letters, the newest 500."""

    def __init__(self, directory: Path, *, keep: int = NEWEST_KEPT) -> None:
        self.directory = directory
        self._keep = keep
        directory.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes, *, sender: str, recipients: Sequence[str]) -> str:
        """Store a letter as received, envelope on top; return its id. The oldest beyond 500 go."""
        letter_id = f"{time.time_ns():020d}"
        envelope = f"X-Envelope-From: {sender}\r\nX-Envelope-To: {', '.join(recipients)}\r\n"
        unfinished = self.directory / f"{letter_id}.part"
        unfinished.write_bytes(envelope.encode() + content)
        unfinished.rename(self._path(letter_id))
        for old in self._ids()[self._keep :]:
            self._path(old).unlink(missing_ok=True)
        return letter_id

    def list_letters(self) -> Iterator[Letter]:
        """Yield the letters, the newest first."""
        for letter_id in self._ids():
            if letter := self.find(letter_id):
                yield letter

    def find(self, letter_id: str) -> Letter | None:
        """Return a letter, None if there is none of this id."""
        if not re.fullmatch(r"[0-9]{20}", letter_id):
            return None
        with contextlib.suppress(FileNotFoundError):
            return _read(letter_id, self._path(letter_id).read_bytes())
        return None

    def clear(self) -> None:
        """Throw all letters away."""
        for letter_id in self._ids():
            self._path(letter_id).unlink(missing_ok=True)

    def _path(self, letter_id: str) -> Path:
        return self.directory / f"{letter_id}.eml"

    def _ids(self) -> list[str]:
        return sorted((path.stem for path in self.directory.glob("*.eml")), reverse=True)


def _read(letter_id: str, source: bytes) -> Letter:
    message = message_from_bytes(source, _class=EmailMessage, policy=policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    others = [part for part in message.walk() if not part.is_multipart()]
    return Letter(
        id=letter_id,
        sender=str(message.get("From", message.get("X-Envelope-From", ""))),
        recipients=_recipients(message),
        # A long first word is folded onto a line of its own, which begins with a space.
        subject=str(message.get("Subject", "")).strip(),
        date=_date(message),
        text=_content(text) if text else "",
        html=_content(html) if html else "",
        attachments=[
            _attachment(part, number)
            for number, part in enumerate(others, start=1)
            if part is not text and part is not html
        ],
        source=source,
    )


def _recipients(message: EmailMessage) -> list[str]:
    """Return whom the envelope named: the header may name others, and does not name the blind."""
    names = str(message.get("X-Envelope-To", "")).split(",")
    return [name.strip() for name in names if name.strip()]


def _date(message: EmailMessage) -> str:
    try:
        return parsedate_to_datetime(str(message.get("Date", ""))).isoformat()
    except ValueError:
        return ""


def _content(part: MIMEPart) -> str:
    """Return a text part with plain line ends, whatever it claims its character set is."""
    try:
        content = str(part.get_content())
    except (LookupError, UnicodeError):
        content = _bytes(part).decode("utf-8", errors="replace")
    return content.replace("\r\n", "\n")


def _bytes(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attachment(part: MIMEPart, number: int) -> Attachment:
    extension = part.get_content_subtype()
    return Attachment(
        name=part.get_filename() or f"part-{number}.{extension}",
        media_type=part.get_content_type(),
        content=_bytes(part),
        content_id=str(part.get("Content-ID", "")).strip("<>"),
    )
