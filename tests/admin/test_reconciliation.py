"""The screens of Stripe's differences and events: what is told, resolved and read again."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from rft_admin.core import clock
from rft_admin.payments.models import (
    DifferenceKind,
    DifferenceStatus,
    ReconciliationDifference,
    StripeEvent,
)
from tests.admin.conftest import Office
from tests.admin.test_actions import act, page_after


@pytest.fixture
def difference(session: Session) -> ReconciliationDifference:
    """A difference that nobody has worked through."""
    row = ReconciliationDifference(
        kind=DifferenceKind.AMOUNT,
        stripe_object_id="ch_1",
        our_amount=Decimal("75.01"),
        stripe_amount=Decimal("75.00"),
        explanation="Stripe took £75.00; our payment says £75.01.",
    )
    session.add(row)
    session.commit()
    return row


@pytest.fixture
def event(session: Session) -> StripeEvent:
    """An event that came to nothing."""
    row = StripeEvent(
        stripe_event_id="evt_1",
        event_type="payment_intent.succeeded",
        object_id="pi_1",
        payload={"data": {"object": {"receipt_email": "secret@example.com"}}},
        livemode=False,
        processed_at=clock.now(),
        error_message="It did not fit.",
    )
    session.add(row)
    session.commit()
    return row


class TestDifferences:
    def test_are_told_today_and_listed(
        self, office: Office, difference: ReconciliationDifference
    ) -> None:
        today = office.get("/admin/").text
        listed = office.get("/admin/reconciliation_differences/?scope=open").text

        assert "differences with Stripe" in today
        assert "ch_1" in listed
        assert "£75.01" in listed

    def test_are_not_resolved_without_a_reason(
        self, office: Office, difference: ReconciliationDifference
    ) -> None:
        status = act(office, "reconciliation_differences", "resolve", difference.id, reason="")

        assert status == 422
        assert difference.status is DifferenceStatus.OPEN

    def test_are_resolved_by_a_person_with_what_it_was(
        self, session: Session, office: Office, difference: ReconciliationDifference
    ) -> None:
        table = "reconciliation_differences"

        assert act(office, table, "resolve", difference.id, reason="A slip.") == 303

        session.refresh(difference)
        assert (difference.status, difference.note) == (DifferenceStatus.RESOLVED, "A slip.")
        assert difference.resolved_by_id is not None
        assert "is resolved" in page_after(office, table, difference.id)


class TestEvents:
    def test_do_not_show_what_customers_typed_at_stripe(
        self, office: Office, event: StripeEvent
    ) -> None:
        shown = page_after(office, "stripe_events", event.id)

        assert "It did not fit." in shown
        assert "secret@example.com" not in shown

    def test_are_read_again(self, session: Session, office: Office, event: StripeEvent) -> None:
        assert act(office, "stripe_events", "replay", event.id) == 303

        session.refresh(event)
        assert event.processed_at is None
        assert event.error_message is None

    def test_are_not_read_again_while_they_wait(
        self, session: Session, office: Office, event: StripeEvent
    ) -> None:
        event.processed_at = None
        session.commit()

        assert act(office, "stripe_events", "replay", event.id) == 409
