"""The catcher itself: SMTP in, letter box, pages out, both on loopback."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.mail.letters import LetterBox
from sandbox.mail.web import MailPages
from sandbox.ports import free_port


class MailCatcher:
    """A mail server that keeps every letter; as a context manager it starts and stops.

    `smtp_port` and `web_port` say where it is, also when free ones were asked for by 0.
    """

    def __init__(self, directory: Path, *, smtp_port: int = 0, web_port: int = 0) -> None:
        self.letters = LetterBox(directory)
        self.smtp_port = smtp_port or free_port()
        self._smtp = Controller(
            _Delivery(self.letters),
            hostname="127.0.0.1",
            port=self.smtp_port,
            server_hostname="localhost",
        )
        self._pages = MailPages(web_port, self.letters)
        self.web_port = self._pages.server_port
        self._thread = threading.Thread(target=self._pages.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        """Start both servers."""
        self._smtp.start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop both servers; the letters stay."""
        self._smtp.stop()
        self._pages.shutdown()
        self._pages.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Return the address of the pages."""
        return f"http://127.0.0.1:{self.web_port}/"


class _Delivery:
    """What aiosmtpd calls for each letter."""

    def __init__(self, letters: LetterBox) -> None:
        self._letters = letters

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the letter."""
        content = envelope.content or b""
        self._letters.put(
            content.encode() if isinstance(content, str) else content,
            sender=envelope.mail_from or "",
            recipients=envelope.rcpt_tos,
        )
        return "250 Kept"
