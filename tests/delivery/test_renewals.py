"""Tests of the reminders that a certificate expires."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.core.clock import london_midnight
from rft_admin.delivery import renewals
from rft_admin.delivery.models import CertificateStatus
from rft_admin.messaging.models import EmailLog
from tests.factories import CertificateFactory


def days_before(certificate, days):
    """Return a moment so many days before the last day."""
    return london_midnight(certificate.expiry_date) - timedelta(days=days) + timedelta(hours=9)


def letters(session: Session) -> int:
    """Return how many letters were queued."""
    return session.scalar(select(func.count()).select_from(EmailLog)) or 0


class TestRemind:
    def test_says_nothing_before_the_first_distance(self, session: Session) -> None:
        certificate = CertificateFactory()

        assert renewals.remind(now=days_before(certificate, 91)) == 0

    def test_says_nothing_of_a_revoked_or_expired_one(self, session: Session) -> None:
        certificate = CertificateFactory(status=CertificateStatus.EXPIRED)

        assert renewals.remind(now=days_before(certificate, 30)) == 0

    def test_says_nothing_to_who_opted_out(self, session: Session) -> None:
        certificate = CertificateFactory(attendee__booking__user__reminders_opt_out=True)

        assert renewals.remind(now=days_before(certificate, 30)) == 0

    def test_stops_when_there_is_a_newer_certificate(self, session: Session) -> None:
        old = CertificateFactory()
        CertificateFactory(
            user=old.user,
            course=old.course,
            holder_name=old.holder_name,
            issue_date=old.expiry_date,
            expiry_date=old.expiry_date.replace(year=2033),
        )

        assert renewals.remind(now=days_before(old, 30)) == 0

    def test_reminds_once_at_each_distance(self, session: Session) -> None:
        certificate = CertificateFactory()

        sent = [renewals.remind(now=days_before(certificate, days)) for days in range(95, -3, -1)]

        assert sum(sent) == 3
        assert letters(session) == 3

    def test_sends_the_nearest_only_when_the_worker_stood_still(self, session: Session) -> None:
        certificate = CertificateFactory()

        assert renewals.remind(now=days_before(certificate, 5)) == 1
        assert certificate.reminded_days_before == 7
