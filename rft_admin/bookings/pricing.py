"""What a booking costs: computed here only, from the schedule, the party and the code."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from rft_admin.bookings import settings
from rft_admin.catalogue import discounts
from rft_admin.catalogue.models import CourseSchedule, DiscountCode, DiscountType
from rft_admin.core.money import PENNY, ZERO, percent_of, pounds


class DiscountCodesOff(discounts.DiscountCodeRefused):
    """Discount codes are not taken at the moment. Please leave the field empty."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A price with its parts, in pounds; `total` = `subtotal` - `discount`."""

    #: Before the discount.
    price_per_place: Decimal
    number_of_places: int
    subtotal: Decimal
    discount: Decimal
    total: Decimal
    #: In words, empty without a discount.
    discount_reason: str = ""
    #: The code that is used; None for a code that the group discount beats.
    discount_code_id: int | None = None

    @property
    def is_free(self) -> bool:
        """Whether nothing is to pay."""
        return self.total == ZERO

    def place_prices(self) -> list[Decimal]:
        """Return the price of each place; together they are the total, to the penny."""
        return split(self.total, self.number_of_places)


@dataclass(frozen=True)
class _Discount:
    amount: Decimal
    reason: str
    code_id: int | None = None


def quote(
    *,
    schedule: CourseSchedule,
    number_of_places: int,
    discount_code: str | None = None,
    now: datetime,
) -> Quote:
    """Return the price of so many places, with the better of group discount and code.

    :raises DiscountCodeRefused: if the code cannot be used, saying why.
    """
    code = None
    if discount_code and discount_code.strip():
        require_codes_enabled()
        code = discounts.find_usable(discount_code, schedule.course_id, now=now)
    return quote_with(schedule=schedule, number_of_places=number_of_places, code=code)


def require_codes_enabled() -> None:
    """Refuse every code while the office has switched codes off.

    :raises DiscountCodesOff: if it has.
    """
    if not settings.discount_codes_enabled():
        raise DiscountCodesOff


def quote_with(
    *, schedule: CourseSchedule, number_of_places: int, code: DiscountCode | None
) -> Quote:
    """Return the price of so many places with a code that was found usable."""
    if schedule.group_price is not None:
        return _quote_for_group(schedule.group_price, number_of_places)
    price = price_of(schedule)
    subtotal = pounds(price * number_of_places)
    discount = _better(_group_discount(subtotal, number_of_places), _code_discount(subtotal, code))
    return Quote(
        price_per_place=price,
        number_of_places=number_of_places,
        subtotal=subtotal,
        discount=discount.amount,
        total=subtotal - discount.amount,
        discount_reason=discount.reason,
        discount_code_id=discount.code_id,
    )


def price_of(schedule: CourseSchedule) -> Decimal:
    """Return the price of one place in pounds: the schedule's own, else the course's."""
    own = schedule.price_override
    return pounds(schedule.course.price if own is None else own)


def split(total: Decimal, parts: int) -> list[Decimal]:
    """Return equal parts of an amount in pounds; the first ones carry the spare pennies."""
    share = (total / parts).quantize(PENNY, ROUND_DOWN)
    spare = int((total - share * parts) / PENNY)
    return [share + PENNY if index < spare else share for index in range(parts)]


def _quote_for_group(group_price: Decimal, number_of_places: int) -> Quote:
    total = pounds(group_price)
    return Quote(
        price_per_place=pounds(total / number_of_places),
        number_of_places=number_of_places,
        subtotal=total,
        discount=ZERO,
        total=total,
    )


def _group_discount(subtotal: Decimal, number_of_places: int) -> _Discount:
    percent = settings.group_discount_percent()
    if number_of_places < settings.group_discount_from() or percent == 0:
        return _Discount(ZERO, "")
    return _Discount(percent_of(subtotal, percent), f"Group discount ({percent} %)")


def _code_discount(subtotal: Decimal, code: DiscountCode | None) -> _Discount:
    if code is None:
        return _Discount(ZERO, "")
    if code.discount_type is DiscountType.PERCENTAGE:
        amount = percent_of(subtotal, code.discount_value)
    else:
        amount = min(pounds(code.discount_value), subtotal)
    return _Discount(amount, f"Discount code {code.code}", code.id)


def _better(group: _Discount, code: _Discount) -> _Discount:
    """Return the larger one; at equal size the group's, which uses nothing up."""
    if code.amount <= group.amount:
        if code.code_id is not None and group.amount > ZERO:
            return _Discount(group.amount, f"{group.reason}, better than your code")
        return group
    return code
