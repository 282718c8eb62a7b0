"""Prices: the better discount, and parts that make up the total to the penny."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from rft_admin.bookings import pricing
from rft_admin.catalogue.models import Course, CourseSchedule, DiscountCode, DiscountType
from tests.bookings.offers import NOW

pytestmark = pytest.mark.usefixtures("session")


def date(price: str = "75.00", **values: object) -> CourseSchedule:
    return CourseSchedule(course=Course(price=Decimal(price)), **values)


def code(kind: DiscountType, value: str) -> DiscountCode:
    return DiscountCode(id=7, code="SPRING", discount_type=kind, discount_value=Decimal(value))


def quote(
    places: int, *, code: DiscountCode | None = None, schedule: CourseSchedule | None = None
) -> pricing.Quote:
    return pricing.quote_with(schedule=schedule or date(), number_of_places=places, code=code)


def test_four_places_are_no_group() -> None:
    assert quote(4).total == Decimal("300.00")
    assert quote(4).discount_reason == ""


def test_five_places_get_the_group_discount() -> None:
    assert quote(5).total == Decimal("337.50")
    assert quote(5).discount == Decimal("37.50")
    assert quote(5).discount_reason == "Group discount (10 %)"


def test_a_percentage_code_comes_off_the_whole_booking() -> None:
    priced = quote(2, code=code(DiscountType.PERCENTAGE, "15"))

    assert (priced.total, priced.discount_code_id) == (Decimal("127.50"), 7)
    assert priced.discount_reason == "Discount code SPRING"


def test_a_fixed_code_never_takes_more_than_the_price() -> None:
    priced = quote(1, code=code(DiscountType.FIXED, "500"))

    assert priced.total == Decimal("0.00")
    assert priced.is_free


def test_the_better_of_group_and_code_applies_and_says_so() -> None:
    worse = quote(5, code=code(DiscountType.PERCENTAGE, "5"))
    equal = quote(5, code=code(DiscountType.PERCENTAGE, "10"))
    better = quote(5, code=code(DiscountType.PERCENTAGE, "11"))

    assert (worse.discount_code_id, equal.discount_code_id, better.discount_code_id) == (
        None,
        None,
        7,
    )
    assert worse.discount_reason == "Group discount (10 %), better than your code"
    assert better.discount == Decimal("41.25")


def test_a_date_may_have_its_own_price() -> None:
    assert quote(1, schedule=date(price_override=Decimal("0.00"))).is_free
    assert quote(2, schedule=date(price_override=Decimal("60.00"))).total == Decimal("120.00")


def test_a_private_group_pays_its_price_whatever_its_size() -> None:
    private = date(group_price=Decimal("650.00"))

    for places in (1, 7, 12):
        assert quote(places, schedule=private).total == Decimal("650.00")


@pytest.mark.parametrize("places", range(1, 13))
@pytest.mark.parametrize("price", ["75.00", "0.01", "33.33", "95.55"])
def test_the_places_prices_make_up_the_total_to_the_penny(places: int, price: str) -> None:
    priced = quote(places, schedule=date(price), code=code(DiscountType.PERCENTAGE, "33"))

    assert sum(priced.place_prices()) == priced.total
    assert max(priced.place_prices()) - min(priced.place_prices()) <= Decimal("0.01")


def test_a_quote_for_the_page_looks_the_code_up(session: Session) -> None:
    from_database = DiscountCode(
        code="SPRING", discount_type=DiscountType.FIXED, discount_value=Decimal(5)
    )
    session.add(from_database)
    session.flush()

    schedule = date()
    schedule.course_id = 1
    priced = pricing.quote(schedule=schedule, number_of_places=1, discount_code=" spring", now=NOW)

    assert priced.total == Decimal("70.00")
