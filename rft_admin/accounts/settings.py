"""The settings that people's access obeys."""

from rft_admin.core.settings import switch_setting, whole_number_setting

session_timeout_minutes = whole_number_setting(
    "system.session_timeout_minutes",
    60,
    minimum=5,
    maximum=720,
    display_name="Sign out after (minutes)",
    description="An office session that has been idle for so long ends.",
)
maintenance_mode = switch_setting(
    "system.maintenance_mode",
    default=False,
    display_name="Maintenance mode",
    description="The public pages say that we are back soon; the office goes on working.",
)
