"""Tests of who has earned a certificate."""

from datetime import date
from decimal import Decimal

import pytest

from rft_admin.catalogue.models import CertificateBasis, Course
from rft_admin.delivery.eligibility import issue_date_of, judge
from rft_admin.delivery.models import AttendanceRecord, AttendanceStatus

DAY = date(2027, 2, 1)


def course(**values: object) -> Course:
    """A course of six contact hours."""
    settings = {
        "duration_hours": Decimal(6),
        "certificate_basis": CertificateBasis.FIRST_AID_REGULATIONS_1981,
        "requires_identity_check": False,
    }
    return Course(**(settings | values))


def record(**values: object) -> AttendanceRecord:
    """A whole day attended, assessment passed."""
    settings = {
        "session_date": DAY,
        "status": AttendanceStatus.PRESENT,
        "minutes_attended": 360,
        "passed_assessment": True,
        "assessed_on": DAY,
        "identity_checked": False,
    }
    return AttendanceRecord(**(settings | values))


class TestJudge:
    def test_finds_nobody_eligible_by_default(self) -> None:
        verdict = judge([], course())

        assert not verdict.is_eligible
        assert verdict.reasons == ["attended 0 h of 6 h", "not assessed yet"]

    def test_refuses_a_minute_too_few(self) -> None:
        verdict = judge([record(minutes_attended=359)], course())

        assert verdict.reasons == ["attended 5 h 59 min of 6 h"]

    @pytest.mark.parametrize("status", [AttendanceStatus.ABSENT, AttendanceStatus.EXCUSED])
    def test_counts_no_minutes_of_who_was_not_there(self, status: AttendanceStatus) -> None:
        verdict = judge([record(status=status)], course())

        assert verdict.minutes == 0

    def test_refuses_a_failed_assessment(self) -> None:
        verdict = judge([record(passed_assessment=False)], course())

        assert verdict.reasons == ["assessment not passed"]

    def test_lets_a_retake_replace_the_first_verdict(self) -> None:
        first = record(passed_assessment=False)
        retake = record(minutes_attended=0, assessed_on=date(2027, 2, 8))

        assert judge([first, retake], course()).is_eligible

    def test_lets_a_later_failure_replace_a_pass(self) -> None:
        later = record(minutes_attended=0, passed_assessment=False, assessed_on=date(2027, 2, 8))

        assert not judge([record(), later], course()).is_eligible

    def test_asks_for_the_identity_where_the_course_does(self) -> None:
        strict = course(requires_identity_check=True)

        assert judge([record()], strict).reasons == ["identity not checked"]
        assert judge([record(identity_checked=True)], strict).is_eligible

    def test_asks_for_no_assessment_where_attendance_is_certified(self) -> None:
        relaxed = course(certificate_basis=CertificateBasis.ATTENDANCE)

        assert judge([record(passed_assessment=None)], relaxed).is_eligible

    def test_adds_up_the_days(self) -> None:
        days = [record(passed_assessment=None), record(session_date=date(2027, 2, 8))]

        assert judge(days, course(duration_hours=Decimal(12))).is_eligible

    def test_counts_late_and_partial_minutes(self) -> None:
        late = record(status=AttendanceStatus.LATE, minutes_attended=300)
        made_up = record(
            status=AttendanceStatus.PARTIAL, minutes_attended=60, session_date=date(2027, 2, 8)
        )

        assert judge([late, made_up], course()).is_eligible


class TestIssueDate:
    def test_is_the_last_day_attended(self) -> None:
        days = [record(), record(session_date=date(2027, 2, 8), assessed_on=None)]

        assert issue_date_of(days) == date(2027, 2, 8)

    def test_is_the_day_of_a_later_pass(self) -> None:
        assert issue_date_of([record(assessed_on=date(2027, 2, 15))]) == date(2027, 2, 15)

    def test_is_not_moved_by_a_day_missed(self) -> None:
        missed = record(session_date=date(2027, 2, 8), status=AttendanceStatus.ABSENT)

        assert issue_date_of([record(), missed]) == DAY
