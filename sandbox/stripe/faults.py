"""Trouble on demand: slow answers, 500, 429, connections cut before or after the deed."""

import fnmatch
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.errors import ApiError
from sandbox.stripe.state import Transaction

#: The kinds. `_after`: the deed is done and its answer kept under the idempotency key, but the
#: caller does not get it. `error_500_stored`: Stripe fails inside, and the key replays the 500;
#: `error_500_stored_after`: the same, though the deed is done.
KINDS = (
    "error_500",
    "error_500_after",
    "error_500_stored",
    "error_500_stored_after",
    "error_429",
    "cut_before",
    "cut_after",
    "slow",
    "slow_after",
)


@dataclass(frozen=True)
class Fault:
    """One trouble for one call; `seconds` for the slow kinds."""

    kind: str
    seconds: float = 0


def add_fault(
    tx: Transaction, kind: str, *, method: str, path: str, times: int, seconds: float
) -> None:
    """Arrange a fault for the next `times` calls whose method and path (with `*`) match.

    :raises ValueError: if there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
    tx.sql(
        "INSERT INTO faults (method, path, kind, remaining, seconds) VALUES (?, ?, ?, ?, ?)",
        method.upper(),
        path,
        kind,
        times,
        seconds,
    )


def take_fault(tx: Transaction, method: str, path: str) -> Fault | None:
    """Use up and return the oldest fault that matches a call."""
    for row in tx.sql("SELECT * FROM faults WHERE remaining > 0 ORDER BY seq"):
        if row["method"] in ("*", method) and fnmatch.fnmatch(path, row["path"]):
            tx.sql("UPDATE faults SET remaining = remaining - 1 WHERE seq = ?", row["seq"])
            return Fault(row["kind"], row["seconds"])
    return None


def strike_before(fault: Fault | None, environ: dict[str, Any]) -> None:
    """Do the harm that comes before the deed.

    :raises ApiError: 500 or 429.
    """
    if fault is None:
        return
    if fault.kind == "slow":
        time.sleep(fault.seconds)
    elif fault.kind == "error_500":
        raise broken()
    elif fault.kind == "error_429":
        raise ApiError(
            429,
            "Request rate limit exceeded.",
            code="rate_limit",
            remembered=False,
        )
    elif fault.kind == "cut_before":
        cut(environ)


def strike_after(fault: Fault | None, environ: dict[str, Any]) -> None:
    """Do the harm that comes after the deed.

    :raises ApiError: 500.
    """
    if fault is None:
        return
    if fault.kind == "slow_after":
        time.sleep(fault.seconds)
    elif fault.kind == "error_500_after":
        raise broken()
    elif fault.kind == "cut_after":
        cut(environ)


def broken() -> ApiError:
    """Return Stripe's 500."""
    return ApiError(500, "An unknown error occurred.", error_type="api_error")


def cut(environ: dict[str, Any]) -> None:
    """Reset the caller's connection.

    :raises ConnectionAbortedError: always, so that no answer is written.
    """
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("cut on demand")
