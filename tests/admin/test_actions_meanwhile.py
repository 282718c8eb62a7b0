"""Tests of an action on a row that changed between the question and the answer."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.payments.models import Refund, RefundStatus
from tests import factories
from tests.admin.conftest import Office


def ask(office: Office, table: str, name: str, row_id: int) -> dict[str, str]:
    """Open the confirmation page and return what it sends when it is confirmed."""
    page = office.post(f"/admin/{table}/action/", {"action": name, "rowid": str(row_id)}).text
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: value for name, value in fields if name != "csrf_token"}


def charge_fee(session: Session, refund: Refund) -> None:
    """Let the refund cost five pounds."""
    session.execute(
        update(Refund)
        .where(Refund.id == refund.id)
        .values(processing_fee=Decimal(5), net_refund=Refund.amount - 5)
    )
    session.commit()


@pytest.fixture
def refund(session: Session) -> Refund:
    """A refund that waits for approval, and another one."""
    refund = factories.RefundFactory()
    factories.RefundFactory()
    session.commit()
    return refund


class TestMeanwhile:
    def test_another_sum_is_asked_about_again(
        self, office: Office, refund: Refund, session: Session
    ) -> None:
        asked = ask(office, "refunds", "approve_refund", refund.id)
        charge_fee(session, refund)

        answer = office.post("/admin/refunds/action/", asked)

        session.refresh(refund)
        assert answer.status_code == 409
        assert "Nothing was done yet" in answer.text
        assert "£5.00" in answer.text
        assert refund.status is RefundStatus.PENDING

    def test_and_is_done_when_it_is_confirmed_as_it_is_now(
        self, office: Office, refund: Refund, session: Session
    ) -> None:
        charge_fee(session, refund)

        answer = office.post(
            "/admin/refunds/action/", ask(office, "refunds", "approve_refund", refund.id)
        )

        session.refresh(refund)
        assert answer.status_code == 303
        assert refund.status is not RefundStatus.PENDING

    def test_a_cancelled_booking_is_not_cancelled_again(
        self, office: Office, session: Session
    ) -> None:
        booking = factories.BookingFactory()
        session.commit()
        asked = ask(office, "bookings", "cancel", booking.id) | {"reason": "Rang"}
        office.post("/admin/bookings/action/", asked | {"token": "x" * 30})
        cancelled_at = session.scalars(select(Booking.cancelled_at)).one()

        answer = office.post("/admin/bookings/action/", asked)

        assert answer.status_code == 409
        assert "Cannot be done" in answer.text
        assert session.scalars(select(Booking.cancelled_at)).one() == cancelled_at

    def test_what_a_job_writes_beside_it_does_not_matter(
        self, office: Office, session: Session
    ) -> None:
        booking = factories.BookingFactory()
        session.commit()
        asked = ask(office, "bookings", "cancel", booking.id) | {"reason": "Rang"}
        booking.reminder_sent = True
        session.commit()

        answer = office.post("/admin/bookings/action/", asked)

        assert answer.status_code == 303
        assert session.scalar(select(Booking.status)) is BookingStatus.CANCELLED

    def test_the_same_confirmation_sent_twice_is_told_as_that(
        self, office: Office, refund: Refund, session: Session
    ) -> None:
        asked = ask(office, "refunds", "approve_refund", refund.id)

        first = office.post("/admin/refunds/action/", asked)
        second = office.post("/admin/refunds/action/", asked)

        assert first.status_code == second.status_code == 303
        assert "/admin/action_runs/" in second.headers["Location"]
        assert (
            session.scalar(
                select(func.count(Refund.id)).where(Refund.status != RefundStatus.PENDING)
            )
            == 1
        )
