"""The catcher's web server, on loopback: pages for people, JSON for programs."""

import json
import re
import socketserver
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlsplit

from sandbox.mail import pages
from sandbox.mail.letters import Letter, LetterBox

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
OUR_HOSTS = ("127.0.0.1", "localhost")
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'"
#: A letter's own HTML: no scripts, no forms, nothing from elsewhere, as mail readers do.
LETTER_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src 'self' data:; style-src 'unsafe-inline'"
)


class MailPages(ThreadingHTTPServer):
    """Serves one letter box on 127.0.0.1."""

    daemon_threads = True

    def __init__(self, port: int, letters: LetterBox) -> None:
        self.letters = letters
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are, as http.server would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: MailPages
    server_version = "mail"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a page or a question."""
        path = urlsplit(self.path).path
        letters = self.server.letters
        if not self._is_ours():
            self._send(HTTPStatus.FORBIDDEN, TEXT, "Ask for 127.0.0.1 or localhost.")
        elif path == "/":
            self._send_page(pages.letter_list(letters.list_letters()))
        elif path == "/api/messages":
            self._send_json([letter.as_json() for letter in letters.list_letters()])
        elif found := re.fullmatch(r"(/api)?/messages/([0-9]+)(?:/(.+))?", path):
            self._show(letters.find(found[2]), found[1], found[3])
        else:
            self._send_not_found()

    def do_POST(self) -> None:
        """Empty the box by the page's button; another site's form may not."""
        elsewhere = self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
        if not self._is_ours() or elsewhere or self.path != "/delete":
            self._send(HTTPStatus.FORBIDDEN, TEXT, "Refused.")
            return
        self.server.letters.clear()
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", "/")
        self.end_headers()

    def do_DELETE(self) -> None:
        """Empty the box."""
        if not self._is_ours() or self.path != "/api/messages":
            self._send_not_found()
            return
        self.server.letters.clear()
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep quiet: addresses of letters are nobody's business."""

    def _is_ours(self) -> bool:
        return self.headers.get("Host", "").rsplit(":", 1)[0] in OUR_HOSTS

    def _show(self, letter: Letter | None, api: str | None, part: str | None) -> None:
        if letter is None:
            self._send_not_found()
        elif api:
            self._send_json(letter.as_json())
        elif part is None:
            self._send_page(pages.letter_page(letter))
        elif part == "html":
            self._send(HTTPStatus.OK, HTML, pages.letter_html(letter), policy=LETTER_POLICY)
        elif part == "raw":
            self._send(HTTPStatus.OK, TEXT, letter.source)
        else:
            self._send_attachment(letter, part)

    def _send_attachment(self, letter: Letter, part: str) -> None:
        found = re.fullmatch(r"attachments/([0-9]{1,4})", part)
        if not found or int(found[1]) >= len(letter.attachments):
            self._send_not_found()
            return
        attachment = letter.attachments[int(found[1])]
        disposition = f"attachment; filename*=UTF-8''{quote(attachment.name, safe='')}"
        self._send(
            HTTPStatus.OK,
            attachment.media_type,
            attachment.content,
            headers={"Content-Disposition": disposition},
        )

    def _send_not_found(self) -> None:
        self._send(HTTPStatus.NOT_FOUND, HTML, pages.not_found())

    def _send_page(self, page: str) -> None:
        self._send(HTTPStatus.OK, HTML, page)

    def _send_json(self, answer: object) -> None:
        self._send(HTTPStatus.OK, "application/json", json.dumps(answer))

    def _send(
        self,
        status: HTTPStatus,
        media_type: str,
        body: str | bytes,
        *,
        policy: str = PAGE_POLICY,
        headers: dict[str, str] | None = None,
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
