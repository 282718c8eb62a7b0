"""Tests of printing: documents, and the process beside this one that compiles them."""

import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pypdf
import pytest

from rft_admin.core import pdf
from rft_admin.core.printer import CannotPrint, Printer, PrinterAway, our_printer
from rft_admin.core.templating import TEMPLATES

#: Answers each order with the process's number, and hangs or dies at the words for it.
ECHO = """
import os, struct, sys
while True:
    head = sys.stdin.buffer.read(4)
    if not head:
        break
    order = sys.stdin.buffer.read(*struct.unpack(">I", head))
    if order == b"die":
        os._exit(3)
    if order == b"hang":
        sys.stdin.buffer.read()
    said = "\\n".join(os.environ) if order == b"surroundings" else str(os.getpid())
    answer = b"P" + said.encode()
    sys.stdout.buffer.write(struct.pack(">I", len(answer)) + answer)
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[Printer]:
    """A printer whose process answers with its own number."""
    program = tmp_path / "echo.py"
    program.write_text(ECHO)
    printer = Printer([sys.executable, "-I", str(program)], patience_seconds=20)
    yield printer
    printer.close()


def a_report(rows: int, **data: str) -> bytes:
    table = [[f"Learner {number}", "£75.00"] for number in range(rows)]
    return pdf.render_pdf(
        "pdf/report.typ",
        {"title": "Bookings", "columns": ["Name", "Sum"], "rows": table, **data},
    )


class TestADocument:
    def test_is_refused_when_its_template_is_faulty(self) -> None:
        with pytest.raises(CannotPrint):
            pdf.render_pdf("pdf/report.typ", {"title": "without columns"})

    def test_prints_what_people_typed_as_text_and_never_as_markup(self) -> None:
        typed = '*bold* #sys.version $x^2$ "quoted" \\ </data>'

        document = pypdf.PdfReader(io.BytesIO(a_report(1, title=typed)))

        assert typed in document.pages[0].extract_text()

    def test_is_tagged_for_screen_readers_and_made_for_the_archive(self) -> None:
        printed = a_report(3)

        catalogue = pypdf.PdfReader(io.BytesIO(printed)).root_object

        assert catalogue["/MarkInfo"]["/Marked"]
        assert "/StructTreeRoot" in catalogue
        assert str(catalogue["/Lang"]).startswith("en")
        assert b"pdfuaid:part" in printed
        assert b"pdfaid:part" in printed

    def test_that_is_large_takes_its_memory_with_it(self) -> None:
        a_report(1)
        before = our_printer(TEMPLATES, pdf.FONTS).process_id

        large = a_report(800)
        after_it = a_report(1)

        assert len(large) > len(after_it)
        assert our_printer(TEMPLATES, pdf.FONTS).process_id not in (before, None)

    def test_may_be_one_of_many_at_once(self) -> None:
        with ThreadPoolExecutor(8) as people:
            printed = list(people.map(a_report, range(1, 17)))

        texts = [pypdf.PdfReader(io.BytesIO(one)).pages[0].extract_text() for one in printed]
        for rows, words in enumerate(texts, start=1):
            assert f"Learner {rows - 1}" in words
            assert f"Learner {rows}\n" not in words


class TestThePrinter:
    def test_that_hangs_is_ended_and_the_next_order_printed(self, printer: Printer) -> None:
        printer.patience_seconds = 0.2

        with pytest.raises(PrinterAway):
            printer.print(b"hang")
        printer.patience_seconds = 20

        assert printer.print(b"who").isdigit()

    def test_that_dies_of_an_order_is_asked_twice_and_no_more(self, printer: Printer) -> None:
        with pytest.raises(PrinterAway):
            printer.print(b"die")

        assert printer.print(b"who").isdigit()

    def test_that_ended_meanwhile_is_replaced_unseen(self, printer: Printer) -> None:
        first = printer.print(b"who")
        assert printer.process_id is not None

        printer.close()

        assert printer.process_id is None
        assert printer.print(b"who") != first

    def test_is_one_process_for_all_orders(self, printer: Printer) -> None:
        assert len({printer.print(b"who") for _ in range(5)}) == 1

    def test_is_told_no_secret(self, printer: Printer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_KEY", "not for printers")

        assert "SECRET_KEY" not in printer.print(b"surroundings").decode()
