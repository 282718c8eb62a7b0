"""The public check of a certificate: name, course, dates, status, nothing more."""

import enum
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.references import has_valid_check_character
from rft_admin.delivery.models import Certificate, CertificateStatus


class Standing(enum.StrEnum):
    """What a certificate is worth today."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Verification:
    """What the public page shows."""

    certificate_number: str
    holder_name: str
    course_name: str
    issue_date: date
    expiry_date: date
    standing: Standing
    #: An awarding body's own number.
    external_number: str | None


def look_up(number: str, *, now: datetime) -> Verification | None:
    """Return what a certificate is worth at that moment, or None if the number is unknown."""
    tidy = normalise(number)
    certificate = db.session.scalar(
        select(Certificate).where(Certificate.certificate_number == tidy)
    )
    if certificate is None:
        return None
    return Verification(
        certificate_number=certificate.certificate_number,
        holder_name=certificate.holder_name,
        course_name=certificate.course_name,
        issue_date=certificate.issue_date,
        expiry_date=certificate.expiry_date,
        standing=_standing(certificate, london_date(now)),
        external_number=certificate.external_number,
    )


def normalise(number: str) -> str:
    """Return a number as it is stored, however it was typed: spaces and small letters mended."""
    return "".join(number.split()).upper()[:40].replace("\x00", "")


def looks_mistyped(number: str) -> bool:
    """Return whether the check character shows that the number was typed wrongly."""
    return not has_valid_check_character(normalise(number))


def _standing(certificate: Certificate, today: date) -> Standing:
    if certificate.superseded_by_id is not None:
        return Standing.SUPERSEDED
    if certificate.status is CertificateStatus.REVOKED:
        return Standing.REVOKED
    # The job that writes `expired` may not have run yet: the date decides.
    return Standing.EXPIRED if certificate.expiry_date < today else Standing.ACTIVE
