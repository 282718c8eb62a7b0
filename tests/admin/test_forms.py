"""Tests of saving: what is typed reaches the use case, every refusal stands beside its field."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.bookings import settings as booking_settings
from rft_admin.bookings.models import Booking, BookingInquiry, SpecialRequirement
from rft_admin.catalogue.models import Course, CourseSchedule, Venue
from rft_admin.core import clock
from rft_admin.core.settings import Setting
from rft_admin.delivery.models import AttendanceRecord
from rft_admin.payments.models import PaymentTransaction, Refund
from rft_admin.reporting.models import Report
from tests import factories
from tests.admin.conftest import Office

COURSE = {
    "name": "Refresher",
    "slug": "refresher",
    "course_type": "Refresher",
    "duration_hours": "3",
    "price": "£45.00",
    "max_capacity": "12",
    "certification_validity_years": "3",
    "is_active": "y",
    "certificate_basis": "attendance",
    "certificate_issuer": "own",
    "learners_per_trainer": "12",
    "display_order": "0",
}


class TestGeneratedForm:
    def test_keeps_what_was_typed_when_it_refuses(self, office: Office, session: Session) -> None:
        answer = office.post("/admin/courses/new/", COURSE | {"price": "a lot", "name": "Kept"})

        assert answer.status_code == 422
        assert 'value="Kept"' in answer.text
        assert 'value="a lot"' in answer.text
        assert "Please enter an amount in pounds" in answer.text
        assert session.scalar(select(func.count(Course.id))) == 0

    @pytest.mark.parametrize(
        ("field", "typed", "fault"),
        [
            ("max_capacity", "99999999999", "too large"),
            ("price", "-1", "below nothing"),
            ("name", "", "fill this in"),
            ("max_capacity", "0", "not possible"),
        ],
    )
    def test_names_the_fault_beside_the_field(
        self, office: Office, session: Session, field: str, typed: str, fault: str
    ) -> None:
        answer = office.post("/admin/courses/new/", COURSE | {field: typed})

        found = re.search(rf'id="{field}-fault">([^<]*)', answer.text)
        assert answer.status_code == 422
        assert found is not None
        assert fault in found[1]

    def test_says_that_a_value_is_taken(self, office: Office, session: Session) -> None:
        factories.CourseFactory(slug="refresher")
        session.commit()

        answer = office.post("/admin/courses/new/", COURSE)

        assert answer.status_code == 422
        assert "This value is taken already" in answer.text

    def test_saves(self, office: Office, session: Session) -> None:
        answer = office.post("/admin/courses/new/", COURSE)

        course = session.scalars(select(Course)).one()
        assert answer.headers["Location"] == f"/admin/courses/details/?id={course.id}"
        assert course.price == Decimal("45.00")
        assert course.created_by_id == office.user_id

    def test_refuses_a_row_changed_meanwhile(self, office: Office, session: Session) -> None:
        venue = factories.VenueFactory(name="Old", city="Leeds")
        session.commit()
        typed = {"name": "Mine", "city": "Leeds", "facilities": "[]", "row_version": "1"}
        venue.name = "Theirs"
        session.commit()

        answer = office.post(f"/admin/venues/edit/?id={venue.id}", typed)

        session.refresh(venue)
        assert answer.status_code == 409
        assert 'value="Mine"' in answer.text
        assert venue.name == "Theirs"

    def test_leads_nowhere_else(self, office: Office, session: Session) -> None:
        for address in ("https://example.com/", "//example.com", "/admin/\\example.com"):
            slug = f"s-{session.scalar(select(func.count(Course.id)))}"
            answer = office.post("/admin/courses/new/", COURSE | {"slug": slug, "url": address})

            assert answer.headers["Location"].startswith("/admin/courses/details/")

    def test_lets_an_instructor_change_his_own_fields_only(
        self, classroom: Office, instructor: object, session: Session
    ) -> None:
        trainer = factories.TrainerFactory(user=instructor, hourly_rate=Decimal(30))
        other = factories.TrainerFactory()
        session.commit()

        answer = classroom.post(
            f"/admin/trainers/edit/?id={trainer.id}",
            {"bio": "Teaches well.", "hourly_rate": "300", "specializations": "[]"},
        )

        session.refresh(trainer)
        assert answer.status_code == 302
        assert (trainer.bio, trainer.hourly_rate) == ("Teaches well.", Decimal(30))
        assert classroom.get(f"/admin/trainers/edit/?id={other.id}").status_code == 404


class TestRepeatedHour:
    def test_is_asked_about_and_kept_as_chosen(self, office: Office, session: Session) -> None:
        code = factories.DiscountCodeFactory()
        session.commit()
        path = f"/admin/discount_codes/edit/?id={code.id}"
        typed = {
            "code": code.code,
            "discount_type": "percentage",
            "discount_value": "10.00",
            "valid_from": "2027-10-31T01:30",
        }

        asked = office.post(path, typed)
        answer = office.post(path, typed | {"valid_from-fold": "1"})

        session.refresh(code)
        page = office.get(path).text
        assert asked.status_code == 422
        assert "This hour comes twice" in asked.text
        assert 'name="valid_from-fold"' in asked.text
        assert answer.status_code == 302
        assert code.valid_from == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
        assert '<option value="1" selected>' in page


class TestSettings:
    @pytest.fixture
    def setting(self, rows: dict[str, int], session: Session) -> Setting:
        """The hold's length."""
        return session.get_one(Setting, rows["settings"])

    @pytest.mark.parametrize("typed", ["5", "30.5", "soon", "", "999999"])
    def test_refuse_what_does_not_fit(self, office: Office, setting: Setting, typed: str) -> None:
        answer = office.post(f"/admin/settings/edit/?id={setting.id}", {"value": typed})

        assert answer.status_code == 422
        assert "Please enter" in answer.text

    def test_are_obeyed_at_once(self, office: Office, setting: Setting, session: Session) -> None:
        answer = office.post(f"/admin/settings/edit/?id={setting.id}", {"value": "45"})

        session.refresh(setting)
        assert answer.status_code == 302
        assert booking_settings.payment_hold_minutes() == 45
        assert setting.updated_by_id == office.user_id

    def test_refuse_a_fixed_one(self, office: Office, setting: Setting, session: Session) -> None:
        setting.is_editable = False
        session.commit()

        answer = office.post(f"/admin/settings/edit/?id={setting.id}", {"value": "45"})

        assert answer.status_code == 403
        assert "fixed" in answer.text


class TestDeletion:
    def test_names_what_hinders_it(self, office: Office, session: Session) -> None:
        schedule = factories.ScheduleFactory()
        session.commit()
        path = f"/admin/venues/delete/?id={schedule.venue_id}"

        page = office.get(path)
        answer = office.post(path, {"confirmed": "1"})

        assert "<strong>1</strong> dates" in page.text
        assert "flt_venue_is=" in page.text
        assert answer.status_code == 409
        assert session.get(Venue, schedule.venue_id) is not None

    def test_asks_first(self, office: Office, session: Session) -> None:
        venue = factories.VenueFactory()
        session.commit()

        answer = office.post("/admin/venues/delete/", {"id": str(venue.id)})

        assert answer.status_code == 200
        assert "Delete for good?" in answer.text
        assert session.scalar(select(func.count(Venue.id))) == 1

    def test_deletes_what_has_no_history(self, office: Office, session: Session) -> None:
        venue = factories.VenueFactory()
        session.commit()

        answer = office.post("/admin/venues/delete/", {"id": str(venue.id), "confirmed": "1"})

        assert answer.status_code == 303
        assert session.scalar(select(func.count(Venue.id))) == 0
        assert session.scalar(
            select(AdminActivityLog.id).where(AdminActivityLog.action == "deleted")
        )

    def test_deactivates_instead(self, office: Office, session: Session) -> None:
        schedule = factories.ScheduleFactory()
        session.commit()

        office.post(
            "/admin/venues/delete/",
            {"id": str(schedule.venue_id), "confirmed": "1", "deactivate": "1"},
        )

        session.refresh(schedule.venue)
        assert schedule.venue.is_active is False


class TestUseCases:
    def test_book_from_the_office(self, office: Office, session: Session) -> None:
        schedule = factories.ScheduleFactory(start_datetime=clock.now() + timedelta(days=60))
        session.commit()
        typed = {
            "course_schedule_id": str(schedule.id),
            "first_name": "Ann",
            "last_name": "Brook",
            "email": "ann@example.com",
            "customer_type": "business",
            "payment_method": "invoice",
            "number_of_places": "2",
            "booker_attends": "y",
            "attendees": "Bob, Dale, bob@example.com",
        }

        refused = office.post("/admin/bookings/new/", typed | {"email": "nonsense"})
        answer = office.post("/admin/bookings/new/", typed)

        booking = session.scalars(select(Booking)).one()
        assert refused.status_code == 422
        assert answer.status_code == 302
        assert booking.source.value == "admin"
        assert [str(one) for one in booking.attendees] == ["Ann Brook", "Bob Dale"]
        assert booking.payment_amount == Decimal("150.00")

    def test_correct_an_attendees_name(self, office: Office, session: Session) -> None:
        booking = factories.BookingFactory(number_of_places=2)
        session.commit()
        path = f"/admin/bookings/edit/?id={booking.id}"

        refused = office.post(path, {"contact_first_name": "Pat", "attendees": "a, b, c, d"})
        answer = office.post(
            path,
            {
                "contact_first_name": "Patricia",
                "attendees": "Sam, Attendee1\nKim, New, kim@example.com",
            },
        )

        session.refresh(booking)
        assert refused.status_code == 422
        assert answer.status_code == 302
        assert booking.contact_first_name == "Patricia"
        assert [str(one) for one in booking.attendees] == ["Sam Attendee1", "Kim New"]

    def test_make_and_move_a_date(self, office: Office, session: Session) -> None:
        course = factories.CourseFactory()
        venue = factories.VenueFactory()
        session.commit()
        typed = {
            "course_id": str(course.id),
            "venue_id": venue.name,
            "max_capacity": "10",
            "min_places": "4",
            "break_minutes": "60",
            "day_1_starts": "2027-06-01T09:30",
            "day_1_ends": "2027-06-01T16:30",
            "day_2_starts": "2027-06-08T09:30",
            "day_2_ends": "2027-06-08T16:30",
        }

        refused = office.post("/admin/course_schedules/new/", typed | {"day_2_ends": ""})
        office.post("/admin/course_schedules/new/", typed)
        schedule = session.scalars(select(CourseSchedule)).one()
        office.post(
            f"/admin/course_schedules/edit/?id={schedule.id}",
            typed | {"day_2_starts": "2027-06-09T09:30", "day_2_ends": "2027-06-09T16:30"},
        )

        session.expire_all()
        assert refused.status_code == 422
        assert schedule.is_published is False
        assert schedule.venue_id == venue.id
        assert schedule.start_datetime == datetime(2027, 6, 1, 8, 30, tzinfo=UTC)
        assert schedule.end_datetime == datetime(2027, 6, 9, 15, 30, tzinfo=UTC)

    def test_record_an_offline_payment(self, office: Office, session: Session) -> None:
        booking = factories.BookingFactory()
        session.commit()
        typed = {"booking_id": str(booking.id), "amount": "75", "payment_method": "bank transfer"}

        refused = office.post("/admin/payment_transactions/new/", typed | {"amount": "80"})
        answer = office.post("/admin/payment_transactions/new/", typed)

        assert refused.status_code == 422
        assert answer.status_code == 302
        assert session.scalars(select(PaymentTransaction)).one().provider.value == "manual"

    def test_ask_for_a_refund(self, office: Office, session: Session) -> None:
        payment = factories.PaymentFactory()
        session.commit()
        typed = {"booking_id": str(payment.booking_id), "amount": "20", "reason": "Goodwill"}

        refused = office.post("/admin/refunds/new/", typed | {"amount": "100"})
        answer = office.post("/admin/refunds/new/", typed)

        refund = session.scalars(select(Refund)).one()
        assert refused.status_code == 422
        assert answer.status_code == 302
        assert (refund.status.value, refund.net_refund) == ("pending", Decimal("20.00"))

    def test_keep_a_requirement_encrypted_and_log_each_look(
        self, office: Office, session: Session
    ) -> None:
        booking = factories.BookingFactory()
        session.commit()
        typed = {
            "booking_id": str(booking.id),
            "requirement_type": "medical",
            "details": "Needs insulin",
            "consent": "y",
        }

        refused = office.post("/admin/special_requirements/new/", typed | {"consent": ""})
        office.post("/admin/special_requirements/new/", typed)
        requirement = session.scalars(select(SpecialRequirement)).one()
        page = office.get(f"/admin/special_requirements/details/?id={requirement.id}").text

        assert refused.status_code == 422
        assert "Needs insulin" in page
        assert "insulin" not in requirement.details
        assert "insulin" not in office.get("/admin/special_requirements/export/csv/").text
        assert session.scalar(
            select(func.count(AdminActivityLog.id)).where(
                AdminActivityLog.action == "viewed",
                AdminActivityLog.entity_id == requirement.id,
            )
        )

    def test_take_an_inquiry_by_telephone(self, office: Office, session: Session) -> None:
        answer = office.post(
            "/admin/booking_inquiries/new/",
            {"first_name": "Jo", "email": "jo@example.com", "number_of_people": "3"},
        )

        assert answer.status_code == 302
        assert session.scalars(select(BookingInquiry)).one().number_of_people == 3

    def test_mark_the_register(self, office: Office, session: Session) -> None:
        start = clock.now().replace(hour=6, minute=0, second=0, microsecond=0) - timedelta(days=1)
        booking = factories.BookingFactory(
            course_schedule=factories.ScheduleFactory(start_datetime=start)
        )
        session.commit()
        typed = {
            "course_session_id": str(booking.course_schedule_id),
            "attendee_id": str(booking.attendees[0].id),
            "session_date": clock.london_date(start).isoformat(),
            "status": "present",
        }

        refused = office.post("/admin/attendance_records/new/", typed | {"attendee_id": ""})
        answer = office.post("/admin/attendance_records/new/", typed)

        record = session.scalars(select(AttendanceRecord)).one()
        assert refused.status_code == 422
        assert answer.status_code == 302
        assert record.minutes_attended == 360
        assert record.marked_by_id == office.user_id

    def test_ask_for_a_report(self, office: Office, session: Session) -> None:
        typed = {"report_type": "bookings_by_date", "format": "csv", "start_date": "2027-01-02"}

        refused = office.post("/admin/reports/new/", typed | {"end_date": "2027-01-01"})
        answer = office.post("/admin/reports/new/", typed)

        assert refused.status_code == 422
        assert answer.status_code == 302
        assert session.scalars(select(Report)).one().status.value == "queued"
