"""Keep the days of a schedule, and the copies that let the database refuse a clash.

The exclusion constraints stand on the table (0005); here are the triggers that fill what they
compare. Writers of days lock the trainer's and the venue's row, then the schedule's: two series
written in opposite order wait for each other's end instead of deadlocking.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LOCK_TEACHER_AND_VENUE = """
CREATE FUNCTION lock_teacher_and_venue(teacher integer, venue integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM trainers WHERE user_id = teacher FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM FROM users WHERE id = teacher FOR NO KEY UPDATE;
    END IF;
    PERFORM FROM venues WHERE id = venue FOR NO KEY UPDATE;
END
$$
"""

SCHEDULE_FOLLOWS = """
CREATE FUNCTION course_schedules_follow_trainer_and_days() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    frame record;
BEGIN
    IF NEW.trainer_id IS NOT NULL THEN
        NEW.instructor_id := (SELECT user_id FROM trainers WHERE id = NEW.trainer_id);
    ELSIF TG_OP = 'UPDATE' AND OLD.trainer_id IS NOT NULL
          AND NEW.instructor_id = OLD.instructor_id THEN
        NEW.instructor_id := NULL;
    END IF;
    -- A single day moves with its schedule; of several days the schedule is only the frame.
    IF TG_OP = 'UPDATE' AND (NEW.start_datetime, NEW.end_datetime)
                            IS DISTINCT FROM (OLD.start_datetime, OLD.end_datetime) THEN
        SELECT min(starts_at) AS first_start, max(ends_at) AS last_end, count(*) AS days
        INTO frame
        FROM course_schedule_days WHERE course_schedule_id = NEW.id;
        IF frame.days > 1 THEN
            NEW.start_datetime := frame.first_start;
            NEW.end_datetime := frame.last_end;
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER course_schedules_follow_trainer_and_days
BEFORE INSERT OR UPDATE ON course_schedules
FOR EACH ROW EXECUTE FUNCTION course_schedules_follow_trainer_and_days()
"""

SCHEDULE_PUSHES = """
CREATE FUNCTION course_schedules_push_to_days() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- The trigger on course_schedule_days puts the copies in.
    UPDATE course_schedule_days SET is_live = is_live WHERE course_schedule_id = NEW.id;
    UPDATE course_schedule_days
    SET starts_at = NEW.start_datetime, ends_at = NEW.end_datetime
    WHERE course_schedule_id = NEW.id
      AND (starts_at, ends_at) IS DISTINCT FROM (NEW.start_datetime, NEW.end_datetime)
      AND 1 = (SELECT count(*) FROM course_schedule_days WHERE course_schedule_id = NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER course_schedules_push_to_days
AFTER UPDATE ON course_schedules
FOR EACH ROW
WHEN ((OLD.instructor_id, OLD.venue_id, OLD.status, OLD.start_datetime, OLD.end_datetime)
      IS DISTINCT FROM
      (NEW.instructor_id, NEW.venue_id, NEW.status, NEW.start_datetime, NEW.end_datetime))
EXECUTE FUNCTION course_schedules_push_to_days()
"""

DAYS_COPY = """
CREATE FUNCTION course_schedule_days_copy_schedule() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    seen course_schedules;
    locked course_schedules;
BEGIN
    LOOP
        SELECT * INTO seen FROM course_schedules WHERE id = NEW.course_schedule_id;
        PERFORM lock_teacher_and_venue(seen.instructor_id, seen.venue_id);
        SELECT * INTO locked FROM course_schedules
        WHERE id = NEW.course_schedule_id FOR NO KEY UPDATE;
        EXIT WHEN (seen.instructor_id, seen.venue_id)
                  IS NOT DISTINCT FROM (locked.instructor_id, locked.venue_id);
    END LOOP;
    NEW.instructor_id := locked.instructor_id;
    NEW.venue_id := locked.venue_id;
    NEW.venue_exclusive := coalesce(
        (SELECT NOT allows_concurrent FROM venues WHERE id = locked.venue_id), false
    );
    NEW.is_live := coalesce(locked.status <> 'cancelled', false);
    RETURN NEW;
END
$$;
CREATE TRIGGER course_schedule_days_copy_schedule
BEFORE INSERT OR UPDATE ON course_schedule_days
FOR EACH ROW EXECUTE FUNCTION course_schedule_days_copy_schedule()
"""

DAYS_FRAME = """
CREATE FUNCTION course_schedule_days_frame_schedule() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE course_schedules AS s
    SET start_datetime = frame.first_start, end_datetime = frame.last_end
    FROM (
        SELECT course_schedule_id, min(starts_at) AS first_start, max(ends_at) AS last_end
        FROM course_schedule_days
        WHERE course_schedule_id IN (OLD.course_schedule_id, NEW.course_schedule_id)
        GROUP BY course_schedule_id
    ) AS frame
    WHERE s.id = frame.course_schedule_id
      AND (s.start_datetime, s.end_datetime) IS DISTINCT FROM (frame.first_start, frame.last_end);
    RETURN NULL;
END
$$;
CREATE TRIGGER course_schedule_days_frame_schedule
AFTER INSERT OR DELETE OR UPDATE OF course_schedule_id, starts_at, ends_at
ON course_schedule_days
FOR EACH ROW EXECUTE FUNCTION course_schedule_days_frame_schedule()
"""

#: At the end of the transaction: until then the days themselves may still be on their way.
A_DAY_AT_LEAST = """
CREATE FUNCTION course_schedules_have_a_day() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO course_schedule_days (course_schedule_id, starts_at, ends_at)
    SELECT id, start_datetime, end_datetime
    FROM course_schedules AS s
    WHERE id = CASE TG_TABLE_NAME
                   WHEN 'course_schedules' THEN (to_jsonb(NEW) ->> 'id')::integer
                   ELSE (to_jsonb(OLD) ->> 'course_schedule_id')::integer
               END
      AND NOT EXISTS (SELECT FROM course_schedule_days WHERE course_schedule_id = s.id);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER course_schedules_have_a_day
AFTER INSERT ON course_schedules DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION course_schedules_have_a_day();
CREATE CONSTRAINT TRIGGER course_schedule_days_leave_one
AFTER DELETE OR UPDATE OF course_schedule_id ON course_schedule_days
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION course_schedules_have_a_day()
"""

VENUES = """
CREATE FUNCTION venues_push_to_days() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE course_schedule_days SET is_live = is_live WHERE venue_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER venues_push_to_days
AFTER UPDATE ON venues
FOR EACH ROW WHEN (OLD.allows_concurrent IS DISTINCT FROM NEW.allows_concurrent)
EXECUTE FUNCTION venues_push_to_days()
"""

TRAINERS = """
CREATE FUNCTION trainers_push_to_schedules() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE course_schedules SET trainer_id = trainer_id WHERE trainer_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER trainers_push_to_schedules
AFTER UPDATE ON trainers
FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id)
EXECUTE FUNCTION trainers_push_to_schedules()
"""


def upgrade() -> None:
    op.execute(LOCK_TEACHER_AND_VENUE)
    op.execute(SCHEDULE_FOLLOWS)
    op.execute(SCHEDULE_PUSHES)
    op.execute(DAYS_COPY)
    op.execute(DAYS_FRAME)
    op.execute(A_DAY_AT_LEAST)
    op.execute(VENUES)
    op.execute(TRAINERS)


def downgrade() -> None:
    for trigger, table in (
        ("trainers_push_to_schedules", "trainers"),
        ("venues_push_to_days", "venues"),
        ("course_schedule_days_leave_one", "course_schedule_days"),
        ("course_schedules_have_a_day", "course_schedules"),
        ("course_schedule_days_frame_schedule", "course_schedule_days"),
        ("course_schedule_days_copy_schedule", "course_schedule_days"),
        ("course_schedules_push_to_days", "course_schedules"),
        ("course_schedules_follow_trainer_and_days", "course_schedules"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in (
        "trainers_push_to_schedules()",
        "venues_push_to_days()",
        "course_schedules_have_a_day()",
        "course_schedule_days_frame_schedule()",
        "course_schedule_days_copy_schedule()",
        "course_schedules_push_to_days()",
        "course_schedules_follow_trainer_and_days()",
        "lock_teacher_and_venue(integer, integer)",
    ):
        op.execute(f"DROP FUNCTION {function}")
