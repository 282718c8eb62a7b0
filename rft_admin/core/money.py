"""Pounds as Decimal: rounded once, half up."""

from decimal import ROUND_HALF_UP, Decimal

PENNY = Decimal("0.01")
ZERO = Decimal("0.00")


def pounds(amount: Decimal | int | str) -> Decimal:
    """Return the amount in pounds with two places, rounded half up."""
    return Decimal(amount).quantize(PENNY, ROUND_HALF_UP)


def percent_of(amount: Decimal, percent: Decimal | int) -> Decimal:
    """Return so many per cent of an amount in pounds, rounded half up to the penny."""
    return pounds(amount * Decimal(percent) / 100)


def format_pounds(amount: Decimal) -> str:
    """Return the amount as people read it: £1,234.50, or -£5.00."""
    sign = "-" if amount < 0 else ""
    return f"{sign}£{abs(pounds(amount)):,.2f}"
