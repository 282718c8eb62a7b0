"""Tests of the reference rows: exactly as specified, idempotent, safe in production."""

from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config import Config, Environment
from rft_admin.accounts.models import Role, User
from rft_admin.accounts.passwords import FIRST_PASSWORD, verify_password
from rft_admin.catalogue.models import CertificateBasis, Course, Venue
from rft_admin.core.settings import Setting
from seeds.reference import ADMIN_EMAIL, InitialPasswordRefused, seed_reference

#: Of the specification: the key, and the default where it is short enough to stand here.
SETTINGS = {
    "business.legal_name": "",
    "business.legal_address": "",
    "business.bank_details": "",
    "business.business_name": "React Fast Training",
    "business.business_email": "info@reactfasttraining.co.uk",
    "business.business_phone": "",
    "business.business_address": "",
    "business.vat_number": "",
    "business.timezone": "Europe/London",
    "business.currency": "GBP",
    "booking.booking_buffer_days": "3",
    "booking.max_places_per_booking": "12",
    "booking.booking_auto_confirm": "true",
    "booking.payment_hold_minutes": "30",
    "booking.inquiry_hold_hours": "24",
    "booking.group_discount_percent": "10",
    "booking.group_discount_from": "5",
    "booking.decision_days": "7",
    "booking.discount_codes_enabled": "true",
    "booking.online_booking_enabled": "true",
    "email.email_from_name": "React Fast Training",
    "email.email_from_address": "bookings@reactfasttraining.co.uk",
    "email.office_email": "info@reactfasttraining.co.uk",
    "email.send_booking_reminders": "true",
    "email.reminder_days_before": "2",
    "payment.payment_provider": "stripe",
    "payment.accept_online_payments": "true",
    "payment.invoice_enabled": "true",
    "payment.invoice_terms_days": "14",
    "payment.refund_admin_fee": "10.00",
    "payment.consumer_cooling_off_days": "14",
    "certificate.require_payment": "false",
    "certificate.auto_issue_certificates": "true",
    "certificate.late_tolerance_minutes": "15",
    "certificate.renewal_reminder_days": "[90, 30, 7]",
    "privacy.requirements_retention_days": "30",
    "privacy.analytics_retention_days": "400",
    "privacy.email_retention_days": "400",
    "system.maintenance_mode": "false",
    "system.session_timeout_minutes": "60",
    "system.database_size_limit_mb": "1024",
}
LONG_SETTINGS = {
    "certificate.certificate_validity_years",
    "payment.refund_bands",
    "payment.refund_bands_private",
    "payment.refund_policy_text",
}


@pytest.fixture
def config(app: Flask) -> Config:
    checked: Config = app.config["RFT"]
    return checked


class TestSeedReference:
    def test_refuses_the_known_password_in_production(
        self, session: Session, config: Config
    ) -> None:
        production = replace(
            config, environment=Environment.PRODUCTION, admin_initial_password=FIRST_PASSWORD
        )

        with pytest.raises(InitialPasswordRefused, match="ADMIN_INITIAL_PASSWORD cannot be used"):
            seed_reference(production)

        assert session.scalar(select(User.id).where(User.email == ADMIN_EMAIL)) is None

    def test_creates_the_admin_without_a_password_in_production(
        self, session: Session, config: Config
    ) -> None:
        seed_reference(replace(config, environment=Environment.PRODUCTION))

        assert _admin(session).password_hash is None
        assert _admin(session).must_change_password

    def test_takes_the_first_password_from_the_environment(
        self, session: Session, config: Config
    ) -> None:
        password = "a long password of our own"

        seed_reference(
            replace(config, environment=Environment.PRODUCTION, admin_initial_password=password)
        )

        assert verify_password(password, _admin(session).password_hash)
        assert not verify_password(FIRST_PASSWORD, _admin(session).password_hash)

    def test_creates_the_admin_with_the_known_password_in_development(
        self, session: Session, config: Config
    ) -> None:
        seed_reference(config)

        admin = _admin(session)
        assert admin.role is Role.ADMIN
        assert admin.must_change_password
        assert verify_password("LexOnly321!", admin.password_hash)

    def test_creates_the_three_courses(self, session: Session, config: Config) -> None:
        seed_reference(config)

        courses = session.scalars(select(Course).order_by(Course.display_order)).all()
        assert [(c.name, c.price, c.duration_hours) for c in courses] == [
            ("Emergency First Aid at Work", Decimal(75), Decimal(6)),
            ("First Aid at Work", Decimal(95), Decimal(18)),
            ("Paediatric First Aid", Decimal(85), Decimal(12)),
        ]
        assert {(c.max_capacity, c.certification_validity_years) for c in courses} == {(12, 3)}
        assert courses[2].certificate_basis is CertificateBasis.EYFS

    def test_creates_the_venues_and_invents_no_address(
        self, session: Session, config: Config
    ) -> None:
        seed_reference(config)

        venues = session.scalars(select(Venue).order_by(Venue.id)).all()
        assert [(v.name, v.city, v.allows_concurrent) for v in venues] == [
            ("Leeds City Centre Training Venue", "Leeds", False),
            ("Sheffield Business Park", "Sheffield", False),
            ("Bradford Community Centre", "Bradford", False),
            ("York Conference Centre", "York", False),
            ("Client On-Site Training", None, True),
        ]
        assert {v.address_line1 for v in venues} == {None}

    def test_creates_every_setting_with_its_default(self, session: Session, config: Config) -> None:
        seed_reference(config)

        rows = {row.key: row.value for row in session.scalars(select(Setting))}
        assert {key: rows.get(key) for key in SETTINGS} == SETTINGS
        assert set(rows) == set(SETTINGS) | LONG_SETTINGS

    def test_changes_nothing_the_second_time(self, session: Session, config: Config) -> None:
        seed_reference(config)

        assert seed_reference(config) == []

    def test_keeps_what_the_office_has_changed(self, session: Session, config: Config) -> None:
        seed_reference(config)
        course = session.scalars(select(Course)).first()
        setting = session.scalars(
            select(Setting).where(Setting.key == "booking.booking_buffer_days")
        ).one()
        assert course is not None
        course.price = Decimal(80)
        setting.value = "5"
        session.execute(
            text("UPDATE users SET password_hash = 'kept', must_change_password = false")
        )
        session.flush()

        seed_reference(config)

        session.expire_all()
        assert course.price == Decimal(80)
        assert setting.value == "5"
        assert _admin(session).password_hash == "kept"


def _admin(session: Session) -> User:
    return session.scalars(select(User).where(User.email == ADMIN_EMAIL)).one()
