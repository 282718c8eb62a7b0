"""What the database refuses, tried in plain SQL: more places than there are."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.plain_sql import PlainSql

SOLD_OUT = "ck_course_schedules_capacity"
#: The database keeps its own clock: a hold is stored in the past or in the future.
PAST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime(2090, 1, 1, tzinfo=UTC)


class TestPlaces:
    """Places of bookings."""

    def test_are_refused_when_the_schedule_is_full(self, plain: PlainSql) -> None:
        schedule = plain.schedule(max_capacity=3)
        plain.booking(schedule, number_of_places=2)

        with plain.refused(SOLD_OUT):
            plain.booking(schedule, number_of_places=2)

        assert plain.taken(schedule) == 2

    @pytest.mark.parametrize("status", ["confirmed", "completed", "no_show"])
    def test_are_taken_by_a_booking_that_is(self, plain: PlainSql, status: str) -> None:
        schedule = plain.schedule()

        plain.booking(schedule, number_of_places=4, status=status)

        assert plain.taken(schedule) == 4

    def test_are_not_taken_by_a_cancelled_booking(self, plain: PlainSql) -> None:
        schedule = plain.schedule()

        plain.booking(schedule, number_of_places=4, status="cancelled")

        assert plain.taken(schedule) == 0

    def test_are_held_by_a_pending_booking_until_its_hold_ends(self, plain: PlainSql) -> None:
        schedule = plain.schedule()

        plain.booking(schedule, number_of_places=4, status="pending", hold_expires_at=FUTURE)
        plain.booking(schedule, number_of_places=3, status="pending", hold_expires_at=PAST)

        assert plain.taken(schedule) == 4

    def test_are_held_without_end_for_the_office(self, plain: PlainSql) -> None:
        schedule = plain.schedule()

        plain.booking(schedule, number_of_places=4, status="pending", hold_expires_at=None)

        assert plain.taken(schedule) == 4

    def test_of_an_expired_hold_are_refused_back_when_they_are_gone(self, plain: PlainSql) -> None:
        schedule = plain.schedule(max_capacity=1)
        late = plain.booking(schedule, status="pending", hold_expires_at=PAST)
        plain.booking(schedule)

        with plain.refused(SOLD_OUT):
            plain.execute("UPDATE bookings SET status = 'confirmed' WHERE id = %s", late)
        with plain.refused(SOLD_OUT):
            plain.execute("UPDATE bookings SET hold_expires_at = %s WHERE id = %s", FUTURE, late)

    def test_are_free_again_after_a_cancellation(self, plain: PlainSql) -> None:
        schedule = plain.schedule(max_capacity=2)
        booking = plain.booking(schedule, number_of_places=2)

        plain.execute("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking)

        assert plain.taken(schedule) == 0
        plain.booking(schedule, number_of_places=2)

    def test_are_free_again_after_a_deletion(self, plain: PlainSql) -> None:
        schedule = plain.schedule()
        booking = plain.booking(schedule, number_of_places=2)
        plain.attendee(booking)

        plain.execute("DELETE FROM bookings WHERE id = %s", booking)

        assert plain.taken(schedule) == 0

    def test_move_with_a_transfer(self, plain: PlainSql) -> None:
        schedule, full, free = plain.schedule(), plain.schedule(max_capacity=1), plain.schedule()
        plain.booking(full)
        booking = plain.booking(schedule, number_of_places=2)

        with plain.refused(SOLD_OUT):
            plain.execute(
                "UPDATE bookings SET course_schedule_id = %s WHERE id = %s", full, booking
            )
        plain.execute("UPDATE bookings SET course_schedule_id = %s WHERE id = %s", free, booking)

        assert [plain.taken(row) for row in (schedule, full, free)] == [0, 1, 2]

    def test_are_counted_for_many_rows_of_one_statement(self, plain: PlainSql) -> None:
        first, second = plain.schedule(), plain.schedule(max_capacity=2)
        user = plain.user()
        statement = """
            INSERT INTO bookings (user_id, course_schedule_id, booking_reference, status,
                                  payment_amount, price_per_place, booked_start)
            SELECT %s, schedule, 'MANY-' || schedule || '-' || n, 'confirmed', 75, 75, now()
            FROM unnest(%s::integer[]) AS schedule, generate_series(1, %s) AS n
        """

        with plain.refused(SOLD_OUT):
            plain.execute(statement, user, [second, first], 3)
        plain.execute(statement, user, [second, first], 2)

        assert (plain.taken(first), plain.taken(second)) == (2, 2)

    def test_on_sale_cannot_fall_below_those_taken(self, plain: PlainSql) -> None:
        schedule = plain.schedule()
        plain.booking(schedule, number_of_places=5)

        with plain.refused(SOLD_OUT):
            plain.execute("UPDATE course_schedules SET max_capacity = 4 WHERE id = %s", schedule)
        plain.execute("UPDATE course_schedules SET max_capacity = 5 WHERE id = %s", schedule)

    def test_typed_by_hand_give_way_to_the_count(self, plain: PlainSql) -> None:
        schedule = plain.schedule(current_capacity=7)
        plain.booking(schedule, number_of_places=5)

        plain.execute("UPDATE course_schedules SET current_capacity = 1 WHERE id = %s", schedule)

        assert plain.taken(schedule) == 5

    def test_are_neither_none_nor_thirteen_in_a_booking(self, plain: PlainSql) -> None:
        schedule = plain.schedule(max_capacity=30)

        for places in (0, 13):
            with plain.refused("ck_bookings_number_of_places"):
                plain.booking(schedule, number_of_places=places)


class TestAttendees:
    """The rows of the people, one per place."""

    def test_stand_for_the_places_promised_before(self, plain: PlainSql) -> None:
        schedule = plain.schedule(max_capacity=3)
        booking = plain.booking(schedule, number_of_places=3)

        for _ in range(3):
            plain.attendee(booking)

        assert plain.taken(schedule) == 3

    def test_beyond_the_promise_take_a_place_or_are_refused(self, plain: PlainSql) -> None:
        schedule = plain.schedule(max_capacity=2)
        booking = plain.booking(schedule)
        plain.attendee(booking)
        plain.attendee(booking)

        with plain.refused(SOLD_OUT):
            plain.attendee(booking)

        assert plain.taken(schedule) == 2

    def test_give_their_place_back_when_cancelled(self, plain: PlainSql) -> None:
        schedule = plain.schedule()
        booking = plain.booking(schedule, number_of_places=2)
        plain.attendee(booking)
        leaving = plain.attendee(booking)

        plain.execute("UPDATE booking_attendees SET cancelled_at = now() WHERE id = %s", leaving)

        assert plain.taken(schedule) == 1
        assert plain.value("SELECT number_of_places FROM bookings WHERE id = %s", booking) == 1

    def test_coming_back_are_refused_when_the_place_is_gone(self, plain: PlainSql) -> None:
        schedule = plain.schedule(max_capacity=2)
        booking = plain.booking(schedule, number_of_places=2)
        plain.attendee(booking)
        leaving = plain.attendee(booking)
        plain.execute("UPDATE booking_attendees SET cancelled_at = now() WHERE id = %s", leaving)
        plain.booking(schedule)

        with plain.refused(SOLD_OUT):
            plain.execute("UPDATE booking_attendees SET cancelled_at = NULL WHERE id = %s", leaving)

    def test_are_counted_even_if_the_booking_says_fewer(self, plain: PlainSql) -> None:
        schedule = plain.schedule()
        booking = plain.booking(schedule, number_of_places=2)
        plain.attendee(booking)
        plain.attendee(booking)

        plain.execute("UPDATE bookings SET number_of_places = 1 WHERE id = %s", booking)

        assert plain.taken(schedule) == 2


class TestInquiries:
    """Inquiries and their holds."""

    def test_hold_places_while_they_wait(self, plain: PlainSql) -> None:
        schedule = plain.schedule(max_capacity=4)
        inquiry = plain.inquiry(schedule, number_of_people=3, hold_expires_at=FUTURE)

        with plain.refused(SOLD_OUT):
            plain.booking(schedule, number_of_places=2)
        plain.execute("UPDATE booking_inquiries SET status = 'converted' WHERE id = %s", inquiry)

        plain.booking(schedule, number_of_places=4)

    def test_are_refused_a_hold_above_the_places(self, plain: PlainSql) -> None:
        schedule = plain.schedule(max_capacity=4)

        with plain.refused(SOLD_OUT):
            plain.inquiry(schedule, number_of_people=5, hold_expires_at=FUTURE)

    def test_hold_nothing_without_a_hold_or_after_it(self, plain: PlainSql) -> None:
        schedule = plain.schedule()

        plain.inquiry(schedule, number_of_people=5)
        plain.inquiry(schedule, number_of_people=5, hold_expires_at=PAST)
        plain.inquiry(None, number_of_people=5, hold_expires_at=FUTURE)

        assert plain.taken(schedule) == 0

    def test_free_both_schedules_when_they_move_or_go(self, plain: PlainSql) -> None:
        old, new = plain.schedule(), plain.schedule()
        inquiry = plain.inquiry(old, number_of_people=2, hold_expires_at=FUTURE)

        plain.execute(
            "UPDATE booking_inquiries SET course_session_id = %s WHERE id = %s", new, inquiry
        )
        moved = plain.taken(old), plain.taken(new)
        plain.execute("DELETE FROM booking_inquiries WHERE id = %s", inquiry)

        assert moved == (0, 2)
        assert plain.taken(new) == 0


class TestDiscountCodes:
    """Codes and their uses."""

    @staticmethod
    def code(plain: PlainSql, limit: int | None) -> int:
        return plain.insert(
            "discount_codes",
            code="SPRING",
            discount_type="percentage",
            discount_value=10,
            usage_limit=limit,
        )

    def test_are_refused_beyond_their_limit(self, plain: PlainSql) -> None:
        schedule, code = plain.schedule(), self.code(plain, 1)
        first = plain.booking(schedule, discount_code_id=code)

        with plain.refused("ck_discount_codes_usage_limit"):
            plain.booking(schedule, discount_code_id=code)
        plain.execute("UPDATE bookings SET status = 'cancelled' WHERE id = %s", first)
        plain.booking(schedule, discount_code_id=code)
        with plain.refused("ck_discount_codes_usage_limit"):
            plain.execute("UPDATE bookings SET status = 'confirmed' WHERE id = %s", first)

    def test_count_their_uses_whatever_is_typed(self, plain: PlainSql) -> None:
        schedule, code = plain.schedule(), self.code(plain, None)
        plain.booking(schedule, discount_code_id=code)
        gone = plain.booking(schedule, discount_code_id=code)
        plain.execute("DELETE FROM bookings WHERE id = %s", gone)

        plain.execute("UPDATE discount_codes SET usage_count = 9 WHERE id = %s", code)

        assert plain.value("SELECT usage_count FROM discount_codes WHERE id = %s", code) == 1

    def test_take_off_a_hundred_per_cent_at_most(self, plain: PlainSql) -> None:
        code = self.code(plain, None)

        with plain.refused("ck_discount_codes_percentage"):
            plain.execute("UPDATE discount_codes SET discount_value = 101 WHERE id = %s", code)
        with plain.refused("ck_discount_codes_discount_value"):
            plain.execute("UPDATE discount_codes SET discount_value = -5 WHERE id = %s", code)

    def test_are_one_code_however_they_are_written(self, plain: PlainSql) -> None:
        self.code(plain, None)

        with plain.refused("uq_discount_codes_code"):
            plain.insert("discount_codes", code="spring", discount_type="fixed", discount_value=5)


class TestSpeed:
    """The price of counting."""

    def test_lets_twenty_thousand_rows_pass_in_seconds(self, plain: PlainSql) -> None:
        schedules = [plain.schedule(max_capacity=10_000) for _ in range(3)]
        user = plain.user()
        # Plans are kept from the first use; this one sees no row.
        plain.execute("UPDATE bookings SET reminder_sent = true WHERE false")
        started = plain.value("SELECT clock_timestamp()")

        plain.execute(
            """
            INSERT INTO bookings (user_id, course_schedule_id, booking_reference, status,
                                  payment_amount, price_per_place, booked_start)
            SELECT %s, (%s::integer[])[1 + n %% 3], 'SPEED-' || n, 'confirmed', 75, 75, now()
            FROM generate_series(1, 20000) AS n
            """,
            user,
            schedules,
        )
        plain.execute("UPDATE bookings SET reminder_sent = true")
        plain.execute("UPDATE bookings SET status = 'completed'")

        assert sum(plain.taken(schedule) for schedule in schedules) == 20_000
        assert plain.value("SELECT clock_timestamp()") - started < timedelta(seconds=15)
