"""The server's log file."""

from pathlib import Path
from typing import IO

BYTES_KEPT = 5_000_000


class ServerLog:
    """A file that processes write to, and that can tell what the latest of them said."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def open(self) -> IO[bytes]:
        """Open it for a new process; one grown above 5 MB begins anew."""
        size = self.path.stat().st_size if self.path.exists() else 0
        begin_anew = size > BYTES_KEPT
        self._start = 0 if begin_anew else size
        return self.path.open("wb" if begin_anew else "ab")

    def last_words(self) -> str:
        """Return the last lines written since it was opened, in one line."""
        with self.path.open("rb") as log:
            log.seek(self._start)
            lines = log.read().decode(errors="replace").strip().splitlines()
        return " / ".join(lines[-6:]) or "it said nothing."
