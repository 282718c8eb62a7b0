"""Count the uses of a discount code, so that it is never used more often than it may be.

A use is a booking with the code that is not cancelled; an expired hold gives its use back when
the row is cancelled. The triggers' names come before those that count places: the lock order is
discount code, then schedules.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DISCOUNT_CODES = """
CREATE FUNCTION discount_codes_count_uses() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.usage_count := (
        SELECT count(*) FROM bookings
        WHERE discount_code_id = NEW.id AND status <> 'cancelled'
    );
    RETURN NEW;
END
$$;
CREATE TRIGGER discount_codes_count_uses
BEFORE INSERT OR UPDATE ON discount_codes
FOR EACH ROW EXECUTE FUNCTION discount_codes_count_uses()
"""

BOOKINGS = """
CREATE FUNCTION bookings_count_discount_uses() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    codes integer[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT discount_code_id) INTO codes
        FROM new_rows WHERE discount_code_id IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT discount_code_id) INTO codes
        FROM old_rows WHERE discount_code_id IS NOT NULL;
    ELSE
        SELECT array_agg(DISTINCT discount_code_id) INTO codes
        FROM (
            (SELECT id, discount_code_id, status = 'cancelled' FROM old_rows
             EXCEPT SELECT id, discount_code_id, status = 'cancelled' FROM new_rows)
            UNION ALL
            (SELECT id, discount_code_id, status = 'cancelled' FROM new_rows
             EXCEPT SELECT id, discount_code_id, status = 'cancelled' FROM old_rows)
        ) AS changed
        WHERE discount_code_id IS NOT NULL;
    END IF;
    IF codes IS NOT NULL THEN
        PERFORM FROM discount_codes WHERE id = ANY (codes) ORDER BY id FOR NO KEY UPDATE;
        -- The trigger on discount_codes puts the count in.
        UPDATE discount_codes SET usage_count = usage_count WHERE id = ANY (codes);
    END IF;
    RETURN NULL;
END
$$
"""

REFERENCING = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def upgrade() -> None:
    op.execute(DISCOUNT_CODES)
    op.execute(BOOKINGS)
    for change, rows in REFERENCING.items():
        op.execute(f"""
            CREATE TRIGGER bookings_count_discount_uses_on_{change.lower()}
            AFTER {change} ON bookings REFERENCING {rows}
            FOR EACH STATEMENT EXECUTE FUNCTION bookings_count_discount_uses()
        """)


def downgrade() -> None:
    for change in REFERENCING:
        op.execute(f"DROP TRIGGER bookings_count_discount_uses_on_{change.lower()} ON bookings")
    op.execute("DROP FUNCTION bookings_count_discount_uses()")
    op.execute("DROP TRIGGER discount_codes_count_uses ON discount_codes")
    op.execute("DROP FUNCTION discount_codes_count_uses()")
