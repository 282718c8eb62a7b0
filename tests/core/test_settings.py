"""Tests of the settings: typed, checked, obeyed at once, defaults where there is no row."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from rft_admin.bookings import settings as bookings
from rft_admin.core import settings
from rft_admin.core.settings import BadSetting, Setting, ValueType
from rft_admin.payments import settings as payments


class TestDefinition:
    def test_answers_its_default_without_a_row(self, session: Session) -> None:
        assert bookings.payment_hold_minutes() == 30
        assert payments.refund_admin_fee() == Decimal("10.00")
        assert bookings.auto_confirm() is True

    def test_answers_the_rows_value_at_once(self, session: Session) -> None:
        assert bookings.payment_hold_minutes() == 30
        row = _row("booking.payment_hold_minutes", "45")
        session.add(row)
        session.flush()
        assert bookings.payment_hold_minutes() == 45

        row.value = "60"
        session.flush()

        assert bookings.payment_hold_minutes() == 60

    def test_is_not_defined_twice(self) -> None:
        with pytest.raises(ValueError, match="defined twice"):
            settings.text_setting(
                "business.currency", "GBP", display_name="Currency", description="Again"
            )

    def test_knows_its_category(self) -> None:
        assert settings.definitions()["booking.payment_hold_minutes"].category == "booking"

    def test_has_a_default_that_passes_its_own_rules(self) -> None:
        for definition in settings.definitions().values():
            settings.check_value(definition.default, definition.value_type, definition.rules)


class TestCheckValue:
    @pytest.mark.parametrize(
        ("text", "value_type", "rules", "message"),
        [
            ("much", ValueType.NUMBER, {}, "a number"),
            ("NaN", ValueType.NUMBER, {}, "a number"),
            ("29", ValueType.NUMBER, {"min": 30}, "at least 30"),
            ("1441", ValueType.NUMBER, {"max": 1440}, "at most 1440"),
            ("30.5", ValueType.NUMBER, {"whole": True}, "whole number"),
            ("yes", ValueType.BOOLEAN, {}, "true or false"),
            ("{", ValueType.JSON, {}, "JSON"),
            ("3/3/2027", ValueType.DATE, {}, "YYYY-MM-DD"),
            ("purple", ValueType.STRING, {"choices": ["blue"]}, "one of: blue"),
            ("  ", ValueType.STRING, {"required": True}, "fill this in"),
            ("nobody", ValueType.STRING, {"format": "email"}, "e-mail address"),
            ("[400]", ValueType.JSON, {"format": "days"}, "from 1 to 365"),
            ("long", ValueType.STRING, {"max_length": 3}, "at most 3 characters"),
        ],
    )
    def test_names_what_is_expected(
        self, text: str, value_type: ValueType, rules: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(BadSetting, match=message):
            settings.check_value(text, value_type, rules)

    def test_lets_a_fitting_value_pass(self) -> None:
        settings.check_value("30", ValueType.NUMBER, {"min": 30, "max": 1440, "whole": True})


def _row(key: str, value: str) -> Setting:
    definition = settings.definitions()[key]
    return Setting(
        key=key,
        value=value,
        value_type=definition.value_type,
        category=definition.category,
        display_name=definition.display_name,
        description=definition.description,
        default_value=definition.default,
    )
