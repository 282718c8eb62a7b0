"""How soon, how fast and in how much memory does a file of all bookings come?"""

import subprocess
import time

import psycopg
from sqlalchemy import Dialect, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from benchmarks.browsing import Answer
from benchmarks.field import Field
from benchmarks.peers import OURS
from benchmarks.results import Chapter
from rft_admin import create_app
from rft_admin.admin.exports.texts import text_statement
from sandbox.postgres.binaries import find_binaries

FIRST_BYTE_SECONDS = 0.5
MOST_OF_COPY = 1.3
MOST_MEGABYTES = 32
XLSX_ROWS = 100_000
#: The columns that both write, and what they are in the database.
COLUMNS = (
    "booking_reference",
    "contact_name",
    "course_schedule.course_id",
    "course_schedule.start_datetime",
    "number_of_places",
    "status",
    "payment_status",
    "payment_amount",
)
PLAIN = """
    SELECT b.booking_reference, b.contact_first_name || ' ' || b.contact_last_name, c.name,
           s.start_datetime, b.number_of_places, b.status, b.payment_status, b.payment_amount
    FROM bookings b JOIN course_schedules s ON s.id = b.course_schedule_id
    JOIN courses c ON c.id = s.course_id ORDER BY b.id DESC
"""
ROUNDS = 3


def answer(field: Field) -> list[Chapter]:
    """Return the chapters."""
    return [_csv(field), _xlsx(field)]


def _csv(field: Field) -> Chapter:
    rows = field.databases.large.bookings
    chapter = Chapter(f"A CSV file of all {rows:,} bookings")
    address = f"/admin/bookings/export/csv/?{_columns()}"
    same, plain = _same_statement(field), " ".join(PLAIN.split())
    # The first file of the process: what it grows by has not been there before.
    _, grown = _exported(field, address)
    answers, copies, plain_copies = [], [], []
    for _ in range(ROUNDS):
        copies.append(_copy(field, same))
        answers.append(_exported(field, address)[0])
        plain_copies.append(_copy(field, plain))
    fastest = min(answers, key=lambda one: one.seconds)
    chapter.tell("size", f"{fastest.size / 1_000_000:.0f} MB")
    chapter.tell("time", f"{fastest.seconds:.2f} s")
    chapter.tell("`psql \\copy` of the same file", f"{min(copies):.2f} s")
    words = "`psql \\copy` of the columns as they are stored, without London's times and the guard"
    chapter.tell(words, f"{min(plain_copies):.2f} s")
    first = max(one.first_byte_seconds for one in answers)
    chapter.at_most("first byte", first, FIRST_BYTE_SECONDS, "s")
    chapter.at_most("the time of `psql \\copy`", fastest.seconds / min(copies), MOST_OF_COPY)
    chapter.at_most("memory more", grown, MOST_MEGABYTES, "MB")
    return chapter


def _xlsx(field: Field) -> Chapter:
    rows = min(XLSX_ROWS, field.databases.large.bookings)
    chapter = Chapter(f"An XLSX file of {rows:,} bookings")
    memory = {}
    for share in (10, 1):
        last = field.databases.large.scalar(
            "SELECT created_at::date FROM bookings ORDER BY created_at OFFSET %s LIMIT 1",
            max(0, rows // share - 1),
        )
        address = f"/admin/bookings/export/xlsx/?flt_booked_to={last}&{_columns()}"
        one, memory[share] = _exported(field, address)
        chapter.tell(f"{rows // share:,} rows", f"{one.seconds:.1f} s, {one.size / 1e6:.1f} MB")
    chapter.tell(f"memory more at {rows // 10:,} rows", f"{memory[10]:.0f} MB")
    chapter.at_most(f"memory more at {rows:,} rows", memory[1], MOST_MEGABYTES, "MB")
    return chapter


def _columns() -> str:
    return "&".join(f"column={name}" for name in COLUMNS)


def _exported(field: Field, address: str) -> tuple[Answer, float]:
    """Return the answer, and by how many megabytes the process has grown meanwhile."""
    server = field.servers[OURS]
    server.forget_peak()
    before = server.memory_megabytes()
    one = field.browsers[OURS].get(address, is_kept=False)
    if one.status != 200:
        raise RuntimeError(f"The export answered {one.status}.")
    return one, max(0.0, server.memory_megabytes("VmHWM") - before)


def _same_statement(field: Field) -> str:
    """Return the statement of our file, with its values in it, on one line for psql."""
    app = create_app(field.databases.large.environment(), with_commands=False)
    view = app.extensions["rft_admin_views"]["bookings"]
    paths = [view.path(name) for name in COLUMNS]
    statement = text_statement(view.model, select(view.model.id), paths)
    if statement is None:
        raise RuntimeError("The file is not written by COPY.")
    compiled = statement.compile(dialect=_dialect(), compile_kwargs={"render_postcompile": True})
    with psycopg.connect(field.databases.large.url) as connection:
        cursor = psycopg.ClientCursor(connection)
        text = cursor.mogrify(str(compiled).encode(), {"nothing": None, **compiled.params})
    # A tab and a carriage return are among the values.
    return text.replace("\n", " ").replace("'\t'", r"E'\t'").replace("'\r'", r"E'\r'")


def _dialect() -> Dialect:
    dialect: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy types it not
    return dialect


def _copy(field: Field, statement: str) -> float:
    """Return the seconds that psql takes to write the rows of a statement to nowhere."""
    started = time.perf_counter()
    subprocess.run(
        [
            find_binaries().bin_dir / "psql",
            *("--no-psqlrc", "--quiet", field.databases.large.url),
            *("--command", rf"\copy ({statement}) TO '/dev/null' CSV HEADER"),
        ],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - started
