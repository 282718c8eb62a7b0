"""Exports: streamed CSV and constant-memory XLSX of what the list shows, in bounded memory."""

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import xlsxwriter
from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from rft_admin.admin.cells import exported
from rft_admin.admin.paths import Path, value_at
from rft_admin.admin.titles import loads_for
from rft_admin.core.database import db

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

ROWS_AT_ONCE = 500
#: Excel's own limit, less the heading.
MOST_XLSX_ROWS = 1_048_575
MOST_BYTES_IN_MEMORY = 1024 * 1024
CHUNK_BYTES = 64 * 1024
BYTE_ORDER_MARK = "\ufeff"

Value = str | int | float | Any


def rows_of(view: "TableView", statement: Select[Any], paths: list[Path]) -> Iterator[list[Value]]:
    """Return an iterator over the rows' values by descending id, on a connection of its own.

    :param statement: the ids that match, in no order.

    The page's transaction is not held open; a lazy column cannot be detached, for each portion is
    read whole in the session that loaded it.
    """
    # The engine is asked for now: the answer is streamed when the request is over.
    return _rows_of(view.model, db.engine, statement, paths)


def _rows_of(
    model: Any, engine: Engine, statement: Select[Any], paths: list[Path]
) -> Iterator[list[Value]]:
    with Session(engine, join_transaction_mode="create_savepoint") as apart:
        before: int | None = None
        while True:
            ids = statement.order_by(model.id.desc()).limit(ROWS_AT_ONCE)
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


def csv_lines(heads: list[str], rows: Iterator[list[Value]]) -> Iterator[str]:
    """Yield the lines of a CSV file that Excel reads as UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow(heads)
    for count, row in enumerate(rows, start=1):
        writer.writerow(row)
        if count % 100 == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def xlsx_chunks(heads: list[str], rows: Iterator[list[Value]]) -> Iterator[bytes]:
    """Yield the bytes of a workbook kept on disk: texts stay texts, never formulas."""
    with tempfile.SpooledTemporaryFile(MOST_BYTES_IN_MEMORY) as file:
        _write_workbook(file, heads, rows)
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _write_workbook(file: Any, heads: list[str], rows: Iterator[list[Value]]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(file, options)
    sheet = workbook.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, heads, workbook.add_format({"bold": True}))
    for number, row in enumerate(rows, start=1):
        if number > MOST_XLSX_ROWS:
            break
        sheet.write_row(number, 0, row)
    workbook.close()


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
