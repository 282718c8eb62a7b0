"""Tests of the one form in which people's addresses and numbers are kept."""

import pytest

from rft_admin.core.contacts import read_email, read_phone, read_postcode, show_phone


class TestPhone:
    @pytest.mark.parametrize(
        "typed",
        [
            "07700 900123",
            "07700900123",
            "07700-900-123",
            "07700.900.123",
            "(07700) 900 123",
            "+44 7700 900123",
            "+44 (0)7700 900123",
            "0044 7700 900 123",
            "+447700900123",
        ],
    )
    def test_is_read_in_any_usual_writing(self, typed: str) -> None:
        assert read_phone(typed) == "+447700900123"

    @pytest.mark.parametrize("typed", ["12", "call me", "0770090012345678901", "+999 1234567"])
    def test_refuses_what_is_no_number(self, typed: str) -> None:
        with pytest.raises(ValueError, match="no telephone number"):
            read_phone(typed)

    def test_leaves_nothing_as_nothing(self) -> None:
        assert read_phone("  ") == ""

    @pytest.mark.parametrize(
        ("kept", "shown"),
        [
            ("+447700900123", "07700 900123"),
            ("+441134960000", "0113 496 0000"),
            ("+33123456789", "+33 1 23 45 67 89"),
            ("ask reception", "ask reception"),
        ],
    )
    def test_is_shown_as_people_here_write_it(self, kept: str, shown: str) -> None:
        assert show_phone(kept) == shown


class TestPostcode:
    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("ls1 4dy", "LS1 4DY"),
            ("LS14DY", "LS1 4DY"),
            (" sw1a  1aa", "SW1A 1AA"),
            ("m1 1ae", "M1 1AE"),
            ("dn551pt", "DN55 1PT"),
            ("ec1a1bb", "EC1A 1BB"),
            ("gir0aa", "GIR 0AA"),
        ],
    )
    def test_is_kept_with_its_space(self, typed: str, kept: str) -> None:
        assert read_postcode(typed) == kept

    @pytest.mark.parametrize("typed", ["LS1", "LS1 4D", "12345", "LS1 4CY", "LS1 44Y", "ſs1 4dy"])
    def test_refuses_what_is_none(self, typed: str) -> None:
        with pytest.raises(ValueError, match="no British postcode"):
            read_postcode(typed)


class TestEmail:
    @pytest.mark.parametrize("typed", ["ann", "ann@", "ann@example", "a b@example.com", "@x.com"])
    def test_refuses_what_mail_cannot_reach(self, typed: str) -> None:
        with pytest.raises(ValueError, match="could not reach"):
            read_email(typed)

    def test_is_kept_in_small_letters(self) -> None:
        assert read_email(" Ann@Example.COM ") == "ann@example.com"
