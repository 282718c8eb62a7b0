"""The main story: somebody books and pays, learns, and is certified."""

from tests.journeys.conftest import House, link_in, open_date, text_of

EMAIL = "dana@example.com"


def book(house: House, schedule_id: int, **answers: object):
    """Fill in the booking form as a visitor; return the visitor and the page he comes to."""
    visitor = house.visitor()
    page = visitor.open(f"/book/{schedule_id}")
    given = {
        "first_name": "Dana",
        "last_name": "Example",
        "email": EMAIL,
        "phone": "0113 496 0000",
        "customer_type": "individual",
        "payment_method": "card",
        "number_of_places": 1,
        "booker_attends": "y",
        "early_start_request": "y",
        "accept_terms": "y",
    }
    return visitor, visitor.submit(page, page.form("accept_terms"), **(given | answers))


def pay(house: House, payment_page: str, card: str = "success") -> None:
    """Pay on Stripe's page and let its events arrive."""
    house.stripe.pay(payment_page.rpartition("/")[2], card)
    house.deliver_events()


class TestBookAndPay:
    def test_shows_each_fault_and_loses_nothing(self, house: House) -> None:
        schedule_id = open_date(house.app, days_ahead=40)

        _, page = book(house, schedule_id, email="not an address", last_name="", accept_terms=None)

        assert page.status == 422
        assert page.form("accept_terms").fields["first_name"] == ["Dana"]
        assert page.form("accept_terms").fields["email"] == ["not an address"]

    def test_ends_in_a_confirmed_booking_with_its_letter(self, house: House) -> None:
        schedule_id = open_date(house.app, days_ahead=40)

        visitor, payment = book(house, schedule_id)
        pay(house, payment.path)

        letter = house.letter_to(EMAIL, "confirmed")
        assert "Emergency First Aid at Work" in text_of(letter)
        assert [part.get_content_type() for part in letter.iter_attachments()] == ["text/calendar"]
        page = house.visitor().open(link_in(letter, "/bookings/"))
        assert page.status == 200
        assert "confirmed" in page.text.lower()
        assert "?t=" not in page.path

    def test_survives_a_decline(self, house: House) -> None:
        schedule_id = open_date(house.app, days_ahead=40)

        _, payment = book(house, schedule_id)
        pay(house, payment.path, card="declined")
        pay(house, payment.path)

        assert len([x for x in house.letters_to(EMAIL) if "confirmed" in str(x["Subject"])]) == 1

    def test_is_not_opened_without_its_token(self, house: House) -> None:
        schedule_id = open_date(house.app, days_ahead=40)
        _, payment = book(house, schedule_id)
        pay(house, payment.path)
        address = link_in(house.letter_to(EMAIL, "confirmed"), "/bookings/")

        page = house.visitor().open(address.partition("?")[0])

        assert page.status == 404
