"""Bulk rows for measuring, made inside PostgreSQL: many bookings, all of them consistent."""

from collections.abc import Callable

from sqlalchemy import Connection, text

from rft_admin.core.database import db

#: Bookings made in one transaction.
PORTION = 20_000
FIRST_NAMES = "{Ada,Ben,Cara,Dev,Ella,Finn,Grace,Hugo,Ines,Jack,Kira,Liam,Mona,Noah,Olga,Paul}"
LAST_NAMES = (
    "{Abbot,Barker,Carter,Dyer,Ellis,Fletcher,Glover,Harper,Inman,Joiner,Keeler,Lorimer,Mason,"
    "Naylor,Osler,Parker,Quiller,Roper,Sawyer,Turner,Usher,Vickers,Walker,Yeoman}"
)
#: The tables whose triggers rest while a portion is written and recounted.
TRIGGERED = ("course_schedules", "course_schedule_days", "bookings", "booking_attendees")

#: Ten bookings to a customer.
_CUSTOMERS = """
    INSERT INTO users (email, first_name, last_name, phone, role)
    SELECT 'customer-' || n || '@example.com',
           (CAST(:first_names AS text[]))[1 + n % 16],
           (CAST(:last_names AS text[]))[1 + n / 16 % 24],
           '+44113496' || lpad((n % 10000)::text, 4, '0'), 'customer'
    FROM generate_series(CAST(:first AS bigint) / 10, (:first + :count - 1) / 10) n
    ON CONFLICT DO NOTHING
"""
#: Ten bookings to a date, on five years of days around today.
_DATES = """
    WITH dates AS (
        INSERT INTO course_schedules (course_id, venue_id, start_datetime, end_datetime, status,
                                      max_capacity, current_capacity, is_published, created_at)
        SELECT c.id, v.id, d.starts_at, d.starts_at + interval '7 hours',
               CASE WHEN d.starts_at < now() THEN 'completed' ELSE 'scheduled' END,
               12, 0, true, d.starts_at - interval '60 days'
        FROM generate_series(CAST(:first AS bigint) / 10, (:first + :count - 1) / 10) n
        CROSS JOIN LATERAL (
            SELECT date_trunc('day', now()) - interval '4 years' + interval '9 hours'
                   + interval '1 day' * (n * 7 % 1825) AS starts_at
        ) d
        CROSS JOIN LATERAL (SELECT id FROM courses ORDER BY id OFFSET n % 3 LIMIT 1) c
        CROSS JOIN LATERAL (
            SELECT id FROM venues WHERE allows_concurrent ORDER BY id LIMIT 1
        ) v
        RETURNING id, start_datetime, end_datetime
    )
    INSERT INTO course_schedule_days (course_schedule_id, starts_at, ends_at, break_minutes)
    SELECT id, start_datetime, end_datetime, 60 FROM dates
    RETURNING course_schedule_id
"""
_BOOKINGS = """
    WITH numbered AS (
        SELECT s.id AS schedule_id, s.start_datetime, s.status AS schedule_status, c.price,
               CAST(:first AS bigint) + row_number() OVER (ORDER BY s.id, k) - 1 AS n
        FROM course_schedules s JOIN courses c ON c.id = s.course_id
        CROSS JOIN generate_series(0, 9) k
        WHERE s.id = ANY(:schedules)
    )
    INSERT INTO bookings (user_id, course_schedule_id, booking_reference, status, payment_status,
        payment_amount, price_per_place, contact_first_name, contact_last_name, contact_phone,
        number_of_places, payment_method_chosen, source, booked_start, confirmation_sent,
        cancelled_at, created_at)
    SELECT u.id, n.schedule_id, 'TST-' || upper(lpad(to_hex(n.n), 8, '0')),
        CASE WHEN n.n % 20 = 19 THEN 'cancelled'
             WHEN n.schedule_status = 'completed' THEN 'completed' ELSE 'confirmed' END,
        CASE WHEN n.n % 20 = 19 THEN 'pending' ELSE 'paid' END,
        n.price, n.price, u.first_name, u.last_name, u.phone, 1, 'offline', 'import',
        n.start_datetime, false,
        CASE WHEN n.n % 20 = 19 THEN n.start_datetime - interval '20 days' END,
        n.start_datetime - interval '30 days' - interval '1 minute' * (n.n % 20000)
    FROM numbered n JOIN users u ON u.email = ('customer-' || n.n / 10 || '@example.com')::citext
    WHERE n.n < CAST(:first AS bigint) + :count
    RETURNING id
"""
_ATTENDEES = """
    INSERT INTO booking_attendees (booking_id, user_id, first_name, last_name, email, price)
    SELECT b.id, b.user_id, b.contact_first_name, b.contact_last_name, u.email, b.price_per_place
    FROM bookings b JOIN users u ON u.id = b.user_id WHERE b.id = ANY(:bookings)
"""
_PAYMENTS = """
    INSERT INTO payment_transactions (booking_id, amount, net_amount, status, payment_method,
                                      provider, created_at)
    SELECT id, payment_amount, payment_amount, 'succeeded', 'bank transfer', 'manual', created_at
    FROM bookings WHERE id = ANY(:bookings) AND payment_status = 'paid'
"""
_RECOUNT = """
    UPDATE course_schedules s SET current_capacity = places_taken(s.id)
    WHERE s.id = ANY(:schedules)
"""
_NEXT = """
    SELECT coalesce(max(('x' || substr(booking_reference, 5))::bit(32)::bigint), -1) + 1
    FROM bookings WHERE booking_reference LIKE 'TST-%'
"""


def load(*, bookings: int, advance: Callable[[int], None]) -> None:
    """Add so many bookings with their customers, dates, attendees and payments.

    Each portion is one transaction: what was interrupted leaves whole portions. Every twentieth
    booking is cancelled; later runs add to earlier ones.

    :param advance: told how many bookings have just been added.
    """
    with db.engine.connect() as connection:
        # A portion takes seconds: the web's limits are not for it.
        connection.execute(text("SET statement_timeout = 0"))
        # Whole tens: a date or a customer is never shared by two runs.
        first = -(-int(connection.scalar(text(_NEXT)) or 0) // 10) * 10
        connection.commit()
        for start in range(first, first + bookings, PORTION):
            count = min(PORTION, first + bookings - start)
            _load_portion(connection, start, count)
            connection.commit()
            advance(count)
        connection.execute(text("ANALYZE"))
        connection.execute(text("RESET statement_timeout"))
        connection.commit()


def _load_portion(connection: Connection, first: int, count: int) -> None:
    _switch_triggers(connection, "DISABLE")
    numbers = {"first": first, "count": count}
    names = {"first_names": FIRST_NAMES, "last_names": LAST_NAMES}
    connection.execute(text(_CUSTOMERS), numbers | names)
    schedules = list(connection.scalars(text(_DATES), numbers))
    made = list(connection.scalars(text(_BOOKINGS), numbers | {"schedules": schedules}))
    connection.execute(text(_ATTENDEES), {"bookings": made})
    connection.execute(text(_PAYMENTS), {"bookings": made})
    connection.execute(text(_RECOUNT), {"schedules": schedules})
    _switch_triggers(connection, "ENABLE")


def _switch_triggers(connection: Connection, verb: str) -> None:
    for table in TRIGGERED:
        connection.execute(text(f"ALTER TABLE {table} {verb} TRIGGER USER"))
