"""Reminders that a certificate expires: at each set distance once, until there is a newer one."""

from datetime import date, datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased

from rft_admin.accounts.models import User
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.delivery import letters, settings
from rft_admin.delivery.models import Certificate, CertificateStatus

#: How many reminders of one distance one run sends; the next run goes on.
PORTION = 200


def remind(*, now: datetime) -> int:
    """Queue the reminders that are due at that moment; return how many.

    A reminder missed because the worker stood still goes out late; who passed several
    distances meanwhile gets the nearest one only.
    """
    today = london_date(now)
    due: list[Certificate] = []
    nearer = -1
    for distance in sorted(int(days) for days in settings.renewal_reminder_days()):
        first, last = today + timedelta(days=nearer + 1), today + timedelta(days=distance)
        for certificate in _list_expiring(first, last, distance):
            certificate.reminded_days_before = distance
            letters.certificate_expiring(certificate, now=now)
            due.append(certificate)
        nearer = distance
    db.session.flush()
    return len(due)


def _list_expiring(first: date, last: date, distance: int) -> list[Certificate]:
    """Return live certificates that expire from day to day and were not reminded so near yet."""
    newer = aliased(Certificate)
    is_renewed = exists().where(
        newer.user_id == Certificate.user_id,
        newer.holder_name == Certificate.holder_name,
        newer.course_id == Certificate.course_id,
        newer.expiry_date > Certificate.expiry_date,
        newer.status == CertificateStatus.ACTIVE,
    )
    return list(
        db.session.scalars(
            select(Certificate)
            .join(User, User.id == Certificate.user_id)
            .where(
                Certificate.status == CertificateStatus.ACTIVE,
                Certificate.superseded_by_id.is_(None),
                Certificate.expiry_date.between(first, last),
                or_(
                    Certificate.reminded_days_before.is_(None),
                    Certificate.reminded_days_before > distance,
                ),
                User.erased_at.is_(None),
                ~User.reminders_opt_out,
                ~is_renewed,
            )
            .order_by(Certificate.expiry_date, Certificate.id)
            .limit(PORTION)
            .with_for_update(key_share=True, of=Certificate, skip_locked=True)
        )
    )
