"""Tests of the small parts of the ground: clock, money, formats, references."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from rft_admin.core import clock, formats, money, references


class TestLondonTime:
    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            (datetime(2027, 1, 15, 23, 30, tzinfo=UTC), date(2027, 1, 15)),
            (datetime(2027, 7, 15, 23, 30, tzinfo=UTC), date(2027, 7, 16)),
        ],
    )
    def test_decides_the_calendar_day(self, moment: datetime, expected: date) -> None:
        assert clock.london_date(moment) == expected

    def test_makes_the_day_of_the_autumn_change_25_hours_long(self) -> None:
        day = date(2026, 10, 25)

        length = clock.end_of_london_day(day) - clock.london_midnight(day)

        assert length.total_seconds() == 25 * 3600

    def test_is_aware(self) -> None:
        assert clock.now().utcoffset() is not None


class TestAddYears:
    def test_turns_a_leap_day_into_28_february(self) -> None:
        assert clock.add_years(date(2028, 2, 29), 3) == date(2031, 2, 28)

    def test_keeps_any_other_day(self) -> None:
        assert clock.add_years(date(2027, 3, 31), 3) == date(2030, 3, 31)


class TestMoney:
    @pytest.mark.parametrize(("amount", "expected"), [("0.005", "0.01"), ("2.675", "2.68")])
    def test_is_rounded_half_up(self, amount: str, expected: str) -> None:
        assert money.pounds(amount) == Decimal(expected)

    def test_takes_a_percentage_to_the_penny(self) -> None:
        assert money.percent_of(Decimal("75.05"), 10) == Decimal("7.51")

    @pytest.mark.parametrize(
        ("amount", "expected"), [("1234.5", "£1,234.50"), ("-5", "-£5.00"), ("0", "£0.00")]
    )
    def test_is_written_as_people_read_it(self, amount: str, expected: str) -> None:
        assert money.format_pounds(Decimal(amount)) == expected


class TestFormats:
    def test_show_london_time_in_summer(self) -> None:
        moment = datetime(2027, 6, 1, 8, 30, tzinfo=UTC)

        assert formats.format_moment(moment) == "1 Jun 2027, 09:30"
        assert formats.format_date(moment) == "Tuesday 1 June 2027"

    @pytest.mark.parametrize(
        ("number", "expected"),
        [("18.00", "18"), ("4.50", "4.5"), ("100", "100"), ("4.333", "4.33")],
    )
    def test_write_no_zeros_behind_the_point(self, number: str, expected: str) -> None:
        assert formats.format_number(Decimal(number)) == expected

    def test_write_a_status_in_words(self) -> None:
        assert formats.label_of("no_show") == "No show"


class TestReferences:
    def test_have_their_prefix_and_no_look_alikes(self) -> None:
        reference = references.random_reference("RFT")

        assert reference.startswith("RFT-")
        assert set(reference.removeprefix("RFT-")) <= set(references.ALPHABET)

    def test_show_every_single_wrong_character_by_the_check_character(self) -> None:
        number = "RFT-2027-7K3M9Q"
        number += references.check_character(number)

        wrong = [
            number[:position] + other + number[position + 1 :]
            for position in range(9, len(number))
            for other in references.ALPHABET
            if other != number[position]
        ]

        assert references.has_valid_check_character(number)
        assert not any(map(references.has_valid_check_character, wrong))

    def test_show_every_swap_of_neighbours(self) -> None:
        number = "RFT-2027-7K3M9Q"
        number += references.check_character(number)

        swapped = [
            number[:position] + number[position + 1] + number[position] + number[position + 2 :]
            for position in range(9, len(number) - 1)
        ]

        assert not any(map(references.has_valid_check_character, swapped))
