"""The settings that the register and certificates obey."""

from typing import Any

from rft_admin.core.settings import (
    BadSetting,
    define_format,
    define_words,
    list_setting,
    switch_setting,
    whole_number_setting,
)

FURTHEST_DAYS = 365


def check_days(days: Any) -> None:
    """Refuse what is no list of days before an expiry; an empty one means no reminder.

    :raises BadSetting: naming what is expected.
    """
    is_list = isinstance(days, list)
    if not is_list or not all(type(day) is int and 1 <= day <= FURTHEST_DAYS for day in days):
        raise BadSetting(
            f"Please enter a list of days from 1 to {FURTHEST_DAYS}, for example 90, 30, 7."
        )


define_format("days", check_days)
define_words("days", lambda days: ", ".join(str(day) for day in days) or "Never")


require_payment = switch_setting(
    "certificate.require_payment",
    default=False,
    display_name="Certificates wait for payment",
    description="A certificate is issued only when its booking is paid.",
)
auto_issue_certificates = switch_setting(
    "certificate.auto_issue_certificates",
    default=True,
    display_name="Issue by itself",
    description="When a date is completed, the certificates of all who earned one are issued.",
)
late_tolerance_minutes = whole_number_setting(
    "certificate.late_tolerance_minutes",
    15,
    maximum=120,
    display_name="Late after (minutes)",
    description="Who arrives later than this is marked late.",
)
renewal_reminder_days = list_setting(
    "certificate.renewal_reminder_days",
    [90, 30, 7],
    rules={"format": "days"},
    display_name="Renewal reminders (days before)",
    description="When holders are reminded that a certificate expires.",
)
