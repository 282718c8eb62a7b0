"""The pages anybody may read: dates, courses, terms, privacy, and what robots are told."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import Response, abort, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from rft_admin.bookings import calendar as calendars
from rft_admin.bookings import settings as booking_settings
from rft_admin.catalogue import service as catalogue
from rft_admin.catalogue.models import CertificateBasis, CertificateIssuer, Course, CourseSchedule
from rft_admin.core import clock
from rft_admin.core.links import absolute
from rft_admin.delivery import settings as certificate_settings
from rft_admin.messaging import settings as letter_settings
from rft_admin.payments import settings as payment_settings
from rft_admin.payments import tariff
from rft_admin.public import funnel
from rft_admin.public.blueprint import blueprint
from rft_admin.public.dates import DateCard, list_cards
from rft_admin.reporting import settings as reporting_settings

LONGEST_CITY = 100
SLUG = re.compile(r"[a-z0-9-]{1,100}")
MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")

BASIS_WORDS = {
    CertificateBasis.FIRST_AID_REGULATIONS_1981: (
        "for the purposes of the Health and Safety (First-Aid) Regulations 1981"
    ),
    CertificateBasis.EYFS: "for the first aid requirements of the EYFS framework",
    CertificateBasis.ATTENDANCE: "of attendance",
}


@dataclass(frozen=True)
class Filters:
    """What the visitor wants to see."""

    course: str
    city: str
    month: str

    @property
    def any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.course or self.city or self.month)

    @property
    def month_date(self) -> date | None:
        """The first day of the month."""
        return date.fromisoformat(f"{self.month}-01") if self.month else None


@blueprint.get("/")
def home() -> str:
    """Show the upcoming dates."""
    now = clock.now()
    filters = _read_filters(request.args)
    upcoming = catalogue.list_upcoming(now=now)
    all_cards = list_cards(upcoming, now=now)
    cards = _filtered(all_cards, filters, now) if filters.any else all_cards
    cities = sorted({s.venue.city for s in upcoming if s.venue and s.venue.city})
    funnel.note("viewed")
    return render_template(
        "public/home.html",
        cards=cards,
        next_card=next((card for card in all_cards if card.is_bookable), None),
        filters=filters,
        cities=cities,
        largest_class=max(
            (s.max_capacity for s in upcoming), default=booking_settings.max_places_per_booking()
        ),
        course_choices=[(course.slug, course.name) for course in catalogue.list_courses()],
        city_choices=_with_chosen([(city, city) for city in cities], filters.city),
        month_choices=_month_choices(all_cards, filters),
        canonical=absolute("/"),
    )


@blueprint.get("/courses/<slug>")
def course(slug: str) -> str:
    """Show one course and its dates."""
    if not SLUG.fullmatch(slug):
        abort(404)
    now = clock.now()
    found = catalogue.get_course(slug)
    cards = list_cards(catalogue.list_upcoming(now=now, course_slug=slug), now=now)
    funnel.note("viewed", course_id=found.id)
    return render_template(
        "public/course.html",
        course=found,
        cards=cards,
        first_bookable=next((card for card in cards if card.is_bookable), None),
        certificate_words=certificate_words(found),
        group_words=group_words(),
        materials=catalogue.list_materials(found.id, public_only=True),
        canonical=absolute(f"/courses/{found.slug}"),
    )


@blueprint.get("/courses.ics")
def calendar() -> Response:
    """Give all published dates as a calendar."""
    dates = catalogue.list_upcoming(now=clock.now())
    return Response(
        calendars.schedules_ics(dates),
        content_type="text/calendar; charset=utf-8",
        headers={"Cache-Control": "public, max-age=900"},
    )


@blueprint.get("/terms")
def terms() -> str:
    """Show the terms; the tariff is the setting's."""
    current = tariff.current_terms()
    return render_template(
        "public/terms.html",
        tariff=tariff.tariff_in_words(current),
        tariff_private=tariff.tariff_in_words(tariff.current_terms(private=True)),
        cooling_off=tariff.cooling_off_in_words(current),
        cooling_off_days=payment_settings.consumer_cooling_off_days(),
        refund_policy=payment_settings.refund_policy_text(),
        legal_name=payment_settings.legal_name(),
        legal_address=payment_settings.legal_address(),
        vat_number=payment_settings.vat_number(),
        hold_minutes=booking_settings.payment_hold_minutes(),
        buffer_days=booking_settings.booking_buffer_days(),
        invoice_enabled=payment_settings.invoice_enabled(),
        invoice_days=payment_settings.invoice_terms_days(),
        group_words=group_words(),
        version=tariff.TERMS_VERSION,
    )


@blueprint.get("/privacy")
def privacy() -> str:
    """Show what is stored, why, and for how long."""
    return render_template(
        "public/privacy.html",
        legal_name=payment_settings.legal_name(),
        legal_address=payment_settings.legal_address(),
        requirements_days=booking_settings.requirements_retention_days(),
        letters_days=letter_settings.email_retention_days(),
        events_days=reporting_settings.analytics_retention_days(),
        reminder_days=certificate_settings.renewal_reminder_days(),
    )


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Tell robots what is not for them."""
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /book/",
        "Disallow: /bookings/",
        "Disallow: /certificates/",
        "Disallow: /verify/",
        f"Sitemap: {absolute(url_for('public.sitemap'))}",
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """List the pages worth finding."""
    paths = ["/", "/inquire", "/verify", "/terms", "/privacy"]
    paths += [f"/courses/{course.slug}" for course in catalogue.list_courses()]
    page = render_template("public/sitemap.xml", addresses=[absolute(path) for path in paths])
    return Response(page, content_type="application/xml; charset=utf-8")


def certificate_words(course: Course) -> str:
    """Return what the course ends with, as a sentence; nothing is claimed that is not stored."""
    years = course.certification_validity_years
    unit = "year" if years == 1 else "years"
    if course.certificate_issuer is CertificateIssuer.AWARDING_BODY and course.awarding_body_name:
        return f"Certified by {course.awarding_body_name}, valid for {years} {unit}"
    return f"A certificate {BASIS_WORDS[course.certificate_basis]}, valid for {years} {unit}"


def group_words() -> str:
    """Return the group discount as a sentence."""
    percent = booking_settings.group_discount_percent()
    if not percent:
        return "The same price for every place"
    return f"{percent} % off from {booking_settings.group_discount_from()} places in one booking"


def _read_filters(typed: MultiDict[str, str]) -> Filters:
    course, city, month = (typed.get(name, "").strip() for name in ("course", "city", "month"))
    return Filters(
        course=course if SLUG.fullmatch(course) else "",
        city=city.replace("\x00", "")[:LONGEST_CITY],
        month=month if MONTH.fullmatch(month) else "",
    )


def _filtered(cards: list[DateCard], filters: Filters, now: datetime) -> list[DateCard]:
    wanted: Sequence[CourseSchedule] = catalogue.list_upcoming(
        now=now,
        course_slug=filters.course or None,
        city=filters.city or None,
        month=filters.month_date,
    )
    ids = {schedule.id for schedule in wanted}
    return [card for card in cards if card.schedule.id in ids]


def _month_choices(cards: list[DateCard], filters: Filters) -> list[tuple[str, str]]:
    months = sorted({card.month for card in cards} | {filters.month_date or date.max})
    return [(f"{m:%Y-%m}", f"{m:%B %Y}") for m in months if m != date.max]


def _with_chosen(choices: list[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    """Keep a chosen value in the list, also when nothing fits it any more."""
    if not chosen or any(value == chosen for value, _ in choices):
        return choices
    return [*choices, (chosen, chosen)]
