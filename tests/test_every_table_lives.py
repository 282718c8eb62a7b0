"""The journeys leave no dead table: every table is written and read while the business runs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from rft_admin.bookings.models import Booking, BookingInquiry
from rft_admin.catalogue.models import Course
from rft_admin.core.database import Base, db
from rft_admin.core.settings import Setting
from rft_admin.delivery.models import Certificate
from rft_admin.messaging.models import Notification
from rft_admin.payments.models import PaymentTransaction, Refund
from rft_admin.reporting.models import Report
from seeds.reference import ADMIN_EMAIL, seed_reference
from tests.journeys.conftest import House, house, link_in, move_to_today, open_date, text_of
from tests.journeys.test_booking import EMAIL, book, pay
from tests.journeys.test_office import act, office
from tests.journeys.visitor import Visitor

__all__ = ["house", "office"]

WRITTEN = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?([a-z_]+)", re.IGNORECASE)
READ = re.compile(r"\b(?:FROM|JOIN)\s+\"?([a-z_]+)", re.IGNORECASE)
#: Counted and answered by one statement: `INSERT … ON CONFLICT DO UPDATE … RETURNING hits`.
READ_AS_WRITTEN = {"rate_limits"}


@dataclass
class Traffic:
    """Which tables statements wrote and read."""

    written: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)

    def note(self, statement: str) -> None:
        """Take note of what one statement touches."""
        self.written.update(WRITTEN.findall(statement))
        # What a DELETE or an UPDATE … FROM names is not read by anybody.
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            self.read.update(READ.findall(statement))


@contextmanager
def watched() -> Iterator[Traffic]:
    """Note every statement of every engine meanwhile."""
    traffic = Traffic()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        traffic.note(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield traffic
    finally:
        event.remove(Engine, "before_cursor_execute", note)


class TestTraffic:
    def test_tells_reading_from_writing(self) -> None:
        traffic = Traffic()

        traffic.note("INSERT INTO refunds (id) VALUES (1)")
        traffic.note("DELETE FROM reports")
        traffic.note("SELECT 1 FROM bookings JOIN users ON true")

        assert traffic.written == {"refunds", "reports"}
        assert traffic.read == {"bookings", "users"}


class TestEveryTable:
    def test_is_written_and_read_by_the_journeys(self, house: House, office: Visitor) -> None:
        with watched() as traffic:
            _seed_again(house)
            _prepare(house, office)
            _forget_password(house)
            schedule_id = _booked_paid_and_certified(house, office)
            _cancelled_and_refunded(house, office)
            _inquired_and_answered(house, office, schedule_id)
            _reported(house, office)
            _reconciled(house)
            _read_every_screen(office)
            _tidied(house)

        tables = set(Base.metadata.tables)
        assert len(tables) >= 22
        assert tables - traffic.written == set(), "never written"
        assert tables - traffic.read - READ_AS_WRITTEN == set(), "never read"


def _seed_again(house: House) -> None:
    """Write the reference rows into the watched business, as a release does."""
    with house.app.app_context():
        setting = db.session.scalars(select(Setting).order_by(Setting.id)).first()
        assert setting is not None
        db.session.delete(setting)
        db.session.flush()
        seed_reference(house.app.config["RFT"])
        db.session.commit()


def _prepare(house: House, office: Visitor) -> None:
    with house.app.app_context():
        course_id = db.session.scalars(select(Course.id).order_by(Course.id)).first()
    _create(
        office,
        "courses",
        name="Refresher",
        slug="refresher",
        course_type="Refresher",
        duration_hours="3",
        price="40",
    )
    _create(office, "venues", name="Example Hall", city="Harrogate")
    _create(
        office,
        "course_materials",
        course_id=course_id,
        title="Before you come",
        material_type="link",
        file_url="https://www.example.com/guide",
    )
    _create(
        office,
        "discount_codes",
        code="TENOFF",
        discount_type="percentage",
        discount_value="10",
    )
    _create(office, "office_notes", text="Rings on Mondays.", user_id=ADMIN_EMAIL)


def _create(office: Visitor, table: str, **answers: Any) -> None:
    page = office.open(f"/admin/{table}/new/")
    form = max(page.forms, key=lambda form: len(form.names))
    assert answers.keys() <= form.names, (table, sorted(form.names))
    made = office.submit(page, form, **answers)
    assert not made.path.startswith(f"/admin/{table}/new/"), (table, made.text[:1500])


def _forget_password(house: House) -> None:
    somebody = house.visitor()
    page = somebody.open("/admin/forgot")
    somebody.submit(page, page.form("email"), email=ADMIN_EMAIL)
    house.run_jobs()
    # Two letters may be on their way at once, and the worker sends them side by side.
    [letter] = [
        letter for letter in house.letters_to(ADMIN_EMAIL) if "/admin/reset/" in text_of(letter)
    ]
    assert link_in(letter, "/admin/reset/")


def _booked_paid_and_certified(house: House, office: Visitor) -> int:
    schedule_id = open_date(house.app, days_ahead=40)
    house.visitor().open("/")
    _, payment = book(
        house,
        schedule_id,
        discount_code="TENOFF",
        requirement_type="dietary",
        requirement_details="No nuts, please.",
        health_consent="y",
    )
    pay(house, payment.path)
    page = house.visitor().open(link_in(house.letter_to(EMAIL, "confirmed"), "/bookings/"))
    assert page.status == 200
    move_to_today(house.app, schedule_id)
    with house.app.app_context():
        booking = db.session.scalars(select(Booking)).one()
        booking_id, attendee_id = booking.id, booking.attendees[0].id
    register = office.open(f"/admin/register/{schedule_id}/")
    office.submit(
        register,
        register.form(f"status-{attendee_id}"),
        **{f"status-{attendee_id}": "present", f"assessment-{attendee_id}": "1"},
    )
    act(office, "bookings", "issue_certificate", booking_id)
    house.run_jobs()
    with house.app.app_context():
        number = db.session.scalars(select(Certificate.certificate_number)).one()
    assert house.visitor().open(f"/verify/{number}").status == 200
    return schedule_id


def _cancelled_and_refunded(house: House, office: Visitor) -> None:
    schedule_id = open_date(house.app, days_ahead=20)
    customer = "refund@example.com"
    _, payment = book(
        house, schedule_id, email=customer, customer_type="business", company_name="Example Ltd"
    )
    pay(house, payment.path)
    visitor = house.visitor()
    mine = visitor.open(link_in(house.letter_to(customer, "confirmed"), "/bookings/"))
    cancel = visitor.open(mine.path.partition("?")[0] + "/cancel")
    visitor.submit(cancel, cancel.form("csrf_token"))
    with house.app.app_context():
        refund_id = db.session.scalars(select(Refund.id)).one()
    act(office, "refunds", "approve_refund", refund_id)
    house.run_jobs()
    house.deliver_events()


def _inquired_and_answered(house: House, office: Visitor, schedule_id: int) -> None:
    visitor = house.visitor()
    page = visitor.open("/inquire")
    visitor.submit(
        page,
        page.form("questions"),
        first_name="Jo",
        last_name="Asking",
        email="jo@example.com",
        number_of_people=3,
        questions="Is there parking?",
    )
    with house.app.app_context():
        inquiry_id = db.session.scalars(select(BookingInquiry.id)).one()
        notification_id = db.session.scalars(select(Notification.id)).first()
    assert notification_id is not None
    act(office, "booking_inquiries", "respond", inquiry_id, response="Yes, behind the house.")


def _reported(house: House, office: Visitor) -> None:
    _create(office, "reports", report_type="bookings_by_date", format="csv")
    house.run_jobs()
    with house.app.app_context():
        assert db.session.scalars(select(Report.stored_file_id)).one() is not None


def _reconciled(house: House) -> None:
    """Let the nightly comparison meet a payment that is a penny off, and put it right again."""
    for pence in (1, -1):
        with house.app.app_context():
            payment = db.session.scalars(
                select(PaymentTransaction).order_by(PaymentTransaction.id)
            ).first()
            assert payment is not None
            payment.amount += Decimal(pence) / 100
            db.session.commit()
        result = house.app.test_cli_runner().invoke(args=["jobs", "run", "reconcile_nightly"])
        assert result.exit_code == 0, result.output


def _read_every_screen(office: Visitor) -> None:
    for table in sorted(Base.metadata.tables):
        page = office.open(f"/admin/{table}/")
        assert page.status in {200, 404}, table


def _tidied(house: House) -> None:
    """Let the nightly job pass over everything."""
    result = house.app.test_cli_runner().invoke(args=["jobs", "run", "retention"])
    assert result.exit_code == 0, result.output
    checked = house.app.test_cli_runner().invoke(args=["check"])
    assert checked.exit_code == 0, checked.output
