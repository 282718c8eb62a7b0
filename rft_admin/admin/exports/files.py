"""The files that a browser saves: CSV as it comes, XLSX in constant memory."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import xlsxwriter

from rft_admin.admin.paths import Path

#: Excel's own limit, less the heading.
MOST_XLSX_ROWS = 1_048_575
MOST_BYTES_IN_MEMORY = 1024 * 1024
CHUNK_BYTES = 64 * 1024
#: By it Excel knows UTF-8.
BYTE_ORDER_MARK = "\ufeff"
NUMBERS = frozenset({"money", "number"})


def csv_head(heads: list[str]) -> bytes:
    """Return a CSV file's first line."""
    return "".join(csv_lines(heads, ())).encode()


def csv_lines(heads: list[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    """Yield the lines of a CSV file; a line ends as PostgreSQL ends it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow(heads)
    for count, row in enumerate(rows, start=1):
        writer.writerow(row)
        if count % 100 == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def xlsx_chunks(heads: list[str], paths: list[Path], rows: Iterable[list[Any]]) -> Iterator[bytes]:
    """Yield the bytes of a workbook kept on disk: texts stay texts, never formulas."""
    are_numbers = [path.kind in NUMBERS for path in paths]
    with tempfile.SpooledTemporaryFile(MOST_BYTES_IN_MEMORY) as file:
        _write_workbook(file, heads, are_numbers, rows)
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _write_workbook(
    file: Any, heads: list[str], are_numbers: list[bool], rows: Iterable[list[Any]]
) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(file, options)
    sheet = workbook.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, heads, workbook.add_format({"bold": True}))
    for number, row in enumerate(rows, start=1):
        if number > MOST_XLSX_ROWS:
            break
        for place, (value, is_number) in enumerate(zip(row, are_numbers, strict=True)):
            if value is None or value == "":
                continue
            if is_number:
                sheet.write_number(number, place, Decimal(value))
            else:
                sheet.write_string(number, place, str(value))
    workbook.close()


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
