"""Bulk rows for measuring, made inside PostgreSQL: many bookings, all of them consistent."""

from collections.abc import Callable

from sqlalchemy import Connection, text

from rft_admin.core.database import db
from seeds.bulk import names, statements

#: Bookings made in one transaction.
PORTION = 20_000
#: A portion takes seconds, and the web's limits are not for it; trigram indexes take their entries
#: in large heaps.
SETTINGS = (
    "SET statement_timeout = 0",
    "SET gin_pending_list_limit = '64MB'",
    "SET maintenance_work_mem = '256MB'",
    "SET synchronous_commit = off",
)
#: The tables whose triggers rest while a portion is written and recounted.
TRIGGERED = (
    "course_schedules",
    "course_schedule_days",
    "bookings",
    "booking_attendees",
    "booking_inquiries",
    "refunds",
)


def load(*, bookings: int, advance: Callable[[int], None]) -> None:
    """Add so many bookings with their customers, dates, attendees, payments and certificates.

    Each portion is one transaction: what was interrupted leaves whole portions. Later runs add to
    earlier ones.

    :param advance: told how many bookings have just been added.
    """
    with db.engine.connect() as connection:
        for setting in SETTINGS:
            connection.execute(text(setting))
        # Whole tens: a date or a customer is never shared by two runs.
        first = -(-int(connection.scalar(text(statements.NEXT)) or 0) // 10) * 10
        connection.commit()
        for start in range(first, first + bookings, PORTION):
            count = min(PORTION, first + bookings - start)
            _load_portion(connection, start, count)
            connection.commit()
            advance(count)
        connection.invalidate()
    _tidy_up()


def _load_portion(connection: Connection, first: int, count: int) -> None:
    _switch_triggers(connection, "DISABLE")
    values = {
        "first": first,
        "last": first + count - 1,
        "first_names": names.FIRST_NAMES,
        "beginnings": names.BEGINNINGS,
        "endings": names.ENDINGS,
    }
    for statement in statements.PORTION:
        connection.execute(text(statement), values)
    _switch_triggers(connection, "ENABLE")


def _switch_triggers(connection: Connection, verb: str) -> None:
    for table in TRIGGERED:
        connection.execute(text(f"ALTER TABLE {table} {verb} TRIGGER USER"))


def _tidy_up() -> None:
    """Do what autovacuum would have done by the next day: statistics, visibility, index lists."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.invalidate()
