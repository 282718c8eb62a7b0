"""The certificate as PDF: what it must say for its basis, with a QR code to check it."""

import io
from datetime import date

import segno

from rft_admin.catalogue.models import CertificateBasis, CertificateIssuer, Course
from rft_admin.core import links
from rft_admin.core.pdf import render_pdf
from rft_admin.delivery.models import Certificate
from rft_admin.messaging import settings as business

SLOGAN = "Act Fast | Save Lives"
INK = "#1E293B"
PRACTICE = "The course was taught and assessed in line with currently accepted first-aid practice."
#: What a certificate says of its purpose (HSE, Selecting a first-aid training provider, GEIS3;
#: statutory framework for the early years foundation stage, annex A).
PURPOSES = {
    CertificateBasis.FIRST_AID_REGULATIONS_1981: (
        "This certificate is issued for the purposes of the Health and Safety (First-Aid)"
        " Regulations 1981."
    ),
    CertificateBasis.EYFS: (
        "This certificate is issued for the purposes of the statutory framework for the early"
        " years foundation stage (EYFS)."
    ),
}


def certificate_pdf(certificate: Certificate) -> bytes:
    """Return the PDF of a certificate, as its row says."""
    course = certificate.course
    return render_pdf(
        "pdf/certificate.typ",
        {
            "organisation": business.business_name(),
            "slogan": SLOGAN,
            "title": title_of(course),
            "preamble": "This is to certify that" if _is_own(course) else "This records that",
            "holder_name": certificate.holder_name,
            "statement": _statement(course),
            "course_name": certificate.course_name,
            "basis": " ".join(_basis(course)),
            "facts": _facts(certificate),
            "number": certificate.certificate_number,
            "verify_url": verify_url(certificate),
            "verify_text": links.absolute("/verify").partition("://")[2],
            "qr": _qr_code(verify_url(certificate)),
        },
    )


def title_of(course: Course) -> str:
    """Return the document's title: only what we certify ourselves is a certificate."""
    if not _is_own(course):
        return "Record of attendance and result"
    if course.certificate_basis is CertificateBasis.ATTENDANCE:
        return "Certificate of attendance"
    return "Certificate"


def verify_url(certificate: Certificate) -> str:
    """Return the address of the public page that checks the certificate."""
    return links.absolute(f"/verify/{certificate.certificate_number}")


def _is_own(course: Course) -> bool:
    return course.certificate_issuer is CertificateIssuer.OWN


def _statement(course: Course) -> str:
    if course.certificate_basis is CertificateBasis.ATTENDANCE:
        return "has attended"
    return "has attended and passed the assessment of"


def _basis(course: Course) -> list[str]:
    if not _is_own(course):
        body = course.awarding_body_name or "the awarding body"
        return [f"The certificate itself is issued by {body}.", PRACTICE]
    if course.certificate_basis is CertificateBasis.ATTENDANCE:
        return [PRACTICE]
    return [PURPOSES[course.certificate_basis], PRACTICE, _validity(course)]


def _validity(course: Course) -> str:
    years = course.certification_validity_years
    return f"It is valid for {years} year{'s' if years > 1 else ''} from completion."


def _facts(certificate: Certificate) -> list[list[str]]:
    hours = f"{certificate.contact_hours.normalize():f}"
    facts = [
        ["Completed", _day(certificate.issue_date)],
        ["Valid to the end of", _day(certificate.expiry_date)],
        ["Contact hours", hours],
        ["Place", certificate.venue_name],
        ["Trainer", certificate.trainer_name],
    ]
    return [fact for fact in facts if fact[1]]


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _qr_code(address: str) -> str:
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", border=0, dark=INK, xmldecl=False)
    return drawn.getvalue().decode()
