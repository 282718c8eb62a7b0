"""The pages anybody may read."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from flask.testing import FlaskClient

from rft_admin.core import clock
from rft_admin.core.database import db
from rft_admin.core.settings import Definition, Setting
from rft_admin.payments import settings as payment_settings
from tests.factories import BookingFactory, CourseFactory, MaterialFactory, VenueFactory
from tests.public.conftest import at, date_in

#: Dates, courses, days, places, settings, and the event; never one more per date.
QUERY_CEILING = 12


def change_setting(definition: Definition[Any], value: str) -> None:
    """Store another value of a setting."""
    db.session.add(
        Setting(
            key=definition.key,
            value=value,
            value_type=definition.value_type,
            category=definition.category,
            display_name=definition.display_name,
            description=definition.description,
            default_value=definition.default,
        )
    )
    db.session.flush()


class TestHome:
    def test_hides_what_is_unpublished_cancelled_or_over(self, client: FlaskClient) -> None:
        date_in(20, course__name="Hidden course", is_published=False)
        date_in(20, course__name="Cancelled course", status="cancelled")
        date_in(-2, course__name="Past course")

        page = client.get("/")

        assert page.status_code == 200
        assert "No dates at the moment" in page.text
        assert "/book/" not in page.text

    def test_shows_date_price_place_and_label(self, client: FlaskClient) -> None:
        date_in(20, course__name="Shown course", venue__name="Mill House", venue__city="York")

        page = client.get("/").text

        assert "Shown course" in page
        assert "£75.00" in page
        assert "09:30 to 16:30" in page
        assert "Mill House, York" in page
        assert "Places available" in page

    def test_says_that_a_venue_is_to_be_confirmed(self, client: FlaskClient) -> None:
        date_in(20, venue=None)

        assert "Venue to be confirmed" in client.get("/").text

    def test_counts_the_last_places_and_says_full(self, client: FlaskClient) -> None:
        date_in(20, max_capacity=2)
        full = date_in(25, max_capacity=1)
        BookingFactory(course_schedule=full)

        page = client.get("/").text

        assert "Last 2 places" in page
        assert "Full" in page
        assert f"/inquire/{full.id}" in page
        assert f"/book/{full.id}" not in page

    def test_does_not_sell_what_is_inside_the_notice(self, client: FlaskClient) -> None:
        soon = date_in(2)

        page = client.get("/").text

        assert "Bookings closed" in page
        assert f"/book/{soon.id}" not in page

    def test_filters_and_keeps_the_choice(self, client: FlaskClient) -> None:
        leeds, york = VenueFactory(city="Leeds"), VenueFactory(city="York")
        one = date_in(20, venue=leeds, course=CourseFactory(slug="one-day"))
        other = date_in(20, venue=york)

        page = client.get("/?city=Leeds&course=one-day").text

        rows = page.split('id="dates-title"')[1]
        assert f"/book/{one.id}" in rows
        assert f"/book/{other.id}" not in rows
        assert '<option value="Leeds" selected>' in page
        assert '<option value="one-day" selected>' in page

    def test_filters_by_month(self, client: FlaskClient) -> None:
        first, later = date_in(10), date_in(80)
        month = clock.to_london(later.start_datetime).strftime("%Y-%m")

        rows = client.get(f"/?month={month}").text.split('id="dates-title"')[1]

        assert f"/book/{later.id}" in rows
        assert f"/book/{first.id}" not in rows

    def test_says_so_when_nothing_fits(self, client: FlaskClient) -> None:
        date_in(20)

        page = client.get("/?city=Nowhere").text

        assert "No date fits your choice" in page
        assert '<option value="Nowhere" selected>' in page

    @pytest.mark.parametrize(
        "query", ["?month=2026-99", "?month=x", "?course=%00", "?city=%00%27--", "?course=../x"]
    )
    def test_bears_nonsense_in_the_address(self, client: FlaskClient, query: str) -> None:
        assert client.get(f"/{query}").status_code == 200

    def test_escapes_what_is_typed(self, client: FlaskClient) -> None:
        assert "<script>alert" not in client.get("/?city=<script>alert(1)</script>").text

    def test_asks_no_more_for_more_dates(
        self, client: FlaskClient, count_queries: Callable[[], int]
    ) -> None:
        for days in range(10, 40):
            date_in(days)
        before = count_queries()

        client.get("/")

        assert count_queries() - before <= QUERY_CEILING

    def test_answers_in_a_tenth_of_a_second(self, client: FlaskClient) -> None:
        for days in range(10, 30):
            date_in(days)
        client.get("/")

        times = []
        for _ in range(7):
            began = time.perf_counter()
            client.get("/")
            times.append(time.perf_counter() - began)

        assert median(times) < 0.1


class TestWhen:
    def test_joins_days_with_the_same_times(self, client: FlaskClient) -> None:
        date_in(20, days=[(at(20 + 7 * n), at(20 + 7 * n, 16, 0), 60) for n in range(3)])

        page = client.get("/").text

        assert "3 days: " in page
        assert page.count("09:30 to 16:00") >= 1


class TestCourse:
    def test_does_not_know_others(self, client: FlaskClient) -> None:
        CourseFactory(slug="retired", is_active=False)

        assert client.get("/courses/unknown").status_code == 404
        assert client.get("/courses/retired").status_code == 404
        assert client.get("/courses/%00").status_code == 404

    def test_shows_its_dates_and_public_materials_only(self, client: FlaskClient) -> None:
        mine = date_in(20, course__slug="mine", course__name="Mine")
        other = date_in(20)
        MaterialFactory(course=mine.course, title="For everybody", is_public=True)
        MaterialFactory(course=mine.course, title="For those who booked")

        page = client.get("/courses/mine").text

        assert f"/book/{mine.id}" in page
        assert f"/book/{other.id}" not in page
        assert "For everybody" in page
        assert "For those who booked" not in page

    def test_claims_no_approval(self, client: FlaskClient) -> None:
        date_in(20, course__slug="mine")

        page = client.get("/courses/mine").text

        assert "HSE approved" not in page
        assert "Regulations 1981" in page


class TestMaterials:
    def test_keeps_what_is_not_public(self, client: FlaskClient) -> None:
        private = MaterialFactory()

        assert client.get(f"/materials/{private.id}").status_code == 404
        assert client.get("/materials/99999999999999").status_code == 404

    def test_leads_to_a_public_link(self, client: FlaskClient) -> None:
        material = MaterialFactory(is_public=True)

        assert client.get(f"/materials/{material.id}").location == material.file_url


class TestCalendar:
    def test_gives_published_dates(self, client: FlaskClient) -> None:
        date_in(20, course__name="Shown course")

        answer = client.get("/courses.ics")

        assert answer.mimetype == "text/calendar"
        assert "Shown course" in answer.text


class TestTerms:
    def test_prints_the_tariff_of_the_setting(self, client: FlaskClient) -> None:
        change_setting(
            payment_settings.refund_bands, '[{"min_days": 0, "percent": 40, "fee": false}]'
        )

        page = client.get("/terms").text

        assert "40 % comes back" in page
        assert "31 days or more" not in page

    def test_names_the_owner_once_it_is_known(self, client: FlaskClient) -> None:
        assert "is the business name of" not in client.get("/terms").text

        change_setting(payment_settings.legal_name, "Example Owner")

        assert "is the business name of Example Owner" in client.get("/terms").text


class TestPrivacy:
    def test_says_how_long(self, client: FlaskClient) -> None:
        page = client.get("/privacy").text

        assert "deleted 30 days after the course" in page
        assert "after 400 days" in page


class TestRobots:
    def test_keeps_robots_from_personal_pages(self, client: FlaskClient) -> None:
        assert "Disallow: /bookings/" in client.get("/robots.txt").text

    def test_lists_the_pages_worth_finding(self, client: FlaskClient) -> None:
        CourseFactory(slug="found")

        answer = client.get("/sitemap.xml")

        assert answer.mimetype == "application/xml"
        assert "<loc>http://localhost/courses/found</loc>" in answer.text


class TestErrorPage:
    def test_is_plain_and_helps_on(self, client: FlaskClient) -> None:
        page = client.get("/nothing")

        assert page.status_code == 404
        assert "There is nothing here" in page.text
        assert "Traceback" not in page.text
