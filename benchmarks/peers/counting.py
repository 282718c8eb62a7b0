"""How many statements an answer took, told in a header by every peer that runs SQL."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

HEADER = "X-Queries"

_seen = threading.local()

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def note(*_: Any) -> None:
    """Count one statement of this thread's request: a listener of SQLAlchemy's cursors."""
    _seen.count = getattr(_seen, "count", 0) + 1


def counted(application: Application) -> Application:
    """Return the application with the number of its statements in a header of each answer."""

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        _seen.count = 0

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, (HEADER, str(_seen.count))], *rest)

        return application(environ, start)

    return answer
