"""Count the places of a schedule, so that nobody can sell more than there are.

Every writer locks the schedules concerned in id order and recounts; nothing is added or
subtracted. FOR NO KEY UPDATE, because the foreign keys of concurrent inserts hold KEY SHARE.
What an update changed is found by EXCEPT: a join of the two row sets, once planned for a few rows,
is kept as a nested loop and takes minutes for 100,000.

Revision ID: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: The schedule alone is searched for: the states stand in FILTER, because before the first ANALYZE
#: the planner would read the whole index of states for each schedule.
PLACES_TAKEN = """
CREATE FUNCTION places_taken(schedule integer) RETURNS integer
LANGUAGE sql VOLATILE AS $$
    SELECT (
        coalesce((
            SELECT sum(greatest(b.number_of_places, (
                SELECT count(*) FROM booking_attendees AS a
                WHERE a.booking_id = b.id AND a.cancelled_at IS NULL
            ))) FILTER (
                WHERE b.status IN ('confirmed', 'completed', 'no_show')
                OR b.status = 'pending' AND coalesce(b.hold_expires_at > clock_timestamp(), true)
            )
            FROM bookings AS b
            WHERE b.course_schedule_id = schedule
        ), 0)
        + coalesce((
            SELECT sum(i.number_of_people) FILTER (
                WHERE i.status IN ('pending', 'responded')
                AND i.hold_expires_at > clock_timestamp()
            )
            FROM booking_inquiries AS i
            WHERE i.course_session_id = schedule
        ), 0)
    )::integer
$$
"""

RECOUNT_PLACES = """
CREATE FUNCTION recount_places(schedules integer[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM course_schedules WHERE id = ANY (schedules) ORDER BY id FOR NO KEY UPDATE;
    -- The trigger on course_schedules puts the count in.
    UPDATE course_schedules SET current_capacity = current_capacity WHERE id = ANY (schedules);
END
$$
"""

COURSE_SCHEDULES = """
CREATE FUNCTION course_schedules_count_places() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.current_capacity := places_taken(NEW.id);
    RETURN NEW;
END
$$;
CREATE TRIGGER course_schedules_count_places
BEFORE INSERT OR UPDATE ON course_schedules
FOR EACH ROW EXECUTE FUNCTION course_schedules_count_places()
"""

BOOKINGS = """
CREATE FUNCTION bookings_count_places() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    schedules integer[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT course_schedule_id) INTO schedules FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT course_schedule_id) INTO schedules FROM old_rows;
    ELSE
        SELECT array_agg(DISTINCT course_schedule_id) INTO schedules
        FROM (
            (SELECT id, course_schedule_id, status, hold_expires_at, number_of_places
             FROM old_rows
             EXCEPT
             SELECT id, course_schedule_id, status, hold_expires_at, number_of_places
             FROM new_rows)
            UNION ALL
            (SELECT id, course_schedule_id, status, hold_expires_at, number_of_places
             FROM new_rows
             EXCEPT
             SELECT id, course_schedule_id, status, hold_expires_at, number_of_places
             FROM old_rows)
        ) AS changed;
    END IF;
    IF schedules IS NOT NULL THEN
        PERFORM recount_places(schedules);
    END IF;
    RETURN NULL;
END
$$
"""

BOOKING_INQUIRIES = """
CREATE FUNCTION booking_inquiries_count_places() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    schedules integer[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT course_session_id) INTO schedules
        FROM new_rows WHERE course_session_id IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT course_session_id) INTO schedules
        FROM old_rows WHERE course_session_id IS NOT NULL;
    ELSE
        SELECT array_agg(DISTINCT course_session_id) INTO schedules
        FROM (
            (SELECT id, course_session_id, status, hold_expires_at, number_of_people
             FROM old_rows
             EXCEPT
             SELECT id, course_session_id, status, hold_expires_at, number_of_people
             FROM new_rows)
            UNION ALL
            (SELECT id, course_session_id, status, hold_expires_at, number_of_people
             FROM new_rows
             EXCEPT
             SELECT id, course_session_id, status, hold_expires_at, number_of_people
             FROM old_rows)
        ) AS changed
        WHERE course_session_id IS NOT NULL;
    END IF;
    IF schedules IS NOT NULL THEN
        PERFORM recount_places(schedules);
    END IF;
    RETURN NULL;
END
$$
"""

#: A booking's row comes first and promises its places; its attendees follow, one row per place.
#: A row more takes a place more, a row cancelled or deleted gives its place back. A booking
#: without any row left keeps its promise until it is cancelled itself.
BOOKING_ATTENDEES = """
CREATE FUNCTION booking_attendees_count_places() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    changed integer[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT booking_id) INTO changed FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT booking_id) INTO changed FROM old_rows;
    ELSE
        SELECT array_agg(DISTINCT booking_id) INTO changed
        FROM (
            (SELECT id, booking_id, cancelled_at FROM old_rows
             EXCEPT SELECT id, booking_id, cancelled_at FROM new_rows)
            UNION ALL
            (SELECT id, booking_id, cancelled_at FROM new_rows
             EXCEPT SELECT id, booking_id, cancelled_at FROM old_rows)
        ) AS changed_rows;
    END IF;
    IF changed IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM course_schedules
    WHERE id IN (SELECT course_schedule_id FROM bookings WHERE id = ANY (changed))
    ORDER BY id FOR NO KEY UPDATE;
    PERFORM FROM bookings WHERE id = ANY (changed) ORDER BY id FOR NO KEY UPDATE;
    UPDATE bookings AS b
    SET number_of_places = live.places
    FROM (
        SELECT booking_id, count(*) AS places
        FROM booking_attendees
        WHERE booking_id = ANY (changed) AND cancelled_at IS NULL
        GROUP BY booking_id
    ) AS live
    WHERE b.id = live.booking_id
      AND b.status <> 'cancelled'
      AND (live.places > b.number_of_places
           OR TG_OP <> 'INSERT' AND live.places < b.number_of_places);
    RETURN NULL;
END
$$
"""

COUNTED = ("bookings", "booking_inquiries", "booking_attendees")
REFERENCING = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def upgrade() -> None:
    op.execute(PLACES_TAKEN)
    op.execute(RECOUNT_PLACES)
    op.execute(COURSE_SCHEDULES)
    op.execute(BOOKINGS)
    op.execute(BOOKING_INQUIRIES)
    op.execute(BOOKING_ATTENDEES)
    for table in COUNTED:
        for change, rows in REFERENCING.items():
            op.execute(f"""
                CREATE TRIGGER {table}_count_places_on_{change.lower()}
                AFTER {change} ON {table} REFERENCING {rows}
                FOR EACH STATEMENT EXECUTE FUNCTION {table}_count_places()
            """)


def downgrade() -> None:
    for table in reversed(COUNTED):
        for change in REFERENCING:
            op.execute(f"DROP TRIGGER {table}_count_places_on_{change.lower()} ON {table}")
        op.execute(f"DROP FUNCTION {table}_count_places()")
    op.execute("DROP TRIGGER course_schedules_count_places ON course_schedules")
    op.execute("DROP FUNCTION course_schedules_count_places()")
    op.execute("DROP FUNCTION recount_places(integer[])")
    op.execute("DROP FUNCTION places_taken(integer)")
