"""Private courses: a quote keeps a date, its link accepts it once, and time frees the date."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.bookings import inquiries, quotes, rules
from rft_admin.bookings.models import (
    Booking,
    BookingInquiry,
    BookingSource,
    BookingStatus,
    InquiryStatus,
)
from rft_admin.bookings.orders import Incomplete
from rft_admin.catalogue import schedules
from rft_admin.catalogue.limits import HoursTooShort
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.catalogue.schedules import DayTimes
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.core.tokens import sign_row
from rft_admin.messaging.models import EmailLog, Notification
from tests.bookings import offers
from tests.bookings.offers import NOW, OFFICE, TERMS, VISITOR, london

pytestmark = pytest.mark.usefixtures("session")

TODAY = london_date(NOW)
IN_A_WEEK = TODAY + timedelta(days=7)


def asked(**values: Any) -> BookingInquiry:
    """Store a company's inquiry for eight people, without a date."""
    order = offers.inquiry(
        **{"company_name": "Example Ltd", "number_of_people": 8, "course_id": None, **values}
    )
    return inquiries.place_inquiry(order, now=NOW, by=VISITOR)


def offer(**values: Any) -> quotes.QuoteOffer:
    """Return an offer of a day in forty days for £600."""
    day = DayTimes(starts_at=london(40), ends_at=london(40, 16, 30), break_minutes=60)
    course_id = values.pop("course_id", None) or offers.course().id
    return quotes.QuoteOffer(
        **{
            "course_id": course_id,
            "days": [day],
            "site_address": "1 Example Street, Leeds",
            "total": Decimal(600),
            "valid_until": IN_A_WEEK,
            **values,
        }
    )


def send(inquiry: BookingInquiry, made: quotes.QuoteOffer | None = None) -> BookingInquiry:
    return quotes.send_quote(inquiry, made or offer(), now=NOW, by=OFFICE)


ACCEPTANCE = quotes.Acceptance(payment_method="invoice", accept_terms=True, terms=TERMS)


def accept(inquiry: BookingInquiry, days: int = 0, **values: Any) -> Booking:
    return quotes.accept(
        inquiry, replace(ACCEPTANCE, **values), now=NOW + timedelta(days=days), by=VISITOR
    )


class TestSend:
    """What is offered."""

    @pytest.mark.parametrize(
        ("values", "refusal"),
        [
            ({"total": Decimal(0)}, Incomplete),
            ({"valid_until": TODAY - timedelta(days=1)}, quotes.ValidityWrong),
            ({"valid_until": TODAY + timedelta(days=40)}, quotes.ValidityWrong),
            (
                {"days": [DayTimes(starts_at=london(-1), ends_at=london(-1, 16))]},
                schedules.DaysWrong,
            ),
            ({"days": [DayTimes(starts_at=london(40), ends_at=london(40, 12))]}, HoursTooShort),
        ],
    )
    def test_refuses_what_cannot_be_accepted_or_given(
        self, values: dict[str, Any], refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            send(asked(), offer(**values))

    def test_refuses_a_quote_without_a_course(self) -> None:
        with pytest.raises(Incomplete) as refusal:
            send(asked(), replace(offer(), course_id=None))

        assert refusal.value.field == "course_id"

    def test_refuses_more_people_than_one_booking_takes(self) -> None:
        with pytest.raises(rules.TooManyPlaces):
            send(asked(number_of_people=13))

    def test_refuses_a_trainer_who_teaches_then(self) -> None:
        trainer = offers.trainer()
        send(asked(), offer(trainer_id=trainer.id))

        with pytest.raises(schedules.TrainerClash):
            send(asked(), offer(trainer_id=trainer.id))

    def test_refuses_a_closed_inquiry(self) -> None:
        inquiry = inquiries.close(asked(), now=NOW, by=OFFICE)

        with pytest.raises(inquiries.InquiryClosed):
            send(inquiry)

    def test_keeps_an_unpublished_date_for_the_client(self) -> None:
        inquiry = send(asked(email="client@example.com"))

        kept = inquiry.quoted_schedule
        assert kept is not None
        assert (kept.is_published, kept.group_price, kept.max_capacity) == (False, 600, 8)
        assert kept.private_for is not None
        assert kept.private_for.email == "client@example.com"
        assert kept.site_address == "1 Example Street, Leeds"
        assert inquiry.status is InquiryStatus.RESPONDED

    def test_writes_a_letter_with_date_site_total_and_last_day(self, session: Session) -> None:
        inquiry = send(asked(), offer(note="We bring the manikins."))

        letter = session.scalars(select(EmailLog).filter_by(template_name="quote")).one()
        assert letter.recipient_email == inquiry.email
        for words in ("1 Example Street", "£600.00", "manikins", f"{IN_A_WEEK:%B %Y}"):
            assert words in letter.body_text
        assert letter.personal_link["version"] == inquiry.quoted_schedule_id

    def test_takes_short_days_for_a_reason(self) -> None:
        short = [DayTimes(starts_at=london(40), ends_at=london(40, 12))]

        inquiry = send(asked(), offer(days=short, hours_override_reason="Half is online."))

        assert inquiry.quoted_schedule is not None
        assert inquiry.quoted_schedule.hours_override_reason == "Half is online."

    def test_a_later_quote_frees_the_earlier_date_and_its_link(self) -> None:
        trainer = offers.trainer()
        inquiry = send(asked(), offer(trainer_id=trainer.id))
        first = inquiry.quoted_schedule
        assert first is not None
        old = sign_row(quotes.LINK, inquiry.id, version=first.id)

        send(inquiry, offer(trainer_id=trainer.id, total=Decimal(550)))

        new = sign_row(quotes.LINK, inquiry.id, version=inquiry.quoted_schedule_id or 0)
        assert first.status is ScheduleStatus.CANCELLED
        assert quotes.find_quote(inquiry.inquiry_reference, old) is None
        assert quotes.find_quote(inquiry.inquiry_reference, new) is inquiry


class TestFind:
    def test_opens_nothing_by_a_foreign_or_forged_link(self) -> None:
        inquiry, other = send(asked()), send(asked())
        foreign = sign_row(quotes.LINK, other.id, version=other.quoted_schedule_id or 0)
        booking = sign_row("booking", inquiry.id, version=inquiry.quoted_schedule_id or 0)

        for token in (foreign, booking, "forged"):
            assert quotes.find_quote(inquiry.inquiry_reference, token) is None


class TestAccept:
    """Once, in time, on the terms shown."""

    def test_refuses_without_the_terms(self) -> None:
        with pytest.raises(rules.TermsNotAccepted):
            accept(send(asked()), accept_terms=False)

    def test_refuses_the_day_after_the_last_one(self) -> None:
        inquiry = send(asked())

        with pytest.raises(quotes.QuoteOver):
            accept(inquiry, days=8)

        assert accept(inquiry, days=7).status is BookingStatus.CONFIRMED

    def test_refuses_a_second_time(self) -> None:
        inquiry = send(asked())
        accept(inquiry)

        with pytest.raises(quotes.QuoteOver):
            accept(inquiry)

    def test_refuses_an_inquiry_without_a_quote(self) -> None:
        with pytest.raises(quotes.QuoteOver):
            accept(asked())

    def test_refuses_an_invoice_to_a_private_person(self) -> None:
        with pytest.raises(rules.InvoiceNotPossible):
            accept(send(asked(company_name="")))

    def test_refuses_to_be_paid_otherwise(self) -> None:
        with pytest.raises(Incomplete):
            accept(send(asked()), payment_method="offline")

    def test_asks_a_private_person_for_an_early_start(self) -> None:
        soon = [DayTimes(starts_at=london(10), ends_at=london(10, 17))]
        inquiry = send(asked(company_name=""), offer(days=soon))

        with pytest.raises(rules.EarlyStartNeeded):
            accept(inquiry, payment_method="card")

        booking = accept(inquiry, payment_method="card", early_start_requested=True)
        assert booking.early_start_requested_at == NOW

    def test_makes_one_booking_at_the_groups_price_with_names_to_follow(
        self, session: Session
    ) -> None:
        offers.admin()
        inquiry = send(asked())

        booking = accept(inquiry, purchase_order="PO-7")

        assert (booking.number_of_places, booking.payment_amount) == (8, Decimal(600))
        assert {place.full_name for place in booking.attendees} == {""}
        assert (booking.status, booking.source) == (BookingStatus.CONFIRMED, BookingSource.INQUIRY)
        assert (booking.purchase_order, booking.terms_accepted_at) == ("PO-7", NOW)
        assert (inquiry.status, inquiry.booking_id) == (InquiryStatus.CONVERTED, booking.id)
        titles = session.scalars(select(Notification.title)).all()
        assert f"Quote {inquiry.inquiry_reference} was accepted" in titles

    def test_by_card_waits_for_the_payment_without_a_time_limit(self) -> None:
        booking = accept(send(asked()), payment_method="card")

        assert (booking.status, booking.hold_expires_at) == (BookingStatus.PENDING, None)

    def test_is_due_before_the_course(self) -> None:
        soon = [DayTimes(starts_at=london(9), ends_at=london(9, 17))]

        booking = accept(send(asked(), offer(days=soon)))

        assert booking.payment_due_at == london(9)

    def test_by_telephone_the_office_makes_the_booking(self) -> None:
        inquiry = send(asked())

        booking = inquiries.convert_to_booking(
            inquiry, terms=TERMS, payment_method="invoice", now=NOW, by=OFFICE
        )

        assert booking.course_schedule_id == inquiry.quoted_schedule_id
        assert booking.payment_amount == Decimal(600)


class TestExpire:
    """Time, or closing the inquiry, frees the date."""

    def test_leaves_open_and_accepted_quotes_alone(self) -> None:
        accepted, waiting = send(asked()), send(asked())
        accept(accepted)

        assert quotes.expire_quotes(now=NOW + timedelta(days=7), by=OFFICE) == 0

        for inquiry in (accepted, waiting):
            assert inquiry.quoted_schedule is not None
            assert inquiry.quoted_schedule.is_open

    def test_frees_the_date_once_and_tells_the_office(self, session: Session) -> None:
        offers.admin()
        inquiry = send(asked())
        later = NOW + timedelta(days=8)

        assert quotes.expire_quotes(now=later, by=OFFICE) == 1
        assert quotes.expire_quotes(now=later, by=OFFICE) == 0

        assert inquiry.quoted_schedule is not None
        assert inquiry.quoted_schedule.status is ScheduleStatus.CANCELLED
        titles = session.scalars(select(Notification.title)).all()
        assert f"Quote {inquiry.inquiry_reference} was not accepted in time" in titles

    def test_closing_the_inquiry_frees_the_date_at_once(self) -> None:
        inquiry = send(asked())

        inquiries.close(inquiry, now=NOW, by=OFFICE)

        db.session.refresh(inquiry)
        assert inquiry.quoted_schedule is not None
        assert inquiry.quoted_schedule.status is ScheduleStatus.CANCELLED
