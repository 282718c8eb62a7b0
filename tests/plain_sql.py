"""The smallest valid rows in plain SQL: what a script or psql would write."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

#: A Monday; each schedule made without a start gets a day of its own from here.
FIRST_DAY = datetime(2027, 3, 1, 9, tzinfo=UTC)
_numbers = itertools.count(1)


def psycopg_address(url: str) -> str:
    """Return an address as psycopg itself reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class PlainSql:
    """One connection and the rows a test needs."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def execute(self, statement: str, *values: Any) -> int:
        """Run a statement; return how many rows it touched."""
        return self.connection.execute(statement.encode(), values or None).rowcount

    def value(self, statement: str, *values: Any) -> Any:
        """Return the first column of the first row."""
        row = self.connection.execute(statement.encode(), values).fetchone()
        assert row is not None, statement
        return row[0]

    def insert(self, table: str, **values: Any) -> int:
        """Insert a row and return its id."""
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        )
        row = self.connection.execute(statement, list(values.values())).fetchone()
        assert row is not None
        return int(row[0])

    def fill(self, table: str, column: str, value: Any) -> None:
        """Write one value into a column of all rows."""
        statement = sql.SQL("UPDATE {} SET {} = %s")
        self.connection.execute(
            statement.format(sql.Identifier(table), sql.Identifier(column)), [value]
        )

    def delete_all(self, table: str) -> None:
        """Delete all rows."""
        self.connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))

    @contextmanager
    def refused(self, constraint: str) -> Iterator[None]:
        """Expect that the database refuses by this name; what came before stays."""
        with pytest.raises(psycopg.Error) as refusal, self.connection.transaction():
            yield
        assert refusal.value.diag.constraint_name == constraint, str(refusal.value)

    def user(self, **values: Any) -> int:
        """A customer."""
        number = next(_numbers)
        return self.insert(
            "users", **{"email": f"person-{number}@example.com", "first_name": "Ann"} | values
        )

    def trainer(self, **values: Any) -> int:
        """A trainer with a user of his own."""
        user_id = values.pop("user_id", None) or self.user(role="instructor")
        return self.insert("trainers", user_id=user_id, trainer_code=f"T{next(_numbers)}", **values)

    def venue(self, **values: Any) -> int:
        """A venue that holds one course at a time."""
        return self.insert("venues", **{"name": "Hall"} | values)

    def course(self, **values: Any) -> int:
        """A course of the catalogue."""
        return self.insert(
            "courses",
            **{
                "name": "First Aid",
                "slug": f"first-aid-{next(_numbers)}",
                "course_type": "EFAW",
                "duration_hours": 6,
                "price": 75,
            }
            | values,
        )

    def schedule(self, **values: Any) -> int:
        """A dated course with twelve places on a day of its own."""
        start = values.pop("start", None) or FIRST_DAY + timedelta(days=next(_numbers))
        course_id = values.pop("course_id", None) or self.course()
        return self.insert(
            "course_schedules",
            **{
                "course_id": course_id,
                "start_datetime": start,
                "end_datetime": start + timedelta(hours=7),
                "max_capacity": 12,
            }
            | values,
        )

    def day(self, schedule_id: int, starts_at: datetime, **values: Any) -> int:
        """A day of seven hours."""
        return self.insert(
            "course_schedule_days",
            **{
                "course_schedule_id": schedule_id,
                "starts_at": starts_at,
                "ends_at": starts_at + timedelta(hours=7),
            }
            | values,
        )

    def booking(self, schedule_id: int, **values: Any) -> int:
        """A confirmed booking of one place."""
        user_id = values.pop("user_id", None) or self.user()
        return self.insert(
            "bookings",
            **{
                "user_id": user_id,
                "course_schedule_id": schedule_id,
                "booking_reference": f"RFT-{next(_numbers)}",
                "status": "confirmed",
                "payment_amount": 75,
                "price_per_place": 75,
                "booked_start": FIRST_DAY,
            }
            | values,
        )

    def attendee(self, booking_id: int, **values: Any) -> int:
        """A place of a booking."""
        return self.insert("booking_attendees", **{"booking_id": booking_id, "price": 75} | values)

    def inquiry(self, schedule_id: int | None, **values: Any) -> int:
        """An inquiry that holds nothing."""
        return self.insert(
            "booking_inquiries",
            **{
                "course_session_id": schedule_id,
                "inquiry_reference": f"INQ-{next(_numbers)}",
                "first_name": "Ann",
                "email": "ann@example.com",
            }
            | values,
        )

    def payment(self, booking_id: int | None = None, **values: Any) -> int:
        """A payment of £100 that has come."""
        booking_id = booking_id or self.booking(self.schedule())
        return self.insert(
            "payment_transactions",
            **{"booking_id": booking_id, "amount": 100, "status": "succeeded"} | values,
        )

    def refund(self, payment_id: int, net: int, **values: Any) -> int:
        """A refund that has been paid back."""
        booking_id = self.value(
            "SELECT booking_id FROM payment_transactions WHERE id = %s", payment_id
        )
        user_id = self.value("SELECT user_id FROM bookings WHERE id = %s", booking_id)
        return self.insert(
            "refunds",
            **{
                "booking_id": booking_id,
                "user_id": user_id,
                "payment_transaction_id": payment_id,
                "refund_reference": f"RFD-{next(_numbers)}",
                "amount": net,
                "net_refund": net,
                "status": "completed",
            }
            | values,
        )

    def taken(self, schedule_id: int) -> int:
        """Places taken as the schedule's row says."""
        return int(
            self.value("SELECT current_capacity FROM course_schedules WHERE id = %s", schedule_id)
        )


@contextmanager
def connect(url: str) -> Iterator[PlainSql]:
    """Open a connection whose work is undone at the end."""
    with psycopg.connect(psycopg_address(url)) as connection:
        yield PlainSql(connection)
        connection.rollback()
