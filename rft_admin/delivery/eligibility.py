"""Who has earned a certificate: hours, assessment, identity. Nobody by default."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from rft_admin.catalogue.models import CertificateBasis, Course
from rft_admin.delivery.models import ATTENDED, AttendanceRecord


@dataclass(frozen=True)
class Eligibility:
    """Whether a certificate may be issued, and what is missing if not."""

    reasons: list[str] = field(default_factory=list)
    #: Contact minutes attended on all days.
    minutes: int = 0

    @property
    def is_eligible(self) -> bool:
        """True when nothing is missing."""
        return not self.reasons


def judge(records: Sequence[AttendanceRecord], course: Course) -> Eligibility:
    """Return what a person's records of one schedule have earned.

    Eligible is who attended the course's contact hours, passed the assessment (where the
    certificate attests more than attendance), and was identified where the course asks for it.
    """
    minutes = sum(record.minutes_attended for record in records if record.status in ATTENDED)
    needed = int(course.duration_hours * 60)
    reasons = []
    if minutes < needed:
        reasons.append(f"attended {_hours(minutes)} of {_hours(needed)}")
    if course.certificate_basis is not CertificateBasis.ATTENDANCE:
        reasons.extend(_assessment_gap(records))
    if course.requires_identity_check and not any(record.identity_checked for record in records):
        reasons.append("identity not checked")
    return Eligibility(reasons=reasons, minutes=minutes)


def issue_date_of(records: Sequence[AttendanceRecord]) -> date:
    """Return the later of the last day attended and the day the assessment was passed."""
    days = [record.session_date for record in records if record.status in ATTENDED]
    days += [
        record.assessed_on for record in records if record.passed_assessment and record.assessed_on
    ]
    return max(days)


def _assessment_gap(records: Sequence[AttendanceRecord]) -> list[str]:
    """Read the latest verdict: a later one, a retake for instance, replaces an earlier one."""
    verdicts = [record for record in records if record.passed_assessment is not None]
    if not verdicts:
        return ["not assessed yet"]
    latest = max(
        verdicts, key=lambda record: (record.assessed_on or record.session_date, record.id or 0)
    )
    return [] if latest.passed_assessment else ["assessment not passed"]


def _hours(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
