"""What the database refuses, tried in plain SQL: money, certificates, history, the audit."""

from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.plain_sql import FIRST_DAY, PlainSql

OPEN = ("pending", "approved", "processing")


class TestRefunds:
    """Refunds of one payment of £100."""

    def test_are_refused_above_the_payment(self, plain: PlainSql) -> None:
        payment = plain.payment()
        plain.refund(payment, 60)

        with plain.refused("refunds_within_payment"):
            plain.refund(payment, 41)
        plain.refund(payment, 40)

    def test_are_summed_for_all_rows_of_one_statement(self, plain: PlainSql) -> None:
        payment = plain.payment()
        plain.refund(payment, 30)

        with plain.refused("refunds_within_payment"):
            plain.execute(
                "INSERT INTO refunds (booking_id, user_id, payment_transaction_id, status,"
                " refund_reference, amount, net_refund)"
                " SELECT booking_id, user_id, payment_transaction_id, status,"
                " refund_reference || '-' || n, 40, 40 FROM refunds, generate_series(1, 2) AS n"
            )

    def test_that_failed_or_were_rejected_do_not_count(self, plain: PlainSql) -> None:
        payment = plain.payment()
        failed = plain.refund(payment, 60, status="failed")
        plain.refund(payment, 60, status="rejected")
        plain.refund(payment, 60)

        with plain.refused("refunds_within_payment"):
            plain.execute("UPDATE refunds SET status = 'processing' WHERE id = %s", failed)

    def test_are_refused_a_larger_sum_or_another_payment(self, plain: PlainSql) -> None:
        small, large = plain.payment(amount=50), plain.payment()
        refund = plain.refund(large, 60)

        with plain.refused("refunds_within_payment"):
            plain.execute("UPDATE refunds SET amount = 101, net_refund = 101 WHERE id = %s", refund)
        with plain.refused("refunds_within_payment"):
            plain.execute(
                "UPDATE refunds SET payment_transaction_id = %s WHERE id = %s", small, refund
            )

    def test_keep_the_payment_from_shrinking_below_them(self, plain: PlainSql) -> None:
        payment = plain.payment()
        plain.refund(payment, 60)

        with plain.refused("refunds_within_payment"):
            plain.execute("UPDATE payment_transactions SET amount = 59 WHERE id = %s", payment)

    @pytest.mark.parametrize("status", OPEN)
    def test_are_one_at_most_that_is(self, plain: PlainSql, status: str) -> None:
        payment = plain.payment()
        plain.refund(payment, 10, status=status)

        for other in OPEN:
            with plain.refused("uq_refunds_open_per_payment"):
                plain.refund(payment, 10, status=other)
        plain.refund(payment, 10)

    def test_send_the_amount_less_the_fee(self, plain: PlainSql) -> None:
        payment = plain.payment()

        with plain.refused("ck_refunds_net_refund"):
            plain.refund(payment, 60, processing_fee=10)
        with plain.refused("ck_refunds_net_refund"):
            plain.refund(payment, -5, amount=5, processing_fee=10)
        plain.refund(payment, 50, amount=60, processing_fee=10)


class TestMoney:
    """Amounts and payments."""

    def test_comes_once_for_a_payment_intent(self, plain: PlainSql) -> None:
        plain.payment(stripe_payment_intent_id="pi_1")

        with plain.refused("uq_payment_transactions_stripe_payment_intent_id"):
            plain.payment(stripe_payment_intent_id="pi_1")
        plain.payment()
        plain.payment()

    @pytest.mark.parametrize(
        ("table", "column"),
        [
            ("courses", "price"),
            ("course_schedules", "price_override"),
            ("course_schedules", "group_price"),
            ("bookings", "payment_amount"),
            ("bookings", "price_per_place"),
            ("bookings", "discount_applied"),
            ("booking_attendees", "price"),
            ("payment_transactions", "amount"),
            ("payment_transactions", "amount_refunded"),
            ("payment_transactions", "fee_amount"),
            ("refunds", "processing_fee"),
            ("trainers", "hourly_rate"),
        ],
    )
    def test_is_never_negative_in(self, plain: PlainSql, table: str, column: str) -> None:
        plain.trainer()
        booking = plain.booking(plain.schedule())
        plain.attendee(booking)
        plain.refund(plain.payment(booking), 0)

        with (
            pytest.raises(psycopg.errors.CheckViolation) as refusal,
            plain.connection.transaction(),
        ):
            plain.fill(table, column, -1)

        assert (refusal.value.diag.constraint_name or "").startswith(f"ck_{table}_")


class TestStatuses:
    """Texts of a list."""

    @pytest.mark.parametrize(
        ("table", "column"),
        [
            ("users", "role"),
            ("courses", "course_type"),
            ("course_schedules", "status"),
            ("bookings", "status"),
            ("bookings", "payment_status"),
            ("payment_transactions", "status"),
            ("refunds", "status"),
            ("booking_inquiries", "status"),
        ],
    )
    def test_outside_their_list_are_refused_in(
        self, plain: PlainSql, table: str, column: str
    ) -> None:
        plain.refund(plain.payment(), 10)
        plain.inquiry(None)

        with plain.refused(f"ck_{table}_{column}"):
            plain.fill(table, column, "lost")


class TestCertificates:
    """Certificates of one attendee on one schedule."""

    @pytest.fixture
    def certificate(self, plain: PlainSql) -> dict[str, Any]:
        schedule = plain.schedule()
        booking = plain.booking(schedule)
        return {
            "booking_id": booking,
            "attendee_id": plain.attendee(booking),
            "course_schedule_id": schedule,
            "course_id": plain.value(
                "SELECT course_id FROM course_schedules WHERE id = %s", schedule
            ),
            "user_id": plain.user(),
            "issue_date": date(2027, 3, 1),
            "expiry_date": date(2030, 3, 1),
            "holder_name": "Ann",
            "contact_hours": 6,
            "course_name": "First Aid",
        }

    def test_are_one_that_lives(self, plain: PlainSql, certificate: dict[str, Any]) -> None:
        first = plain.insert("certificates", certificate_number="A", **certificate)

        with plain.refused("uq_certificates_live"):
            plain.insert("certificates", certificate_number="B", **certificate)
        plain.execute(
            "UPDATE certificates SET status = 'revoked', revoked_at = now() WHERE id = %s", first
        )
        second = plain.insert("certificates", certificate_number="B", **certificate)
        plain.execute("UPDATE certificates SET superseded_by_id = %s WHERE id = %s", first, second)
        plain.insert("certificates", certificate_number="C", **certificate)

    def test_never_expire_before_their_issue(
        self, plain: PlainSql, certificate: dict[str, Any]
    ) -> None:
        with plain.refused("ck_certificates_period"):
            plain.insert(
                "certificates",
                certificate_number="A",
                **certificate | {"expiry_date": date(2027, 2, 28)},
            )


class TestHistory:
    """What history points at."""

    @pytest.mark.parametrize("table", ["users", "courses", "course_schedules"])
    def test_is_not_deleted_from_under_a_booking(self, plain: PlainSql, table: str) -> None:
        plain.booking(plain.schedule())

        with (
            pytest.raises(psycopg.errors.IntegrityError) as refusal,
            plain.connection.transaction(),
        ):
            plain.delete_all(table)

        assert (refusal.value.diag.constraint_name or "").startswith("fk_")

    def test_of_one_attendee_has_one_mark_a_day(self, plain: PlainSql) -> None:
        schedule = plain.schedule()
        booking = plain.booking(schedule)
        mark = {
            "booking_id": booking,
            "attendee_id": plain.attendee(booking),
            "course_session_id": schedule,
            "user_id": plain.user(),
            "session_date": FIRST_DAY.date(),
            "status": "present",
        }
        plain.insert("attendance_records", **mark)

        with plain.refused("uq_attendance_records_attendee_day"):
            plain.insert("attendance_records", **mark)


class TestAudit:
    """The audit log."""

    @pytest.fixture
    def entry(self, plain: PlainSql) -> int:
        return plain.insert(
            "admin_activity_logs",
            action="update",
            entity_type="users",
            entity_id=1,
            changes=Jsonb({"phone": {"old": "1", "new": "2"}}),
            ip_address="127.0.0.1",
            user_agent="A browser",
            actor_label="Ann",
        )

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM admin_activity_logs",
            "TRUNCATE admin_activity_logs",
            "TRUNCATE users CASCADE",
            "UPDATE admin_activity_logs SET action = 'delete'",
            "UPDATE admin_activity_logs SET entity_id = 2",
            "UPDATE admin_activity_logs SET created_at = '2020-01-01'",
            "UPDATE admin_activity_logs SET updated_at = '2020-01-01'",
            "UPDATE admin_activity_logs SET changes = '{}'",
            "UPDATE admin_activity_logs SET ip_address = '127.0.0.2'",
            "UPDATE admin_activity_logs SET ip_address = NULL",
            "UPDATE admin_activity_logs SET user_agent = ''",
            "UPDATE admin_activity_logs SET actor_label = 'Bob'",
            "UPDATE admin_activity_logs SET actor_label = 'erased', reason = 'none'",
        ],
    )
    def test_refuses(self, plain: PlainSql, entry: int, statement: str) -> None:
        with plain.refused("audit_append_only"):
            plain.execute(statement)

    def test_is_sealed_once(self, plain: PlainSql, entry: int) -> None:
        seal = (
            "UPDATE admin_activity_logs SET changes_sha256 = %s, chain_hash = %s,"
            " seal_number = %s, sealed_at = now() WHERE id = %s"
        )
        plain.execute(seal, "digest", "chain", 1, entry)

        for column in ("changes_sha256", "chain_hash", "seal_number", "sealed_at"):
            with plain.refused("audit_append_only"):
                plain.fill("admin_activity_logs", column, None)
        with plain.refused("audit_append_only"):
            plain.execute(seal, "other", "chain", 1, entry)
        with plain.refused("audit_append_only"):
            plain.execute(seal, "digest", "chain", 2, entry)

    def test_forgets_a_person_and_keeps_the_digests(self, plain: PlainSql, entry: int) -> None:
        plain.execute(
            "UPDATE admin_activity_logs SET changes_sha256 = 'digest', chain_hash = 'chain'"
        )

        plain.execute(
            "UPDATE admin_activity_logs SET changes = '{\"erased\": true}', ip_address = 'erased',"
            " user_agent = 'erased', actor_label = 'erased' WHERE id = %s",
            entry,
        )

        assert plain.connection.execute(
            "SELECT changes, actor_label, changes_sha256, chain_hash FROM admin_activity_logs"
        ).fetchall() == [({"erased": True}, "erased", "digest", "chain")]
        with plain.refused("audit_append_only"):
            plain.execute("UPDATE admin_activity_logs SET changes_sha256 = NULL")
