"""The settings that reports and analytics obey."""

from rft_admin.core.settings import whole_number_setting

analytics_retention_days = whole_number_setting(
    "privacy.analytics_retention_days",
    400,
    minimum=30,
    maximum=3650,
    display_name="Keep visit figures (days)",
    description="After so many days an event is deleted.",
)
