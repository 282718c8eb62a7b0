"""Tests of the office's first page: which class comes next, and what waits."""

import re
from datetime import timedelta
from html import unescape

from sqlalchemy.orm import Session

from rft_admin.accounts.models import User
from rft_admin.admin.today import COUNTED
from rft_admin.bookings.models import BookingStatus, PaymentStatus
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.core import clock
from rft_admin.core.formats import format_short_date
from rft_admin.messaging.models import EmailStatus, NotificationType
from rft_admin.payments.models import RefundStatus
from tests import factories
from tests.admin.conftest import Office, QueryCounter

#: A figure's address and number; and what a list says of its rows: "1–3 of 3".
FIGURE = re.compile(r'<a class="card figure[^"]*" href="([^"]+)"><strong>([\d,]+)</strong>')
OF = re.compile(r"\d[\d,]*–\d[\d,]* of ([\d,+]+)")


class TestToday:
    def test_says_when_nothing_is_planned(self, office: Office) -> None:
        assert "No course is planned" in office.get("/admin/").text

    def test_shows_the_next_day_of_a_course_in_progress(
        self, office: Office, session: Session
    ) -> None:
        begun = clock.now() - timedelta(days=10)
        coming = begun + timedelta(days=21)
        factories.ScheduleFactory(
            start_datetime=begun,
            end_datetime=coming + timedelta(hours=7),
            days=[(start, start + timedelta(hours=7), 60) for start in (begun, coming)],
        )
        session.commit()

        page = office.get("/admin/").text

        assert "day 2 of 2" in page
        assert f"{format_short_date(coming)}, </span>" in page
        assert f"{format_short_date(begun)}, </span>" not in page

    def test_puts_the_class_of_today_on_top(self, office: Office, session: Session) -> None:
        noon = clock.to_london(clock.now()).replace(hour=12, minute=0, second=0, microsecond=0)
        factories.ScheduleFactory(start_datetime=noon, end_datetime=noon + timedelta(hours=7))
        session.commit()

        page = office.get("/admin/").text

        assert page.index("Classes today") < page.index("Next courses")
        assert "No course is planned after today" in page

    def test_links_each_figure_to_the_list_it_counts_and_equals_it(
        self, office: Office, session: Session
    ) -> None:
        _fill_every_list(office, session)

        found = dict(FIGURE.findall(office.get("/admin/").text))

        assert len(found) == len(COUNTED)
        for address, number in found.items():
            page = office.get(unescape(address)).text
            shown = OF.search(page)
            assert (shown[1] if shown else "0") == number, address
        assert min(int(number) for number in found.values()) > 0

    def test_says_how_much_money_a_figure_is_about(self, office: Office, session: Session) -> None:
        factories.RefundFactory()
        session.commit()

        assert "£75.00 asked back" in office.get("/admin/").text

    def test_lists_the_hold_that_runs_out_first_on_top(
        self, office: Office, session: Session
    ) -> None:
        now = clock.now()
        for name, hours in (("Later", 20), ("Sooner", 2)):
            factories.InquiryFactory(
                first_name=name,
                course_session_id=factories.ScheduleFactory().id,
                hold_expires_at=now + timedelta(hours=hours),
            )
        session.commit()

        page = office.get("/admin/").text

        held = page.split("Inquiries to answer</h2>")[1].split("</section>")[0]
        assert held.index("Sooner") < held.index("Later")
        assert "places held until" in held

    def test_draws_two_charts_each_with_its_table(self, office: Office, session: Session) -> None:
        factories.PaymentFactory()
        factories.ScheduleFactory(start_datetime=clock.now() + timedelta(days=5))
        session.commit()

        page = office.get("/admin/").text

        assert page.count('<svg class="chart"') == 2
        revenue = page.split('id="revenue-title"')[1].split("</section>")[0]
        assert "£75.00</td>" in revenue
        fill = page.split('id="fill-title"')[1].split("</section>")[0]
        assert '<td class="num">12</td>' in fill

    def test_takes_at_most_15_queries_whatever_waits(
        self, office: Office, session: Session, count_queries: QueryCounter
    ) -> None:
        _fill_every_list(office, session)
        session.expire_all()

        with count_queries() as queries:
            assert office.get("/admin/").status_code == 200

        assert len(queries) <= 15, queries

    def test_shows_an_instructor_neither_money_nor_charts(
        self, classroom: Office, session: Session
    ) -> None:
        factories.RefundFactory()
        session.commit()

        page = classroom.get("/admin/").text

        assert "£" not in page
        assert "chart" not in page


def _fill_every_list(office: Office, session: Session) -> None:
    """Make what each figure counts, beside rows that it does not."""
    now = clock.now()
    soon = now + timedelta(days=6)
    factories.BookingFactory(
        status=BookingStatus.PENDING, hold_expires_at=now + timedelta(minutes=20)
    )
    factories.BookingFactory(payment_due_at=now - timedelta(days=3))
    factories.BookingFactory(payment_status=PaymentStatus.PAID)
    factories.RefundFactory()
    factories.RefundFactory(status=RefundStatus.REJECTED)
    factories.DifferenceFactory()
    factories.InquiryFactory(
        course_session_id=factories.ScheduleFactory().id,
        hold_expires_at=now + timedelta(hours=2),
    )
    factories.ScheduleFactory(start_datetime=soon, min_places=6, decision_asked_at=now)
    factories.RequirementFactory(requires_action=True)
    factories.RequirementFactory()
    past = factories.ScheduleFactory(
        start_datetime=now - timedelta(days=3), status=ScheduleStatus.COMPLETED
    )
    booking = factories.BookingFactory(course_schedule=past, number_of_places=2)
    waits, has_one = (
        factories.AttendanceFactory(attendee=attendee, certificate_eligible=True)
        for attendee in booking.attendees
    )
    factories.CertificateFactory(attendee=has_one.attendee)
    today = clock.london_date(now)
    factories.CertificateFactory(
        issue_date=today - timedelta(days=1000), expiry_date=today + timedelta(days=20)
    )
    factories.LetterFactory(status=EmailStatus.FAILED)
    factories.LetterFactory()
    factories.NotificationFactory(
        user=session.get(User, office.user_id), type=NotificationType.JOB_FAILED
    )
    factories.NotificationFactory(type=NotificationType.JOB_FAILED)
    session.commit()
    assert waits.course_session_id == past.id
