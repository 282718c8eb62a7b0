"""The settings that payments, refunds and invoices obey."""

import re
from typing import Any

from rft_admin.core.settings import (
    BadSetting,
    define_format,
    list_setting,
    pounds_setting,
    switch_setting,
    text_setting,
    whole_number_setting,
)

BANDS = [
    {"min_days": 31, "percent": 100, "fee": True},
    {"min_days": 15, "percent": 50, "fee": False},
    {"min_days": 7, "percent": 25, "fee": False},
    {"min_days": 0, "percent": 0, "fee": False},
]
PRIVATE_BANDS = [
    {"min_days": 46, "percent": 100, "fee": "50.00"},
    {"min_days": 30, "percent": 50, "fee": False},
    {"min_days": 15, "percent": 25, "fee": False},
    {"min_days": 0, "percent": 0, "fee": False},
]

#: What a band says: from so many days on, so many per cent, less no fee, the fee, or pounds.
BAND = {"min_days", "percent", "fee"}


def check_bands(bands: Any) -> None:
    """Refuse a tariff that could not be reckoned with, or that pays more the later one cancels.

    :raises BadSetting: naming the band.
    """
    if not isinstance(bands, list) or not bands:
        raise BadSetting("Please enter one band at least.")
    for number, band in enumerate(bands, start=1):
        if fault := _fault_of(band):
            raise BadSetting(f"Band {number}: {fault}")
    ordered = sorted(bands, key=lambda band: int(band["min_days"]))
    days = [band["min_days"] for band in ordered]
    if len(set(days)) < len(days):
        raise BadSetting("Two bands begin at the same day.")
    if days[0] != 0:
        raise BadSetting("One band has to begin at 0 days, the day of the course.")
    percents = [band["percent"] for band in ordered]
    if percents != sorted(percents):
        raise BadSetting("Cancelling later must not bring more money back.")


def _fault_of(band: Any) -> str:
    if not isinstance(band, dict) or set(band) != BAND:
        return "it has days, per cent and a fee, and nothing else."
    if not _is_whole(band["min_days"], 3650):
        return "please enter a whole number of days, from 0 to 3650."
    if not _is_whole(band["percent"], 100):
        return "please enter a whole number of per cent, from 0 to 100."
    if not isinstance(band["fee"], bool) and not _is_pounds(band["fee"]):
        return "the fee is none, the refund fee, or a sum in pounds such as 50.00."
    return ""


def _is_whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _is_pounds(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}(\.[0-9]{2})?", value) is not None


define_format("refund_bands", check_bands)

legal_name = text_setting(
    "business.legal_name",
    rules={"max_length": 200},
    display_name="Legal name",
    description="The owner's legal name: on invoices, receipts and terms.",
)
legal_address = text_setting(
    "business.legal_address",
    rules={"max_length": 300},
    display_name="Legal address",
    description="Where legal documents are served: on invoices, receipts and terms.",
)
bank_details = text_setting(
    "business.bank_details",
    rules={"max_length": 500},
    display_name="Bank details",
    description="Printed on invoices for payment by transfer.",
)
vat_number = text_setting(
    "business.vat_number",
    rules={"max_length": 20},
    display_name="VAT number",
    description="Empty: not registered, no VAT line. Filled: prices include VAT.",
)
currency = text_setting(
    "business.currency",
    "GBP",
    is_editable=False,
    display_name="Currency",
    description="The currency of every price.",
)
payment_provider = text_setting(
    "payment.payment_provider",
    "stripe",
    is_editable=False,
    display_name="Payment provider",
    description="Who takes card payments.",
)
accept_online_payments = switch_setting(
    "payment.accept_online_payments",
    default=True,
    display_name="Card payments",
    description="Customers can pay by card.",
)
invoice_enabled = switch_setting(
    "payment.invoice_enabled",
    default=True,
    display_name="Pay by invoice",
    description="Business customers can book on invoice.",
)
invoice_terms_days = whole_number_setting(
    "payment.invoice_terms_days",
    14,
    maximum=90,
    display_name="Invoice due after (days)",
    description="An invoice is to be paid within so many days, and before the course.",
)
refund_bands = list_setting(
    "payment.refund_bands",
    BANDS,
    rules={"format": "refund_bands"},
    display_name="Refund tariff",
    description="What a customer gets back, by days before the first course day.",
)
refund_bands_private = list_setting(
    "payment.refund_bands_private",
    PRIVATE_BANDS,
    rules={"format": "refund_bands"},
    display_name="Refund tariff of private courses",
    description="The same for courses on site and closed groups.",
)
refund_admin_fee = pounds_setting(
    "payment.refund_admin_fee",
    "10.00",
    maximum=1000,
    display_name="Refund fee (£)",
    description="Taken once per booking where the tariff says so, never more than the refund.",
)
consumer_cooling_off_days = whole_number_setting(
    "payment.consumer_cooling_off_days",
    14,
    minimum=14,
    maximum=90,
    display_name="Cooling-off (days)",
    description="Consumers may withdraw for so long (Consumer Contracts Regulations 2013).",
)
refund_policy_text = text_setting(
    "payment.refund_policy_text",
    is_public=True,
    rules={"max_length": 4000},
    display_name="Words about refunds",
    description="A paragraph of your own above the tariff on the terms page.",
)
