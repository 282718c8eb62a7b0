"""How people are reached: e-mail addresses, telephone numbers and postcodes in one form each."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

HOME_REGION = "GB"
#: Outward code, then inward code; the letters that Royal Mail never uses inward are refused.
POSTCODE = re.compile(r"(GIR|[A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][ABD-HJLNP-UW-Z]{2})")


def read_email(typed: str) -> str:
    """Return the address in the one form in which it is kept.

    :raises ValueError: if it is no address that mail could reach.
    """
    try:
        checked = validate_email(typed.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise ValueError("Letters could not reach this address.") from error
    return checked.normalized.lower()


def read_phone(typed: str) -> str:
    """Return the number as +44…; a number without a country is British. Nothing stays nothing.

    :raises ValueError: if it is no possible number.
    """
    if not typed.strip():
        return ""
    try:
        number = phonenumbers.parse(typed, HOME_REGION)
    except phonenumbers.NumberParseException as error:
        raise ValueError("This is no telephone number.") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("This is no telephone number.")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def show_phone(kept: str) -> str:
    """Return a kept number as people here write it: 07700 900123, or +33 1 23 45 67 89 abroad.

    What is no number, from an import perhaps, stays as it is.
    """
    try:
        number = phonenumbers.parse(kept, HOME_REGION)
    except phonenumbers.NumberParseException:
        return kept
    if not phonenumbers.is_possible_number(number):
        return kept
    at_home = number.country_code == phonenumbers.country_code_for_region(HOME_REGION)
    form = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(number, form.NATIONAL if at_home else form.INTERNATIONAL))


def read_postcode(typed: str) -> str:
    """Return a British postcode in capitals with its space: "ls1 4dy" is "LS1 4DY".

    :raises ValueError: if it has not the form of one.
    """
    match = POSTCODE.fullmatch(re.sub(r"\s", "", typed).upper())
    if match is None or not typed.isascii():
        raise ValueError("This is no British postcode.")
    return f"{match[1]} {match[2]}"
