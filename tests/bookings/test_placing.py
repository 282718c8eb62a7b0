"""Placing a booking: the rules of the order, of the date, and one booking per form."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rft_admin.accounts.models import Role, User
from rft_admin.bookings import inquiries, placing, rules
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import (
    Booking,
    BookingStatus,
    ConsentBy,
    PaymentStatus,
    Severity,
    SpecialRequirement,
)
from rft_admin.bookings.orders import AttendeeDetails, EmailInvalid, Incomplete, PhoneInvalid
from rft_admin.bookings.places import SoldOut, availability_of
from rft_admin.catalogue.discounts import (
    DiscountCodeForOtherCourse,
    DiscountCodeNotValid,
    DiscountCodeUnknown,
    DiscountCodeUsedUp,
)
from rft_admin.catalogue.models import (
    CourseSchedule,
    DiscountCode,
    DiscountType,
    ScheduleStatus,
)
from rft_admin.catalogue.service import NoSuchSchedule
from rft_admin.core.clock import london_date
from rft_admin.core.errors import DomainError
from rft_admin.core.settings import Setting, ValueType
from rft_admin.messaging.models import EmailLog, Notification
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE, VISITOR

pytestmark = pytest.mark.usefixtures("session")


def place(order: offers.BookingOrder) -> Booking:
    return bookings.place_booking(order, now=NOW, by=VISITOR)


def letters(booking: Booking) -> list[str]:
    found = select(EmailLog.template_name).filter_by(booking_id=booking.id).order_by(EmailLog.id)
    return list(offers.db.session.scalars(found))


def set_setting(key: str, value: str, value_type: ValueType = ValueType.BOOLEAN) -> None:
    offers.db.session.add(
        Setting(
            key=key,
            value=value,
            value_type=value_type,
            category=key.partition(".")[0],
            display_name=key,
            description=key,
            default_value=value,
        )
    )
    offers.db.session.flush()


def discount_code(**values: object) -> DiscountCode:
    code = DiscountCode(
        **{
            "code": "SPRING",
            "discount_type": DiscountType.PERCENTAGE,
            "discount_value": Decimal(20),
            **values,
        }
    )
    offers.db.session.add(code)
    offers.db.session.flush()
    return code


class TestTheForm:
    """What is missing or wrong is refused at its field."""

    @pytest.mark.parametrize(
        ("values", "error", "field"),
        [
            ({"contact_first_name": " "}, Incomplete, "first_name"),
            ({"contact_last_name": ""}, Incomplete, "last_name"),
            ({"contact_last_name": "x" * 101}, Incomplete, "last_name"),
            ({"contact_last_name": "a\x00b"}, Incomplete, "last_name"),
            ({"email": "nobody"}, EmailInvalid, "email"),
            ({"phone": ""}, Incomplete, "phone"),
            ({"phone": "12"}, PhoneInvalid, "phone"),
            ({"phone": "call me"}, PhoneInvalid, "phone"),
            ({"customer_type": "alien"}, Incomplete, "customer_type"),
            ({"payment_method": "gold"}, Incomplete, "payment_method"),
            ({"payment_method": "offline"}, Incomplete, "payment_method"),
            ({"customer_type": "business"}, Incomplete, "company_name"),
            ({"number_of_places": 0}, Incomplete, "number_of_places"),
            ({"number_of_places": 13}, rules.TooManyPlaces, "number_of_places"),
            ({"accept_terms": False}, rules.TermsNotAccepted, "accept_terms"),
            (
                {"attendees": [AttendeeDetails(first_name="Jo")]},
                rules.TooManyAttendees,
                "number_of_places",
            ),
            (
                {"number_of_places": 2, "attendees": [AttendeeDetails(email="nobody")]},
                EmailInvalid,
                "attendees-0-email",
            ),
            ({"requirement_details": "Nuts"}, rules.ConsentNeeded, "health_consent"),
            (
                {"requirement_details": "Nuts", "health_consent": True, "booker_attends": False},
                rules.OnlyForYourself,
                "requirement_details",
            ),
        ],
    )
    def test_refuses_what_is_missing_or_wrong(
        self, values: dict[str, object], error: type[DomainError], field: str
    ) -> None:
        date = offers.schedule()

        with pytest.raises(error) as refusal:
            place(offers.order(date.id, **values))

        assert refusal.value.field == field

    def test_keeps_what_was_typed_in_one_form(self) -> None:
        date = offers.schedule()

        booking = place(
            offers.order(
                date.id,
                email=" Sam.Sample@Example.COM ",
                phone="07700 900123",
                purchase_order=" 7 ",
            )
        )

        assert booking.user.email == "sam.sample@example.com"
        assert booking.contact_phone == "+447700900123"
        assert booking.purchase_order == "7"

    def test_never_changes_an_existing_user(self, session: Session) -> None:
        user = User(email="known@example.com", first_name="Known", role=Role.ADMIN, phone="1")
        session.add(user)
        session.flush()
        date = offers.schedule()

        booking = place(offers.order(date.id, email="KNOWN@example.com", contact_first_name="New"))

        assert booking.user is user
        assert (user.first_name, user.phone, user.role) == ("Known", "1", Role.ADMIN)
        assert booking.contact_first_name == "New"

    def test_grants_the_wish_for_no_reminders(self) -> None:
        date = offers.schedule()

        booking = place(offers.order(date.id, reminders_opt_out=True))

        assert booking.user.reminders_opt_out


class TestTheDate:
    """Which dates a visitor and the office may book."""

    def test_refuses_an_unknown_date(self) -> None:
        for schedule_id in (999_999, -1, 2**40):
            with pytest.raises(NoSuchSchedule):
                place(offers.order(schedule_id))

    def test_refuses_an_unpublished_date_to_visitors_only(self) -> None:
        date = offers.schedule(is_published=False)

        with pytest.raises(NoSuchSchedule):
            place(offers.order(date.id))

        by_phone = offers.order(date.id, source="admin", accept_terms=False)
        assert bookings.place_booking(by_phone, now=NOW, by=OFFICE).status is BookingStatus.PENDING

    @pytest.mark.parametrize("status", [ScheduleStatus.CANCELLED, ScheduleStatus.COMPLETED])
    def test_refuses_a_date_that_does_not_run_even_to_the_office(
        self, status: ScheduleStatus
    ) -> None:
        date = offers.schedule(status=status)

        with pytest.raises(rules.BookingClosed):
            place(offers.order(date.id, source="admin"))

    def test_refuses_a_date_that_has_begun(self) -> None:
        date = offers.schedule(days_ahead=-1)

        with pytest.raises(rules.BookingClosed):
            place(offers.order(date.id, early_start_requested=True))

    def test_closes_three_days_before_the_start(self) -> None:
        too_late = offers.schedule(days_ahead=2)
        last_chance = offers.schedule(days_ahead=3)

        with pytest.raises(rules.BookingClosed):
            place(offers.order(too_late.id, early_start_requested=True))

        booking = place(offers.order(last_chance.id, early_start_requested=True))
        assert booking.early_start_requested_at == NOW

    def test_refuses_while_online_booking_is_off(self) -> None:
        set_setting("booking.online_booking_enabled", "false")
        date = offers.schedule()

        with pytest.raises(rules.BookingClosed):
            place(offers.order(date.id))

    def test_asks_consumers_for_an_early_start_inside_the_cooling_off_time(self) -> None:
        inside = offers.schedule(days_ahead=14)
        outside = offers.schedule(days_ahead=15)

        with pytest.raises(rules.EarlyStartNeeded):
            place(offers.order(inside.id))

        assert place(offers.order(outside.id)).early_start_requested_at is None
        assert place(offers.business_order(inside.id, payment_method="card")).id

    def test_refuses_invoices_to_consumers_and_while_they_are_off(self) -> None:
        date = offers.schedule()

        with pytest.raises(rules.InvoiceNotPossible):
            place(offers.order(date.id, payment_method="invoice"))
        with pytest.raises(rules.InvoiceNotPossible):
            place(offers.business_order(date.id, terms={}))


class TestPlaces:
    """The places of a booking, its hold and its price."""

    def test_refuses_more_places_than_are_free_and_names_the_next_dates(self) -> None:
        course = offers.course()
        full = offers.schedule(course=course, max_capacity=2)
        other = offers.schedule(course=course, days_ahead=70)
        offers.schedule(course=course, days_ahead=71, max_capacity=1)
        offers.schedule(days_ahead=65)
        offers.booked(full.id)

        with pytest.raises(SoldOut) as refusal:
            place(offers.order(full.id, number_of_places=2))

        assert refusal.value.status == 409
        assert refusal.value.free == 1
        assert [date.schedule_id for date in refusal.value.next_dates] == [other.id]

    def test_holds_the_places_for_the_time_set(self) -> None:
        date = offers.schedule()

        booking = place(offers.order(date.id, number_of_places=3))

        assert booking.status is BookingStatus.PENDING
        assert booking.hold_expires_at == NOW + timedelta(minutes=30)
        assert availability_of(date.id).taken == 3
        assert len(booking.attendees) == 3

    def test_the_booker_takes_the_first_place_and_others_may_be_unnamed(self) -> None:
        date = offers.schedule()

        booking = place(
            offers.order(date.id, number_of_places=3, attendees=[AttendeeDetails(first_name="Jo")])
        )

        assert [str(person) for person in booking.attendees] == [
            "Sam Sample",
            "Jo",
            "Name to follow",
        ]
        assert booking.attendees[0].user_id == booking.user_id
        assert booking.attendees[1].user_id is None

    def test_keeps_price_terms_and_start_as_sold(self) -> None:
        date = offers.schedule()

        booking = place(offers.order(date.id))

        assert booking.payment_amount == Decimal("75.00")
        assert booking.terms_snapshot["consumer_cooling_off_days"] == 14
        assert booking.terms_accepted_at == NOW
        assert booking.booked_start == date.start_datetime


class TestAFormSentAgain:
    """One form makes one booking, however often it is sent."""

    def test_gives_the_same_booking_and_no_second_letter(self, session: Session) -> None:
        date = offers.schedule()
        order = offers.order(date.id, idempotency_key="once")

        first, second = place(order), place(order)

        assert first is second
        assert letters(first) == ["booking_received"]
        assert session.scalar(select(func.count()).select_from(Booking)) == 1

    def test_with_other_content_replaces_the_pending_booking(self) -> None:
        date = offers.schedule(max_capacity=3)
        order = offers.order(date.id, idempotency_key="once", number_of_places=2)
        first = place(order)

        second = place(replace(order, number_of_places=3))

        assert first.status is BookingStatus.CANCELLED
        assert first.cancellation_reason == placing.REPLACED
        assert second.idempotency_key == "once"
        assert availability_of(date.id).taken == 3

    def test_for_another_date_moves_the_places(self) -> None:
        date, other = offers.schedule(), offers.schedule()
        order = offers.order(date.id, idempotency_key="once")
        place(order)

        place(replace(order, schedule_id=other.id))

        assert availability_of(date.id).taken == 0
        assert availability_of(other.id).taken == 1

    def test_shows_the_booking_once_it_is_confirmed(self) -> None:
        date = offers.schedule()
        order = offers.order(date.id, idempotency_key="once")
        first = bookings.confirm(place(order), now=NOW, by=OFFICE)

        second = place(replace(order, number_of_places=5))

        assert second is first
        assert second.number_of_places == 1

    def test_makes_a_new_booking_after_the_hold_ran_out(self) -> None:
        date = offers.schedule()
        order = offers.order(date.id, idempotency_key="once")
        first = offers.lapse(place(order))
        bookings.expire_hold(first, now=NOW, by=OFFICE)

        second = place(order)

        assert second is not first
        assert second.status is BookingStatus.PENDING

    def test_shows_a_booking_that_was_cancelled_on_purpose(self) -> None:
        date = offers.schedule()
        order = offers.order(date.id, idempotency_key="once")
        first = bookings.cancel(place(order), reason="No time", now=NOW, by=VISITOR)

        assert place(order) is first

    def test_of_the_same_address_replaces_its_pending_booking_for_the_date(self) -> None:
        date, other = offers.schedule(), offers.schedule()
        email = "same@example.com"
        first = place(offers.order(date.id, email=email))
        elsewhere = place(offers.order(other.id, email=email))
        stranger = place(offers.order(date.id))

        second = place(offers.order(date.id, email=email.upper()))

        assert first.status is BookingStatus.CANCELLED
        assert {elsewhere.status, stranger.status, second.status} == {BookingStatus.PENDING}
        assert availability_of(date.id).taken == 2

    def test_of_the_same_address_leaves_its_confirmed_booking_alone(self) -> None:
        date = offers.schedule()
        email = "same@example.com"
        first = offers.confirmed(date.id, email=email)

        place(offers.order(date.id, email=email))

        assert first.status is BookingStatus.CONFIRMED
        assert availability_of(date.id).taken == 2

    def test_takes_the_places_that_its_own_inquiry_held(self) -> None:
        date = offers.schedule(max_capacity=2)
        asked = inquiries.place_inquiry(
            offers.inquiry(date.id, email="same@example.com"), now=NOW, by=VISITOR
        )
        assert asked.hold_expires_at is not None

        place(offers.order(date.id, email="same@example.com", number_of_places=2))

        assert asked.hold_expires_at is None
        assert availability_of(date.id).taken == 2


class TestDiscountCodes:
    """Who may use a code, and how often."""

    def test_refuses_codes_that_cannot_be_used(self, session: Session) -> None:
        date = offers.schedule()
        discount_code(code="OLD", valid_until=NOW)
        discount_code(code="OFF", is_active=False)
        discount_code(code="EARLY", valid_from=NOW + timedelta(days=1))
        discount_code(code="OTHER", course_id=offers.course().id)
        refused = {
            "NONE": DiscountCodeUnknown,
            "OLD": DiscountCodeNotValid,
            "OFF": DiscountCodeNotValid,
            "EARLY": DiscountCodeNotValid,
            "OTHER": DiscountCodeForOtherCourse,
        }

        for code, error in refused.items():
            with pytest.raises(error) as refusal:
                place(offers.order(date.id, discount_code=code))
            assert refusal.value.field == "discount_code"

    def test_refuses_every_code_while_they_are_switched_off(self) -> None:
        date = offers.schedule()
        discount_code()
        set_setting("booking.discount_codes_enabled", "false")

        with pytest.raises(placing.pricing.DiscountCodesOff):
            place(offers.order(date.id, discount_code="SPRING"))

    def test_counts_uses_and_refuses_beyond_the_limit(self, session: Session) -> None:
        date = offers.schedule()
        code = discount_code(usage_limit=1)
        first = place(offers.order(date.id, discount_code="spring "))

        with pytest.raises(DiscountCodeUsedUp):
            place(offers.order(date.id, discount_code="SPRING"))

        session.refresh(code)
        assert code.usage_count == 1
        assert first.payment_amount == Decimal("60.00")
        assert first.discount_applied == Decimal("15.00")

    def test_gives_the_use_back_when_the_booking_is_replaced(self, session: Session) -> None:
        date = offers.schedule()
        code = discount_code(usage_limit=1)
        order = offers.order(date.id, discount_code="SPRING", idempotency_key="once")
        place(order)

        second = place(replace(order, contact_first_name="Other"))

        session.refresh(code)
        assert second.discount_code_id == code.id
        assert code.usage_count == 1

    def test_a_code_beaten_by_the_group_discount_is_not_used(self, session: Session) -> None:
        date = offers.schedule()
        code = discount_code(discount_value=Decimal(5))

        booking = place(offers.order(date.id, number_of_places=5, discount_code="SPRING"))

        session.refresh(code)
        assert booking.discount_code_id is None
        assert booking.discount_applied == Decimal("37.50")
        assert code.usage_count == 0

    def test_a_free_booking_is_confirmed_and_paid_at_once(self) -> None:
        date = offers.schedule()
        discount_code(discount_value=Decimal(100))

        booking = place(offers.order(date.id, discount_code="SPRING"))

        assert booking.status is BookingStatus.CONFIRMED
        assert booking.payment_status is PaymentStatus.PAID
        assert booking.hold_expires_at is None


class TestInvoices:
    """Bookings that are not paid by card."""

    def test_a_company_on_invoice_is_confirmed_at_once_and_pays_later(self) -> None:
        date = offers.schedule()

        booking = place(offers.business_order(date.id, purchase_order="PO-1"))

        assert booking.status is BookingStatus.CONFIRMED
        assert booking.payment_status is PaymentStatus.PENDING
        assert booking.payment_due_at == NOW + timedelta(days=14)
        assert letters(booking) == ["booking_confirmed"]

    def test_the_invoice_is_due_before_the_course(self) -> None:
        date = offers.schedule(days_ahead=5)

        booking = place(offers.business_order(date.id))

        assert booking.payment_due_at == date.start_datetime

    def test_the_office_confirms_when_that_is_set(self) -> None:
        set_setting("booking.booking_auto_confirm", "false")
        offers.admin()
        date = offers.schedule()

        booking = place(offers.business_order(date.id))

        assert booking.status is BookingStatus.PENDING
        assert booking.hold_expires_at is None
        assert letters(booking) == ["booking_received"]
        assert offers.db.session.scalars(select(Notification.booking_id)).all() == [booking.id]

    def test_the_office_books_offline_payment_without_a_time_limit(self) -> None:
        date = offers.schedule(days_ahead=1)

        booking = bookings.place_booking(
            offers.order(date.id, source="admin", payment_method="offline", phone=""),
            now=NOW,
            by=OFFICE,
        )

        assert booking.status is BookingStatus.PENDING
        assert booking.hold_expires_at is None
        assert availability_of(date.id).taken == 1


class TestNeeds:
    """Health details are the person's own to give."""

    def test_keeps_the_bookers_own_needs_encrypted_with_his_consent(self, session: Session) -> None:
        date = offers.schedule()

        booking = place(
            offers.order(
                date.id,
                requirement_type="medical",
                requirement_details="Severe nut allergy",
                health_consent=True,
            )
        )

        need = session.scalars(select(SpecialRequirement)).one()
        assert "nut" not in need.details
        assert need.attendee_id == booking.attendees[0].id
        assert (need.consent_by, need.consent_given_at) == (ConsentBy.BOOKER, NOW)
        assert need.severity is Severity.HIGH
        assert need.purge_after == london_date(date.end_datetime + timedelta(days=30))

    def test_asks_the_others_only_once_the_booking_is_confirmed(self) -> None:
        date = offers.schedule()
        other = AttendeeDetails(first_name="Jo", email="jo@example.com", may_have_needs=True)
        booking = place(offers.order(date.id, number_of_places=2, attendees=[other]))
        assert "attendee_details" not in letters(booking)

        bookings.confirm(booking, now=NOW, by=OFFICE)

        assert letters(booking) == ["booking_received", "booking_confirmed", "attendee_details"]


def test_shows_the_schedule_row_its_count(session: Session) -> None:
    date = offers.schedule()

    place(offers.order(date.id, number_of_places=4))

    assert session.scalar(select(CourseSchedule.current_capacity).filter_by(id=date.id)) == 4
