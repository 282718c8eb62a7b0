"""Tests of lists: search, filters, order, counts, suggestions."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy.orm import Session

from rft_admin.accounts.models import User
from rft_admin.admin import counting, lookup, search
from rft_admin.bookings.models import Booking, BookingStatus
from tests import factories
from tests.admin.conftest import Office, QueryCounter


@pytest.fixture
def bookings(session: Session) -> None:
    """Three bookings that differ in everything."""
    efaw = factories.CourseFactory(name="Emergency First Aid")
    paediatric = factories.CourseFactory(name="Paediatric First Aid")
    for reference, first, last, course, status, day, price in (
        ("RFT-AAAA", "Ann", "Brook", efaw, BookingStatus.CONFIRMED, 1, "75.00"),
        ("RFT-BBBB", "Bob", "100%_Dale", efaw, BookingStatus.CANCELLED, 28, "85.00"),
        ("RFT-CCCC", "Cat", "Field", paediatric, BookingStatus.PENDING, 15, "95.00"),
    ):
        factories.BookingFactory(
            booking_reference=reference,
            contact_first_name=first,
            contact_last_name=last,
            status=status,
            price_per_place=Decimal(price),
            course_schedule=factories.ScheduleFactory(
                course=course, start_datetime=datetime(2027, 3, day, 9, 30, tzinfo=UTC)
            ),
        )
    session.commit()


def shown(office: Office, query: str, table: str = "bookings") -> list[str]:
    """Return which of the three references a list shows, in its order."""
    text = office.get(f"/admin/{table}/?{query}").text
    found = [
        (text.find(f">{name}</a>"), name[-4:]) for name in ("RFT-AAAA", "RFT-BBBB", "RFT-CCCC")
    ]
    return [name for place, name in sorted(found) if place >= 0]


@pytest.mark.usefixtures("bookings")
class TestBookingsList:
    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("search=nobody", []),
            ("search=brook", ["AAAA"]),
            ("search=ann+brook", ["AAAA"]),
            ("search=ann+field", []),
            ("search=rft-c", ["CCCC"]),
            ("search=paediatric", ["CCCC"]),
            ("search=100%25_", ["BBBB"]),
            ("search=%25_da", ["BBBB"]),
            ("search=%26+brook+%25", ["AAAA"]),
            ("flt_status_is=cancelled", ["BBBB"]),
            ("flt_course_date_from=2027-03-15&sort=booking_reference", ["BBBB", "CCCC"]),
            ("flt_course_date_from=2027-03-15&flt_course_date_to=2027-03-15", ["CCCC"]),
            ("flt_total_from=80&flt_total_to=£90.00", ["BBBB"]),
            ("flt_status_is=&flt_course_is=", ["AAAA", "BBBB", "CCCC"]),
            ("scope=cancelled", ["BBBB"]),
        ],
    )
    def test_narrows(self, office: Office, query: str, names: list[str]) -> None:
        separator = "" if "sort=" in query else "&sort=booking_reference"

        assert shown(office, query + separator) == names

    @pytest.mark.parametrize(
        ("sort", "names"),
        [
            ("booking_reference", ["AAAA", "BBBB", "CCCC"]),
            ("booking_reference&desc=1", ["CCCC", "BBBB", "AAAA"]),
            ("course_schedule.start_datetime", ["AAAA", "CCCC", "BBBB"]),
            ("payment_amount&desc=1", ["CCCC", "BBBB", "AAAA"]),
        ],
    )
    def test_sorts(self, office: Office, sort: str, names: list[str]) -> None:
        assert shown(office, f"sort={sort}") == names

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("date=2027", ["BBBB", "CCCC", "AAAA"]),
            ("date=2027-03&flt_course_date_to=2027-03-15", ["CCCC", "AAAA"]),
            ("flt_course_date_from=2027-03-02", ["BBBB", "CCCC"]),
            ("flt_course_date_from=2027-03-15&flt2_status_is=confirmed", ["CCCC", "BBBB", "AAAA"]),
            ("date=2027&sort=booking_reference", ["AAAA", "BBBB", "CCCC"]),
            ("", ["CCCC", "BBBB", "AAAA"]),
        ],
    )
    def test_is_ordered_by_the_date_that_narrows_it(
        self, office: Office, query: str, names: list[str]
    ) -> None:
        assert shown(office, query) == names

    def test_begins_where_the_narrowing_date_does(
        self, office: Office, count_queries: QueryCounter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(counting, "COUNT_CAP", 2)
        monkeypatch.setattr(counting, "FEW", 0)
        with count_queries() as queries:
            office.get("/admin/bookings/?date=2027-03")

        (page,) = [query for query in queries if "WITH chosen" in query]
        assert re.search(r"course_schedules_\d\.start_datetime >= ", page)

    def test_filters_by_another_tables_row(self, office: Office) -> None:
        suggested = office.get(
            "/admin/bookings/ajax/lookup/?name=course_schedule.course_id&query=paed"
        ).json
        ((row_id, text),) = suggested

        assert text == f"Paediatric First Aid (#{row_id})"
        assert shown(office, f"flt_course_is=Paediatric+First+Aid+(%23{row_id})") == ["CCCC"]
        assert shown(office, f"flt_course_is={row_id}") == ["CCCC"]

    def test_says_what_it_did_not_understand(self, office: Office) -> None:
        page = office.get("/admin/bookings/?flt_status_is=nonsense&flt_total_from=much")

        assert page.text.count("does not fit the filter") == 2

    def test_counts_up_to_a_cap(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(counting, "COUNT_CAP", 2)

        assert "of 2+" in office.get("/admin/bookings/?search=rft").text

    def test_says_what_to_do_when_nothing_fits(self, office: Office) -> None:
        page = office.get("/admin/bookings/?search=nobody").text

        assert "Nothing fits" in page
        assert "Show all" in page

    def test_exports_what_it_shows(self, office: Office) -> None:
        text = office.get("/admin/bookings/export/csv/?flt_status_is=cancelled").text
        workbook = office.get("/admin/bookings/export/xlsx/?search=ann").data

        lines = text.strip().splitlines()
        sheet = ZipFile(BytesIO(workbook)).read("xl/worksheets/sheet1.xml").decode()
        assert len(lines) == 2
        assert "2027-03-28 10:30:00" in lines[1]
        assert ",85.00," in lines[1]
        assert sheet.count("<row ") == 2


class TestASearchForAWholeReference:
    @pytest.mark.parametrize(
        ("text", "is_found"),
        [("RFT-7K3M9QXA", True), ("rft-7k3m9qxa", True), ("7k3m9", True), ("RFT-7K3M9QXC", False)],
    )
    def test_finds_its_booking_however_it_is_typed(
        self, office: Office, session: Session, text: str, is_found: bool
    ) -> None:
        factories.BookingFactory(booking_reference="RFT-7K3M9QXA")
        session.commit()

        for address in (f"/admin/bookings/?search={text}", f"/admin/search?q={text}"):
            assert (">RFT-7K3M9QXA<" in office.get(address).text) is is_found

    def test_reads_no_parts_of_words(self, office: Office, count_queries: QueryCounter) -> None:
        asked = {}
        for text in ("RFT-7K3M9QXA", "RFT-7K3M9QX"):
            with count_queries() as queries:
                office.get(f"/admin/bookings/?search={text}")
            asked[text] = any("booking_reference || " in query for query in queries)

        assert asked == {"RFT-7K3M9QXA": False, "RFT-7K3M9QX": True}

    def test_without_a_hit_looks_for_no_page(
        self, office: Office, count_queries: QueryCounter
    ) -> None:
        with count_queries() as queries:
            page = office.get("/admin/bookings/?search=nobody").text

        assert "Nothing fits" in page
        assert not any("WITH chosen" in query for query in queries)


class TestASearchWithNothingToFind:
    @pytest.mark.parametrize("text", ["%", "_", "--", "££", "½", "& @ …"])
    def test_says_so_and_reads_no_table(
        self, office: Office, session: Session, count_queries: QueryCounter, text: str
    ) -> None:
        factories.BookingFactory(contact_last_name=f"Vale {text}")
        session.commit()
        asked = {"search": text, "q": text}

        for address in ("/admin/bookings/", "/admin/search"):
            with count_queries() as queries:
                page = office.get(address, query_string=asked).text

            assert "Please type a letter or a digit" in page
            assert not any("ILIKE" in query.upper() for query in queries)
            assert "/admin/bookings/details/?id=" not in page

    def test_suggests_nothing(self, office: Office, session: Session) -> None:
        factories.BookingFactory(contact_last_name="Vale %")
        session.commit()
        address = "/admin/bookings/ajax/lookup/?name=course_schedule.course_id&query="

        assert office.get(f"{address}%25").json == []
        assert len(office.get(address).json or []) == 1

    @pytest.mark.parametrize(
        ("text", "pattern"),
        [
            ("b&q", "% b&q%"),
            ("a@", "% a@%"),
            ("1/2", "% 1/2%"),
            ("(ab", "%(ab%"),
            ("a-b", "% a-b%"),
            ("bc)", "% bc)%"),
            ("abc", "%abc%"),
        ],
    )
    def test_looks_for_short_parts_where_the_index_knows_them(
        self, office: Office, session: Session, text: str, pattern: str
    ) -> None:
        factories.BookingFactory(company_name="Q&A at B&Q, 1/2 a-b (abc) a@b bc)")
        session.commit()

        assert search._pattern(text) == pattern
        page = office.get("/admin/bookings/", query_string={"search": text}).text
        assert "/admin/bookings/details/?id=" in page


class TestABookingSoughtByItsAttendee:
    @pytest.fixture
    def booking(self, session: Session) -> Booking:
        """A company's booking with two attendees, and another one."""
        booking = factories.BookingFactory(company_name="Acme", attendees=False)
        for first, last, email in (
            ("Zinnia", "Vale", "zv@example.com"),
            ("Quentin", "Moss", "qm@example.com"),
        ):
            factories.AttendeeFactory(
                booking=booking, first_name=first, last_name=last, email=email
            )
        factories.BookingFactory()
        session.commit()
        return booking

    def test_is_offered_where_the_search_finds_nothing(
        self, office: Office, booking: Booking
    ) -> None:
        empty = office.get("/admin/bookings/?search=zinn+vale").text
        offered = re.search(r'href="([^"]+)">Look under “Attendee”</a>', empty)
        assert offered is not None

        page = office.get(unescape(offered[1])).text

        assert re.findall(r"/admin/bookings/details/\?id=(\d+)", page)[0] == str(booking.id)
        assert "1–1 of 1" in page
        assert "Look under" not in office.get("/admin/bookings/?search=acme").text
        assert "Look under" not in office.get("/admin/certificates/?search=zinn").text

    @pytest.mark.parametrize(
        ("text", "is_found"),
        [
            ("zinn", True),
            ("VALE zin", True),
            ("zv@exam", True),
            ("mo", True),
            ("zinnia moss", False),
        ],
    )
    def test_is_found_by_the_words_of_one_attendee(
        self, office: Office, booking: Booking, text: str, is_found: bool
    ) -> None:
        page = office.get("/admin/bookings/", query_string={"flt_attendee_contains": text}).text

        assert (f"/admin/bookings/details/?id={booking.id}" in page) is is_found

    def test_is_found_by_the_search_of_everything(self, office: Office, booking: Booking) -> None:
        page = office.get("/admin/search?q=zinn+vale").text

        assert f"/admin/bookings/details/?id={booking.id}" in page
        assert "flt_attendee_contains=zinn+vale" in page

    def test_is_not_found_by_whoever_sees_no_bookings(
        self, classroom: Office, instructor: User, booking: Booking, session: Session
    ) -> None:
        booking.course_schedule.instructor = instructor
        session.commit()

        answer = classroom.get("/admin/search?q=zinn", headers={"Accept": "application/json"}).json

        # Who sits in his own class he may know.
        assert [row["table"] for row in answer["results"]] == ["booking_attendees"]

    def test_says_what_words_it_needs(self, office: Office, booking: Booking) -> None:
        page = office.get("/admin/bookings/?flt_attendee_contains=%25").text

        assert "does not fit the filter Attendee" in page


class TestSuggestions:
    ADDRESS = "/admin/refunds/ajax/lookup/?name=booking_id&query=zinn"

    def test_are_the_newest_of_all_places_each_once(self, office: Office, session: Session) -> None:
        person = factories.UserFactory(first_name="Zinnia")
        ids = [
            factories.BookingFactory(user=person, contact_first_name=first).id
            for first in ("Zinnia", "Ann", "Zinnia", "Bob")
        ]
        person.email = "zinnia@example.com"
        factories.BookingFactory(contact_first_name="Ann")
        session.commit()

        def suggested(more: str = "") -> list[int]:
            return [row_id for row_id, _ in office.get(self.ADDRESS + more).json or []]

        assert suggested() == ids[::-1]
        assert suggested("&limit=2") == [ids[3], ids[2]]
        assert suggested("&limit=2&offset=2") == [ids[1], ids[0]]

    def test_follow_only_the_newest_rows_of_another_table(
        self, office: Office, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lookup, "MOST_FOLLOWED", 1)
        ids = [
            factories.BookingFactory(user=factories.UserFactory(email=f"{name}@zinn.test")).id
            for name in ("ann", "bob")
        ]
        session.commit()

        def suggested(more: str = "") -> list[int]:
            return [row_id for row_id, _ in office.get(self.ADDRESS + more).json or []]

        listed = office.get("/admin/bookings/?search=zinn").text

        assert suggested() == [ids[1]]
        assert all(f"details/?id={one}" in listed for one in ids)
        # All words stand in a row that is followed, be it the newest of one of them or not.
        assert suggested("+ann") == [ids[0]]
        assert suggested("+ann@+test") == [ids[0]]


class TestASearchOfManyWords:
    def test_never_asks_for_one_row_alone(
        self, office: Office, count_queries: QueryCounter
    ) -> None:
        for words in ("nobody", "no body"):
            with count_queries() as queries:
                office.get(f"/admin/bookings/?search={words}")

            asked = [query for query in queries if "EXISTS (" in query]
            assert asked
            assert all(
                re.search(r"EXISTS \((?!WITH standing AS MATERIALIZED)", query) is None
                for query in asked
            )

    @pytest.mark.filterwarnings("error")
    def test_finds_nothing_where_the_person_may_search_no_text(
        self, classroom: Office, session: Session
    ) -> None:
        factories.RequirementFactory()
        session.commit()

        page = classroom.get("/admin/special_requirements/?search=one+two+three")

        assert page.status_code == 200


class TestGlobalSearch:
    def test_finds_across_tables(self, office: Office, session: Session) -> None:
        person = factories.UserFactory(first_name="Zinnia", last_name="Vale")
        booking = factories.BookingFactory(user=person, contact_first_name="Zinnia")
        session.commit()

        page = office.get("/admin/search?q=zinn").text
        answer = office.get("/admin/search?q=zinn", headers={"Accept": "application/json"}).json

        assert f"/admin/bookings/details/?id={booking.id}" in page
        assert {row["table"] for row in answer["results"]} == {"bookings", "users"}

    def test_looks_into_every_screen_of_things_with_names(
        self, office: Office, session: Session
    ) -> None:
        factories.DiscountCodeFactory(code="ZINN10")
        factories.LetterFactory(subject="Zinnia, your booking")
        factories.NoteFactory(text="Zinnia called", user=factories.UserFactory())
        session.commit()

        answer = office.get("/admin/search?q=zinn", headers={"Accept": "application/json"}).json

        assert [row["table"] for row in answer["results"]] == ["discount_codes"]

    def test_stays_within_the_persons_scope(self, classroom: Office, session: Session) -> None:
        factories.BookingFactory(contact_first_name="Zinnia")
        session.commit()

        answer = classroom.get("/admin/search?q=zinn", headers={"Accept": "application/json"}).json

        assert answer["results"] == []

    def test_puts_what_the_text_names_before_what_only_holds_it(
        self, office: Office, session: Session
    ) -> None:
        refund = factories.RefundFactory(refund_reference="REF-ZINN01")
        for number in range(8):
            factories.RefundFactory(refund_reference=f"REF-ZINN01{number}")
        factories.UserFactory(first_name="ref-zinn01")
        session.commit()

        answer = office.get(
            "/admin/search?q=ref-zinn01", headers={"Accept": "application/json"}
        ).json
        assert answer is not None

        first, *others = answer["results"]
        assert (first["table"], first["id"]) == ("refunds", refund.id)
        assert "users" in {one["table"] for one in others}

    @pytest.mark.parametrize("query", ["", "%00", "%25", "x" * 3000, "%27%3B--"])
    def test_takes_anything(self, office: Office, query: str) -> None:
        assert office.get(f"/admin/search?q={query}").status_code == 200


class TestToday:
    def test_counts_what_the_lists_show(self, office: Office, session: Session) -> None:
        factories.RefundFactory()
        factories.InquiryFactory(hold_expires_at=datetime.now(UTC) + timedelta(hours=1))
        factories.ScheduleFactory()
        session.commit()

        page = office.get("/admin/").text

        assert "<strong>1</strong><span>refunds to decide</span>" in page
        assert "<strong>1</strong><span>inquiries open</span>" in page
        assert "Emergency First Aid at Work" in page
        assert "of 1" in office.get("/admin/refunds/?scope=waiting").text

    def test_warns_of_a_silent_worker(self, office: Office) -> None:
        assert "The worker has not reported" in office.get("/admin/").text

    def test_shows_an_instructor_his_own_dates_only(
        self, classroom: Office, instructor: object, session: Session
    ) -> None:
        trainer = factories.TrainerFactory(user=instructor)
        factories.ScheduleFactory(trainer=trainer, course=factories.CourseFactory(name="Mine"))
        factories.ScheduleFactory(course=factories.CourseFactory(name="Another's"))
        session.commit()

        for path in ("", "calendar/?month=2027-02"):
            page = classroom.get(f"/admin/{path}").text

            assert "Mine" in page
            assert "Another" not in page

    @pytest.mark.parametrize("month", ["2027-02", "", "abc", "9999-12", "0001-01", "%00"])
    def test_has_a_calendar_of_any_month(self, office: Office, month: str) -> None:
        assert office.get(f"/admin/calendar/?month={month}").status_code == 200

    def test_rings_for_unread_notifications(self, office: Office, session: Session) -> None:
        factories.NotificationFactory(user=session.get_one(User, office.user_id))
        session.commit()

        assert "Notifications, 1 unread" in office.get("/admin/").text
