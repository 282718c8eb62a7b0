"""The letters of this room: the certificate, and the reminder that it expires."""

from datetime import datetime

from rft_admin.core.database import Json
from rft_admin.delivery.models import Certificate
from rft_admin.delivery.pdf import verify_url
from rft_admin.messaging import service as messaging
from rft_admin.messaging.models import EmailLog


def certificate_issued(certificate: Certificate, *, now: datetime) -> EmailLog:
    """Queue the letter that brings the certificate, to its holder, else to the booker."""
    return messaging.queue_letter(
        template="certificate_issued",
        to=recipient_of(certificate),
        subject=f"Your certificate: {certificate.course_name}",
        context=_facts(certificate),
        booking_id=certificate.booking_id,
        attachments=[{"kind": "stored_file", "id": certificate.stored_file_id}],
        now=now,
    )


def certificate_expiring(certificate: Certificate, *, now: datetime) -> EmailLog:
    """Queue the plain notice that a certificate expires; it offers nothing."""
    return messaging.queue_letter(
        template="certificate_expiring",
        to=recipient_of(certificate),
        subject=f"Certificate expires: {certificate.course_name}, {certificate.holder_name}",
        context=_facts(certificate),
        booking_id=certificate.booking_id,
        now=now,
    )


def recipient_of(certificate: Certificate) -> str:
    """Return the attendee's address, or the booker's where the attendee's is not known."""
    return certificate.attendee.email or certificate.booking.user.email


def _facts(certificate: Certificate) -> Json:
    return {
        "holder_name": certificate.holder_name,
        "course_name": certificate.course_name,
        "number": certificate.certificate_number,
        "issue_date": certificate.issue_date,
        "expiry_date": certificate.expiry_date,
        "verify_url": verify_url(certificate),
    }
