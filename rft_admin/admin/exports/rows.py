"""The rows of an export, read on a connection of their own, a few at a time.

The generators begin when they are first asked, which is when the request is over and its own
connection is back in the pool: an export never holds two. Whoever stops asking frees it.
"""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection as PsycopgConnection
from psycopg import Copy, Cursor
from sqlalchemy import Engine, Select, select, text
from sqlalchemy.orm import Session

from rft_admin.admin.cells import exported
from rft_admin.admin.paths import Path, value_at
from rft_admin.admin.titles import loads_for

ROWS_AT_ONCE = 500
BLOCK_BYTES = 256 * 1024
#: Above so many rows a file begins at once, along the key; below, a sort is quicker still.
SORTED_ROWS = 50_000
#: How long the database may take for one file; the web's usual limit is for pages.
MOST_MINUTES = 10

Value = Any


def csv_blocks(
    engine: Engine, statement: Select[Any], head: bytes, *, count: int = 0
) -> Iterator[bytes]:
    """Yield a CSV file as PostgreSQL writes it (COPY), in blocks, after its head.

    :param count: about how many rows there are.
    """
    block = bytearray(head)
    with _Apart(engine, count) as apart, apart.copy(statement, "csv") as copy:
        for line in copy:
            block += line
            if len(block) >= BLOCK_BYTES:
                yield bytes(block)
                block.clear()
    # The last block, of a small file the only one, waits for its reader without a connection.
    yield bytes(block)


def copied_rows(engine: Engine, statement: Select[Any], *, count: int = 0) -> Iterator[list[Value]]:
    """Yield the rows of the same statement one by one, as texts; None is an empty cell."""
    with _Apart(engine, count) as apart, apart.copy(statement, "text") as copy:
        for row in copy.rows():
            yield list(row)


def portioned_rows(
    engine: Engine, model: Any, matching: Select[Any], paths: list[Path]
) -> Iterator[list[Value]]:
    """Yield the rows by descending id, each portion loaded whole and put into words in Python.

    A lazy column cannot be detached, for each portion is read in the session that loaded it.
    """
    with Session(engine, join_transaction_mode="create_savepoint") as apart:
        before: int | None = None
        while True:
            ids = matching.order_by(model.id.desc()).limit(ROWS_AT_ONCE)
            if before is not None:
                ids = ids.where(model.id < before)
            numbers = list(apart.scalars(ids))
            if not numbers:
                return
            loaded = select(model).where(model.id.in_(numbers)).order_by(model.id.desc())
            for row in apart.scalars(loaded.options(*loads_for(model, paths))).unique():
                yield [exported(value_at(row, path)) for path in paths]
            apart.expunge_all()
            before = numbers[-1]


class _Apart:
    """A session of its own for one COPY; a file that was not read to its end breaks it off."""

    def __init__(self, engine: Engine, count: int) -> None:
        self._settings = [f"statement_timeout = '{MOST_MINUTES}min'", "datestyle = 'ISO'"]
        if count > SORTED_ROWS:
            self._settings.append("enable_sort = off")
        self._session = Session(engine, join_transaction_mode="create_savepoint")

    def __enter__(self) -> "_Apart":
        for setting in self._settings:
            self._session.execute(text(f"SET LOCAL {setting}"))
        return self

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if kind is None:
            self._session.close()
        else:
            # The server is still sending: only the end of the connection makes it stop.
            self._session.invalidate()

    def copy(self, statement: Select[Any], how: str) -> "_Copying":
        """Return the COPY of a statement's rows, `csv` or `text`."""
        connection = self._session.connection()
        compiled = statement.compile(
            dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
        )
        raw = connection.connection.driver_connection
        if not isinstance(raw, PsycopgConnection):
            raise TypeError(f"COPY needs psycopg, not {type(raw)}.")
        # psycopg doubles no percent sign where there is no parameter at all.
        parameters = {"nothing": None, **compiled.params}
        return _Copying(raw.cursor(), f"COPY ({compiled}) TO STDOUT (FORMAT {how})", parameters)


class _Copying:
    """A running COPY; when it is broken off, what was not read yet is not waited for."""

    def __init__(self, cursor: Cursor[Any], statement: str, parameters: dict[str, Any]) -> None:
        self._manager = cursor.copy(statement.encode(), parameters)

    def __enter__(self) -> Copy:
        return self._manager.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self._manager.__exit__(None, None, None)
