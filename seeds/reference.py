"""What every database starts with (spec: Seed data): idempotent, never deletes or overwrites."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select, text

from config import Config
from rft_admin.accounts import settings as accounts_settings
from rft_admin.accounts.models import Role, User
from rft_admin.accounts.passwords import (
    FIRST_PASSWORD,
    WeakPassword,
    check_new_password,
    hash_password,
)
from rft_admin.bookings import settings as bookings_settings
from rft_admin.catalogue import settings as catalogue_settings
from rft_admin.catalogue.models import CertificateBasis, Course, CourseType, Venue
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.settings import Definition, Setting, definitions
from rft_admin.delivery import settings as delivery_settings
from rft_admin.messaging import settings as messaging_settings
from rft_admin.payments import settings as payments_settings
from rft_admin.reporting import settings as reporting_settings
from rft_admin.upkeep import settings as upkeep_settings

#: A setting exists once its room's file is imported.
SETTINGS = (
    *(accounts_settings, messaging_settings, catalogue_settings, bookings_settings),
    *(payments_settings, delivery_settings, reporting_settings, upkeep_settings),
)

ADMIN_EMAIL = "lex@reactfasttraining.co.uk"
#: Held while seeding, so that two releases at once make one set of rows.
ADVISORY_LOCK = 727_001

COURSES: tuple[dict[str, Any], ...] = (
    {
        "slug": "emergency-first-aid-at-work",
        "name": "Emergency First Aid at Work",
        "description": (
            "One day. What to do until help arrives: an unresponsive casualty, CPR and the use of"
            " a defibrillator, choking, bleeding, burns, shock and minor injuries. For small"
            " workplaces with lower risks."
        ),
        "course_type": CourseType.EFAW,
        "duration_hours": Decimal(6),
        "price": Decimal("75.00"),
        "certificate_basis": CertificateBasis.FIRST_AID_REGULATIONS_1981,
        "display_order": 1,
    },
    {
        "slug": "first-aid-at-work",
        "name": "First Aid at Work",
        "description": (
            "Three days. All of the one-day course, and in depth: fractures, head and spinal"
            " injuries, chest pain, stroke, seizures, asthma, diabetes, allergic reactions and"
            " recording what happened. For workplaces with higher risks or more people."
        ),
        "course_type": CourseType.FAW,
        "duration_hours": Decimal(18),
        "price": Decimal("95.00"),
        "certificate_basis": CertificateBasis.FIRST_AID_REGULATIONS_1981,
        "display_order": 2,
    },
    {
        "slug": "paediatric-first-aid",
        "name": "Paediatric First Aid",
        "description": (
            "Two days. First aid for babies and children: CPR, choking, febrile convulsions,"
            " meningitis, anaphylaxis, head injuries, burns and poisoning. For nurseries,"
            " childminders and schools."
        ),
        "course_type": CourseType.PAEDIATRIC,
        "duration_hours": Decimal(12),
        "price": Decimal("85.00"),
        "certificate_basis": CertificateBasis.EYFS,
        "display_order": 3,
    },
)
MAX_CAPACITY = 12
VALIDITY_YEARS = 3

#: Only the city is known; nothing is invented.
VENUES = (
    ("Leeds City Centre Training Venue", "Leeds"),
    ("Sheffield Business Park", "Sheffield"),
    ("Bradford Community Centre", "Bradford"),
    ("York Conference Centre", "York"),
    ("Client On-Site Training", None),
)


class InitialPasswordRefused(DomainError):
    """ADMIN_INITIAL_PASSWORD cannot be used, and no admin was made."""


def seed_reference(config: Config) -> list[str]:
    """Add the reference rows that are missing; return what was added, a line each.

    :raises InitialPasswordRefused: in production, if the first password is known to everybody.
    """
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    return [*_seed_admin(config), *_seed_courses(), *_seed_venues(), *_seed_settings()]


def _seed_admin(config: Config) -> list[str]:
    if db.session.scalar(select(User.id).where(User.email == ADMIN_EMAIL)):
        return []
    password = config.admin_initial_password
    if config.is_production and password is not None:
        _check_initial_password(password)
    if password is None and not config.is_production:
        password = FIRST_PASSWORD
    db.session.add(
        User(
            email=ADMIN_EMAIL,
            first_name="Lex",
            role=Role.ADMIN,
            password_hash=hash_password(password) if password else None,
            must_change_password=True,
        )
    )
    db.session.flush()
    return [f"admin {ADMIN_EMAIL}" + ("" if password else " (without a password)")]


def _check_initial_password(password: str) -> None:
    try:
        check_new_password(password)
    except WeakPassword as weak:
        raise InitialPasswordRefused(
            f"ADMIN_INITIAL_PASSWORD cannot be used, and no admin was made: {weak.message}"
        ) from weak


def _seed_courses() -> list[str]:
    known = set(db.session.scalars(select(Course.slug)))
    missing = [course for course in COURSES if course["slug"] not in known]
    db.session.add_all(
        Course(max_capacity=MAX_CAPACITY, certification_validity_years=VALIDITY_YEARS, **course)
        for course in missing
    )
    db.session.flush()
    return [f"course {course['name']}" for course in missing]


def _seed_venues() -> list[str]:
    known = set(db.session.scalars(select(Venue.name)))
    missing = [(name, city) for name, city in VENUES if name not in known]
    db.session.add_all(
        Venue(name=name, city=city, allows_concurrent=city is None) for name, city in missing
    )
    db.session.flush()
    return [f"venue {name}" for name, _ in missing]


def _seed_settings() -> list[str]:
    known = {row.key: row for row in db.session.scalars(select(Setting))}
    added = []
    for key, definition in definitions().items():
        row = known.get(key)
        if row is None:
            row = Setting(key=key, value=definition.default)
            db.session.add(row)
            added.append(f"setting {key}")
        _describe(row, definition)
    db.session.flush()
    return added


def _describe(row: Setting, definition: Definition[Any]) -> None:
    """Let the row carry the definition's words and rules; its value stays as the office set it."""
    row.value_type = definition.value_type
    row.category = definition.category
    row.display_name = definition.display_name
    row.description = definition.description
    row.is_public = definition.is_public
    row.is_editable = definition.is_editable
    row.validation_rules = definition.rules
    row.default_value = definition.default
