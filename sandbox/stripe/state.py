"""The sandbox's memory: one SQLite file that forgets nothing at a restart or a kill."""

import json
import random
import secrets
import sqlite3
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.stripe.errors import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    created INTEGER NOT NULL, body TEXT NOT NULL, hidden TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects (json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_by_charge ON objects (json_extract(body, '$.charge'));
CREATE INDEX IF NOT EXISTS objects_open ON objects (json_extract(body, '$.expires_at'))
    WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open';
CREATE TABLE IF NOT EXISTS answers (
    idempotency_key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, request_id TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, last_status TEXT);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due);
CREATE TABLE IF NOT EXISTS timers (
    seq INTEGER PRIMARY KEY, due REAL NOT NULL, act TEXT NOT NULL, object_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
    seq INTEGER PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL,
    remaining INTEGER NOT NULL, seconds REAL NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY, request_id TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    idempotency_key TEXT, params TEXT NOT NULL, status INTEGER, replayed INTEGER NOT NULL DEFAULT 0,
    fault TEXT, received REAL NOT NULL);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_TABLES = ("objects", "answers", "deliveries", "timers", "faults", "requests", "switches")
_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """Return an identifier shaped like Stripe's."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


class Transaction:
    """Everything read and written inside one SQLite transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def sql(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Run one statement and return its rows."""
        return self._connection.execute(statement, values).fetchall()

    def add(self, stored: Json, **hidden: Any) -> Json:
        """Store a new object; `hidden` is what Stripe knows of it and does not show."""
        self.sql(
            "INSERT INTO objects (id, kind, created, body, hidden) VALUES (?, ?, ?, ?, ?)",
            stored["id"],
            stored["object"],
            stored["created"],
            json.dumps(stored),
            json.dumps(hidden),
        )
        return stored

    def save(self, stored: Json) -> Json:
        """Store an object's new state."""
        self.sql("UPDATE objects SET body = ? WHERE id = ?", json.dumps(stored), stored["id"])
        return stored

    def find(self, kind: str, identifier: str | None) -> Json | None:
        """Return the object of this kind and id, or None."""
        rows = self.sql("SELECT body FROM objects WHERE id = ? AND kind = ?", identifier, kind)
        return json.loads(rows[0]["body"]) if rows else None

    def get(self, kind: str, identifier: str | None) -> Json:
        """Return the object of this kind and id.

        :raises LookupError: if there is none.
        """
        found = self.find(kind, identifier)
        if found is None:
            raise LookupError(f"no {kind} {identifier}")
        return found

    def hidden(self, identifier: str) -> Json:
        """Return what is known of an object and not shown."""
        rows = self.sql("SELECT hidden FROM objects WHERE id = ?", identifier)
        return typed(json.loads(rows[0]["hidden"])) if rows else {}

    def hide(self, identifier: str, **changes: Any) -> None:
        """Remember more of an object than is shown."""
        changed = json.dumps(self.hidden(identifier) | changes)
        self.sql("UPDATE objects SET hidden = ? WHERE id = ?", changed, identifier)

    def every(self, kind: str, where: str = "1", *values: Any) -> list[Json]:
        """Return the objects of a kind, oldest first, filtered by a condition on the row."""
        return self.some(kind, f"{where} ORDER BY seq", *values)

    def some(self, kind: str, rest: str, *values: Any) -> list[Json]:
        """Return the objects of a kind chosen by the rest of the statement, its values bound."""
        # The rest is put together from constants of this package; what people send is bound.
        statement = "SELECT body FROM objects WHERE kind = ? AND " + rest  # noqa: S608
        return [json.loads(row["body"]) for row in self.sql(statement, kind, *values)]

    def switch(self, name: str, default: Any = None) -> Any:
        """Return a control's remembered position."""
        rows = self.sql("SELECT value FROM switches WHERE name = ?", name)
        return json.loads(rows[0]["value"]) if rows else default

    def set_switch(self, name: str, value: Any) -> None:
        """Remember a control's position."""
        self.sql("INSERT OR REPLACE INTO switches VALUES (?, ?)", name, json.dumps(value))

    def start_timer(self, act: str, object_id: str, due: float) -> None:
        """Have the sweeper do `act` to an object at `due` (seconds since 1970)."""
        self.sql("INSERT INTO timers (due, act, object_id) VALUES (?, ?, ?)", due, act, object_id)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside if it raises, and only that."""
        name = f"s{random.getrandbits(32)}"
        self._connection.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self._connection.execute(f"ROLLBACK TO {name}")
            raise
        finally:
            self._connection.execute(f"RELEASE {name}")

    def forget_everything(self) -> None:
        """Empty every table."""
        for table in _TABLES:
            self.sql(f"DELETE FROM {table}")  # noqa: S608 - names are constants of this module


def typed(value: Any) -> Json:
    """Return a decoded JSON object under its type."""
    return dict(value)


class Store:
    """The file, and one writer at a time.

    WAL with synchronous=NORMAL: a commit survives the death of the process, at any moment.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, timeout=30, check_same_thread=False, isolation_level=None
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)
        #: Set after every commit: there may be events to deliver.
        self.changed = threading.Event()

    @contextmanager
    def transaction(self, *, quiet: bool = False) -> Iterator[Transaction]:
        """Open the one transaction: committed at the end, undone by any exception.

        `quiet`: nothing to deliver comes of it.
        """
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        if not quiet:
            self.changed.set()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
