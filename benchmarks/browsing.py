"""Somebody who asks for pages: one connection that stays, one cookie, a clock."""

import contextlib
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse

from benchmarks.peers.counting import HEADER

READ_BYTES = 256 * 1024
#: The longest answer that is waited for.
TIMEOUT_SECONDS = 280


@dataclass(frozen=True)
class Answer:
    """What came, and how long it took."""

    status: int
    body: bytes
    #: How many bytes came; the body of a large answer is thrown away.
    size: int
    seconds: float
    first_byte_seconds: float
    #: None where a peer does not tell.
    queries: int | None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Browser:
    """One person's connection to one peer."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._port = port
        self._headers = {"Cookie": cookie} if cookie else {}
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def get(self, address: str, *, is_kept: bool = True) -> Answer:
        """Return the answer, read to its end.

        :param is_kept: False throws the body away as it comes, for a file of hundreds of megabytes.
        """
        started = time.perf_counter()
        response = self._ask(address)
        first = response.read(1)
        first_byte = time.perf_counter() - started
        parts, size = [first], len(first)
        while part := response.read(READ_BYTES):
            size += len(part)
            if is_kept:
                parts.append(part)
        return Answer(
            status=response.status,
            body=b"".join(parts),
            size=size,
            seconds=time.perf_counter() - started,
            first_byte_seconds=first_byte,
            queries=int(response.getheader(HEADER) or -1) if response.getheader(HEADER) else None,
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _ask(self, address: str) -> HTTPResponse:
        # The server may have closed a connection that was idle while another peer was asked.
        with contextlib.suppress(HTTPException, ConnectionError):
            self._connection.request("GET", address, headers=self._headers)
            return self._connection.getresponse()
        self._connection.close()
        self._connection.request("GET", address, headers=self._headers)
        return self._connection.getresponse()
