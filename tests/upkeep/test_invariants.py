"""Tests of the invariants: clean on healthy databases, and each sees what breaks it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from rft_admin.core import clock
from rft_admin.core.database import transact
from rft_admin.upkeep import invariants
from seeds import bulk
from seeds.reference import seed_reference

#: What breaks an invariant, by a part of its name. The triggers rest; what even then refuses
#: is taken away first, inside the test's transaction.
BREAKAGES = {
    "counted places differ": "UPDATE course_schedules SET current_capacity = 11"
    " WHERE id = (SELECT id FROM course_schedules WHERE current_capacity = 12 LIMIT 1)",
    "more places taken": "UPDATE course_schedules SET max_capacity = 4, current_capacity = 4"
    " WHERE id = (SELECT id FROM course_schedules WHERE current_capacity = 12 LIMIT 1)",
    "number of places differs": "UPDATE bookings SET number_of_places = 7"
    " WHERE id = (SELECT id FROM bookings WHERE status = 'confirmed' LIMIT 1)",
    "start or end is not that": "UPDATE course_schedule_days SET ends_at = ends_at + interval '1h'"
    " WHERE id = (SELECT min(id) FROM course_schedule_days)",
    "gave back more": "UPDATE refunds SET amount = 9999, net_refund = 9999, processing_fee = 0"
    " WHERE id = (SELECT min(id) FROM refunds WHERE status = 'approved')",
    "refunded sum differs": "UPDATE payment_transactions SET amount_refunded = 1"
    " WHERE id = (SELECT min(id) FROM payment_transactions WHERE amount_refunded = 0)",
    "less has come": "UPDATE bookings SET payment_amount = payment_amount + 1"
    " WHERE id = (SELECT min(id) FROM bookings WHERE payment_status = 'paid')",
    "not what was given back": "UPDATE payment_transactions SET status = 'refunded'"
    " WHERE id = (SELECT min(id) FROM payment_transactions WHERE status = 'succeeded')",
    "not what the ledger says": "UPDATE bookings SET payment_status = 'pending'"
    " WHERE id = (SELECT min(booking_id) FROM payment_transactions WHERE status = 'succeeded')",
    "kept their money": "UPDATE bookings SET status = 'cancelled', cancelled_at = now(),"
    " cancellation_reason = 'The places were held for payment, and the time ran out.'"
    " WHERE id = (SELECT min(id) FROM bookings WHERE payment_status = 'paid')",
    "more than once": "UPDATE invoices SET total = total + 9999"
    " WHERE id = (SELECT min(id) FROM invoices WHERE kind = 'credit_note')",
    "two live invoices": "INSERT INTO invoices"
    " (invoice_number, kind, booking_id, issue_date, total, content)"
    " SELECT 'INV-1999-00001', kind, booking_id, issue_date, total, content FROM invoices i"
    " WHERE kind = 'invoice'"
    " AND NOT EXISTS (SELECT FROM invoices c WHERE c.credits_invoice_id = i.id) LIMIT 1",
    "with a gap": "UPDATE number_series SET last_number = last_number + 1"
    " WHERE id = (SELECT min(id) FROM number_series)",
    "without exactly one first letter": "DELETE FROM email_logs WHERE id ="
    " (SELECT min(id) FROM email_logs WHERE template_name = 'booking_confirmed')",
    "never sent a confirmation": "UPDATE bookings SET confirmation_sent = false"
    " WHERE id = (SELECT min(id) FROM bookings WHERE status = 'confirmed')",
    "two live certificates": "UPDATE certificates SET (attendee_id, course_schedule_id) ="
    " (SELECT attendee_id, course_schedule_id FROM certificates WHERE status = 'active'"
    "   ORDER BY id DESC LIMIT 1)"
    " WHERE id = (SELECT min(id) FROM certificates WHERE status = 'active')",
    "not the one that was issued": "UPDATE stored_files SET content = '\\x00', size = 1"
    " WHERE id = (SELECT min(stored_file_id) FROM certificates)",
    "used more often": "UPDATE discount_codes SET usage_count = usage_count + 1"
    " WHERE id = (SELECT min(id) FROM discount_codes)",
    "counts are not those of their rows": "INSERT INTO action_runs (user_id, token, entity_type,"
    " action, row_count, done_count, status, finished_at)"
    " SELECT min(id), 't', 'bookings', 'cancel', 1, 1, 'completed', now() FROM users",
    "a quarter of an hour": "UPDATE bookings SET hold_expires_at = now() - interval '16 minutes'"
    " WHERE status = 'pending' AND hold_expires_at IS NOT NULL",
}


#: What is told and breaks nothing.
ONLY_TOLD = {
    "expired holds, not tidied yet",
    "differences with Stripe that wait for a person",
    "bookings on invoice that were not billed yet",
}


class TestCheckAll:
    def test_finds_nothing_in_an_empty_database(self, session: Session) -> None:
        assert _broken() == []

    def test_finds_nothing_in_the_demo(self, demo_session: Session) -> None:
        assert _broken() == []

    def test_finds_nothing_after_loading_rows_in_bulk(self, committed_app: Flask) -> None:
        with committed_app.app_context():
            transact(lambda: seed_reference(committed_app.config["RFT"]))
            bulk.load(bookings=523, advance=lambda count: None)

            assert _broken() == []

    @pytest.mark.parametrize("name", BREAKAGES)
    def test_sees_what_breaks(self, demo_session: Session, name: str) -> None:
        demo_session.execute(text("SET LOCAL session_replication_role = replica"))
        demo_session.execute(text("DROP INDEX uq_certificates_live"))
        demo_session.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))

        changed = demo_session.execute(text(BREAKAGES[name]))

        assert changed.rowcount >= 1  # type: ignore[attr-defined] # an UPDATE's result has it
        assert any(name in broken for broken in _broken())

    def test_has_a_breakage_for_every_invariant_that_can_break(self, session: Session) -> None:
        names = [invariant.name for invariant in invariants.check_all(now=clock.now())]

        unbroken = [
            name
            for name in names
            if name not in ONLY_TOLD and not any(part in name for part in BREAKAGES)
        ]

        assert unbroken == []

    def test_tells_of_expired_holds_without_calling_them_broken(
        self, demo_session: Session
    ) -> None:
        later = clock.now() + timedelta(hours=1)

        found = {invariant.name: invariant for invariant in invariants.check_all(now=later)}

        assert found["expired holds, not tidied yet"].figure == 1
        assert all(invariant.holds for invariant in found.values())

    def test_tells_of_work_that_waits_without_calling_it_broken(
        self, demo_session: Session
    ) -> None:
        demo_session.execute(
            text(
                "INSERT INTO reconciliation_differences (kind, stripe_object_id, explanation)"
                " VALUES ('amount', 'ch_1', 'A penny.')"
            )
        )
        demo_session.execute(
            text(
                "UPDATE bookings SET payment_method_chosen = 'invoice', payment_status = 'pending'"
                " WHERE id = (SELECT min(id) FROM bookings b WHERE status = 'confirmed'"
                " AND NOT EXISTS (SELECT FROM invoices i WHERE i.booking_id = b.id))"
            )
        )

        found = {one.name: one for one in invariants.check_all(now=clock.now())}

        for name in ("differences with Stripe that wait", "bookings on invoice that were not"):
            told = next(one for key, one in found.items() if key.startswith(name))
            assert (told.figure, told.holds) == (1, True)


def _broken() -> list[str]:
    return [
        invariant.name for invariant in invariants.check_all(now=clock.now()) if not invariant.holds
    ]
