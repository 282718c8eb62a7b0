"""Reports that come by themselves: when, about which days, to whom, and when no more."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rft_admin.accounts.models import Role, User
from rft_admin.core.actor import Actor
from rft_admin.core.database import db
from rft_admin.messaging.models import EmailLog, Notification
from rft_admin.reporting import reports, scheduling
from rft_admin.reporting.models import Report, ReportFormat, ReportStatus, ScheduleFrequency
from seeds.reference import ADMIN_EMAIL, seed_reference

#: A Wednesday in winter.
NOW = datetime(2027, 3, 3, 9, 30, tzinfo=UTC)
DAILY, WEEKLY, MONTHLY = ScheduleFrequency


@pytest.fixture
def lex(session: Session, app: Flask) -> User:
    """The admin, with customers and another admin about."""
    seed_reference(app.config["RFT"])
    session.add_all(
        [
            User(email="dana@example.com", first_name="Dana", role=Role.CUSTOMER),
            User(email="kim@example.com", first_name="Kim", role=Role.ADMIN),
            User(email="gone@example.com", first_name="Gone", role=Role.ADMIN, is_active=False),
        ]
    )
    session.commit()
    return session.scalars(select(User).filter_by(email=ADMIN_EMAIL)).one()


def planned(
    lex: User, frequency: ScheduleFrequency | None = WEEKLY, recipients: Sequence[str] = ()
) -> Report:
    by = Actor(user_id=lex.id, label="Lex")
    report = reports.request_report(
        report_type="bookings_by_date",
        report_format=ReportFormat.CSV,
        start_date=None,
        end_date=None,
        now=NOW,
        by=by,
    )
    scheduling.plan(
        report=report,
        is_scheduled=True,
        frequency=frequency,
        recipients=recipients,
        now=NOW,
        by=by,
    )
    db.session.commit()
    return report


def made() -> list[Report]:
    """Return the reports that came by themselves."""
    found = select(Report).where(Report.parameters.has_key("planned_by_report"))
    return list(db.session.scalars(found.order_by(Report.id)))


class TestPlan:
    def test_is_refused_without_a_frequency(self, lex: User) -> None:
        with pytest.raises(scheduling.FrequencyMissing):
            planned(lex, None)

    @pytest.mark.parametrize("address", ["dana@example.com", "gone@example.com", "x@example.org"])
    def test_is_refused_for_whoever_is_no_active_admin(self, lex: User, address: str) -> None:
        with pytest.raises(scheduling.NotOfTheOffice, match=f"^{address} is no active admin"):
            planned(lex, recipients=["kim@example.com", address])

    def test_is_refused_for_a_crowd(self, lex: User) -> None:
        crowd = [f"admin-{number}@example.com" for number in range(11)]
        db.session.add_all(User(email=one, first_name="A", role=Role.ADMIN) for one in crowd)
        db.session.flush()

        with pytest.raises(scheduling.TooManyRecipients):
            planned(lex, recipients=crowd)

    def test_keeps_each_address_once(self, lex: User) -> None:
        report = planned(lex, recipients=[" Kim@example.com", "kim@example.com", ""])

        assert report.recipients == ["kim@example.com"]

    def test_is_ended_again(self, lex: User) -> None:
        report = planned(lex, DAILY)

        scheduling.plan(
            report=report,
            is_scheduled=False,
            frequency=DAILY,
            recipients=[],
            now=NOW,
            by=Actor(user_id=lex.id, label="Lex"),
        )

        assert report.next_run_at is None
        assert scheduling.make_due(now=datetime(2027, 3, 5, 9, tzinfo=UTC)) == 0


class TestNextRun:
    @pytest.mark.parametrize(
        ("frequency", "after", "expected"),
        [
            (DAILY, NOW, datetime(2027, 3, 4, 6, tzinfo=UTC)),
            (WEEKLY, NOW, datetime(2027, 3, 8, 6, tzinfo=UTC)),
            (WEEKLY, datetime(2027, 3, 8, 6, tzinfo=UTC), datetime(2027, 3, 15, 6, tzinfo=UTC)),
            (MONTHLY, NOW, datetime(2027, 4, 1, 5, tzinfo=UTC)),
            (MONTHLY, datetime(2027, 12, 31, 23, tzinfo=UTC), datetime(2028, 1, 1, 6, tzinfo=UTC)),
            # The clocks go forward on 28 March; six o'clock stays six o'clock.
            (DAILY, datetime(2027, 3, 27, 9, tzinfo=UTC), datetime(2027, 3, 28, 5, tzinfo=UTC)),
        ],
    )
    def test_is_at_six_in_london(
        self, frequency: ScheduleFrequency, after: datetime, expected: datetime
    ) -> None:
        assert scheduling.next_run(frequency, after) == expected


class TestPeriodBefore:
    @pytest.mark.parametrize(
        ("frequency", "due", "first", "last"),
        [
            (DAILY, date(2027, 3, 1), date(2027, 2, 28), date(2027, 2, 28)),
            (WEEKLY, date(2027, 3, 8), date(2027, 3, 1), date(2027, 3, 7)),
            (MONTHLY, date(2028, 3, 1), date(2028, 2, 1), date(2028, 2, 29)),
        ],
    )
    def test_is_the_one_that_has_passed(
        self, frequency: ScheduleFrequency, due: date, first: date, last: date
    ) -> None:
        assert scheduling.period_before(frequency, due) == (first, last)


class TestMakeDue:
    def test_does_nothing_before_its_time(self, lex: User) -> None:
        planned(lex)

        assert scheduling.make_due(now=datetime(2027, 3, 8, 5, 59, tzinfo=UTC)) == 0
        assert made() == []

    def test_asks_once_for_the_week_that_has_passed(self, lex: User) -> None:
        report = planned(lex)
        monday = datetime(2027, 3, 8, 6, 5, tzinfo=UTC)

        counts = [scheduling.make_due(now=monday) for _ in range(2)]

        (new,) = made()
        assert counts == [1, 0]
        assert (new.start_date, new.end_date) == (date(2027, 3, 1), date(2027, 3, 7))
        assert (new.report_type, new.format) == (report.report_type, report.format)
        assert new.generated_by_id == lex.id
        assert not new.is_scheduled
        assert report.next_run_at == datetime(2027, 3, 15, 6, tzinfo=UTC)
        jobs = db.session.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE args = :args"),
            {"args": f'{{"report_id": {new.id}}}'},
        ).scalar_one()
        assert jobs == 1

    def test_comes_once_after_days_without_a_worker(self, lex: User) -> None:
        planned(lex, DAILY)

        assert scheduling.make_due(now=datetime(2027, 3, 9, 12, tzinfo=UTC)) == 1
        assert made()[0].end_date == date(2027, 3, 3)

    def test_tells_by_letter_who_wanted_it_when_it_is_ready(self, lex: User) -> None:
        planned(lex, recipients=["kim@example.com"])
        scheduling.make_due(now=datetime(2027, 3, 8, 6, 5, tzinfo=UTC))
        (new,) = made()

        reports.run(new.id, now=NOW)

        letter = db.session.scalars(select(EmailLog).filter_by(template_name="report_ready")).one()
        assert new.status is ReportStatus.COMPLETED
        assert letter.recipient_email == "kim@example.com"
        assert letter.subject == "Report: Bookings by date range: 1 Mar 2027 to 7 Mar 2027"
        assert f"/admin/reports/details/?id={new.id}" in letter.body_text
        assert not letter.attachments

    def test_tells_nobody_who_has_left_meanwhile(self, lex: User, session: Session) -> None:
        planned(lex, recipients=["kim@example.com"])
        session.scalars(select(User).filter_by(email="kim@example.com")).one().is_active = False
        session.commit()

        scheduling.make_due(now=datetime(2027, 3, 8, 6, 5, tzinfo=UTC))

        assert made()[0].recipients == []

    def test_comes_no_more_once_its_owner_is_no_admin(self, lex: User, session: Session) -> None:
        report = planned(lex)
        lex.role = Role.INSTRUCTOR
        session.commit()

        assert scheduling.make_due(now=datetime(2027, 3, 8, 6, 5, tzinfo=UTC)) == 0

        assert made() == []
        assert not report.is_scheduled
        titles = session.scalars(select(Notification.title)).all()
        assert titles == [f"The report “{report}” comes no more"]
