"""The settings that the upkeep obeys."""

from rft_admin.core.settings import whole_number_setting

database_size_limit_mb = whole_number_setting(
    "system.database_size_limit_mb",
    1024,
    minimum=100,
    maximum=1048576,
    display_name="Database size limit (MB)",
    description="The plan's size; the office is warned at 70 %.",
)
