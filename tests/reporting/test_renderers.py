"""Tests of how reports are written: formulas disarmed, London's time, pounds to the penny."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

from rft_admin.reporting import renderers
from rft_admin.reporting.models import ReportFormat

COLUMNS = ("Name", "When", "Pounds", "Places", "Company")
SUMMER = datetime(2027, 6, 1, 8, 30, tzinfo=UTC)
ROW = ("Kim Example", SUMMER, Decimal("1234.50"), 3, None)
EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx")


class TestCsv:
    @pytest.mark.parametrize("evil", EVIL)
    def test_disarms_formulas(self, evil: str) -> None:
        rows = _csv([(evil, SUMMER, Decimal(0), 0, "")])

        assert rows[1][0] == f"'{evil}"

    def test_leaves_negative_numbers_as_numbers(self) -> None:
        assert _csv([("Kim", SUMMER, Decimal("-5.00"), -1, "")])[1][2:4] == ["-5.00", "-1"]

    def test_writes_london_time(self) -> None:
        assert _csv([ROW])[1] == ["Kim Example", "2027-06-01 09:30", "1234.50", "3", ""]

    def test_begins_with_the_mark_that_excel_needs(self) -> None:
        assert renderers.to_csv("T", COLUMNS, []).startswith(b"\xef\xbb\xbf")


class TestExcel:
    @pytest.mark.parametrize("evil", EVIL[:4])
    def test_writes_no_formula(self, evil: str) -> None:
        sheet = _sheet([(evil, SUMMER, Decimal(0), 0, "")])

        assert "<f>" not in sheet
        assert evil.removeprefix("=") in sheet

    def test_writes_money_and_places_as_numbers_and_london_time_as_a_date(self) -> None:
        sheet = _sheet([ROW])

        values = [node.text for node in ElementTree.fromstring(sheet).iter() if _tag(node) == "v"]  # noqa: S314 - our own file
        assert [float(value or 0) for value in values] == pytest.approx(
            [46539 + 9.5 / 24, 1234.5, 3]
        )

    def test_takes_any_title(self) -> None:
        assert renderers.to_excel("Bookings: [1/2] of *?", COLUMNS, [ROW])


class TestJson:
    def test_keeps_money_as_text_and_moments_with_their_offset(self) -> None:
        written = json.loads(renderers.to_json("Bookings", COLUMNS, [ROW]))

        assert written == {
            "report": "Bookings",
            "rows": [
                {
                    "Name": "Kim Example",
                    "When": "2027-06-01T09:30:00+01:00",
                    "Pounds": "1234.50",
                    "Places": 3,
                    "Company": None,
                }
            ],
        }


class TestPdf:
    def test_is_refused_above_two_thousand_rows(self) -> None:
        with pytest.raises(ValueError, match="2000 rows at most"):
            renderers.to_pdf("Bookings", COLUMNS, [ROW] * 2001)

    def test_is_a_tagged_document(self) -> None:
        pdf = renderers.to_pdf(
            "Bookings", COLUMNS, [ROW, ("#strong[x]", SUMMER, Decimal(1), 1, "")]
        )

        assert pdf.startswith(b"%PDF-")
        assert b"pdfuaid:part" in pdf


class TestRenderers:
    def test_exist_for_every_format(self) -> None:
        assert set(renderers.RENDERERS) == set(renderers.MEDIA_TYPES) == set(ReportFormat)


def _csv(rows: list[tuple[Any, ...]]) -> list[list[str]]:
    text = renderers.to_csv("T", COLUMNS, rows).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def _sheet(rows: list[tuple[Any, ...]]) -> str:
    book = renderers.to_excel("T", COLUMNS, rows)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return archive.read("xl/worksheets/sheet1.xml").decode()


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]
