"""How a report is written: CSV, Excel, JSON or PDF, formulas disarmed, times in London."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import xlsxwriter

from rft_admin.core.clock import to_london
from rft_admin.core.formats import format_short_date
from rft_admin.core.pdf import render_pdf
from rft_admin.reporting.models import ReportFormat
from rft_admin.reporting.queries import Cell

#: A cell that starts with one of these is a formula to a spreadsheet (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: A sheet of paper is read, not searched: longer reports belong into a spreadsheet.
MAX_PDF_ROWS = 2000

Rows = Iterable[tuple[Cell, ...]]
Renderer = Callable[[str, Sequence[str], Rows], bytes]


def to_csv(_title: str, columns: Sequence[str], rows: Rows) -> bytes:
    """Return the rows as CSV in UTF-8 with a mark that Excel needs to see it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_as_text(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def to_excel(title: str, columns: Sequence[str], rows: Rows) -> bytes:
    """Return the rows as a workbook, written row by row in constant memory."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "default_date_format": "dd/mm/yyyy hh:mm",
        },
    )
    workbook.set_properties({"title": title})
    sheet = workbook.add_worksheet("Report")
    bold = workbook.add_format({"bold": True})
    pounds = workbook.add_format({"num_format": "£#,##0.00"})
    moment = workbook.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(columns) - 1, 18)
    sheet.write_row(0, 0, columns, bold)
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, place, to_london(cell).replace(tzinfo=None), moment)
            elif isinstance(cell, Decimal):
                sheet.write_number(number, place, cell, pounds)
            else:
                sheet.write(number, place, "" if cell is None else cell)
    workbook.close()
    return target.getvalue()


def to_json(title: str, columns: Sequence[str], rows: Rows) -> bytes:
    """Return the rows as JSON objects; money stays a text, so that no penny is rounded."""
    written = [dict(zip(columns, map(_as_json, row), strict=True)) for row in rows]
    return json.dumps({"report": title, "rows": written}, indent=1).encode()


def to_pdf(title: str, columns: Sequence[str], rows: Rows) -> bytes:
    """Return the rows as a table on paper.

    :raises ValueError: above 2,000 rows.
    """
    table = [[_as_paper(cell) for cell in row] for row in rows]
    if len(table) > MAX_PDF_ROWS:
        raise ValueError(f"A PDF holds {MAX_PDF_ROWS} rows at most; choose Excel or CSV.")
    return render_pdf("pdf/report.typ", {"title": title, "columns": columns, "rows": table})


RENDERERS: dict[ReportFormat, Renderer] = {
    ReportFormat.CSV: to_csv,
    ReportFormat.EXCEL: to_excel,
    ReportFormat.JSON: to_json,
    ReportFormat.PDF: to_pdf,
}
MEDIA_TYPES = {
    ReportFormat.CSV: ("csv", "text/csv; charset=utf-8"),
    ReportFormat.EXCEL: (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ReportFormat.JSON: ("json", "application/json"),
    ReportFormat.PDF: ("pdf", "application/pdf"),
}


def disarm(text: str) -> str:
    """Return the text so that a spreadsheet does not take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _as_text(cell: Cell) -> str | int | Decimal:
    if isinstance(cell, datetime):
        return f"{to_london(cell):%Y-%m-%d %H:%M}"
    if isinstance(cell, str):
        return disarm(cell)
    return "" if cell is None else cell


def _as_json(cell: Cell) -> str | int | None:
    if isinstance(cell, datetime):
        return to_london(cell).isoformat()
    return str(cell) if isinstance(cell, Decimal) else cell


def _as_paper(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return format_short_date(cell)
    return "" if cell is None else str(cell)
