"""Discount codes: which one a customer may use now. Uses are counted by the database."""

from datetime import datetime

from sqlalchemy import select

from rft_admin.catalogue.models import DiscountCode
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError, refuse_on


class DiscountCodeRefused(DomainError):
    """The discount code cannot be used."""

    field = "discount_code"


class DiscountCodeUnknown(DiscountCodeRefused):
    """We do not know this discount code. Please check it, or leave the field empty."""


class DiscountCodeNotValid(DiscountCodeRefused):
    """The discount code is not valid today."""


class DiscountCodeUsedUp(DiscountCodeRefused):
    """The discount code has been used as often as it may be."""


class DiscountCodeForOtherCourse(DiscountCodeRefused):
    """The discount code is for another course."""


refuse_on("ck_discount_codes_usage_limit", DiscountCodeUsedUp)


def find_usable(code: str, course_id: int, *, now: datetime) -> DiscountCode:
    """Return the code that a customer typed, when it may be used for the course now.

    :raises DiscountCodeRefused: saying why not.
    """
    return check_usable(find_code(code), course_id, now=now)


def find_code(code: str) -> DiscountCode | None:
    """Return the code as typed, upper or lower case alike, or None."""
    return db.session.scalar(select(DiscountCode).where(DiscountCode.code == code.strip()))


def check_usable(code: DiscountCode | None, course_id: int, *, now: datetime) -> DiscountCode:
    """Return the code itself when it may be used for the course now.

    :raises DiscountCodeRefused: saying why not.
    """
    if code is None:
        raise DiscountCodeUnknown
    if not code.is_valid_at(now):
        raise DiscountCodeNotValid
    if code.course_id is not None and code.course_id != course_id:
        raise DiscountCodeForOtherCourse
    if code.is_used_up:
        raise DiscountCodeUsedUp
    return code
