"""The settings that letters obey, and the words with which the business names itself."""

from rft_admin.core.settings import switch_setting, text_setting, whole_number_setting

business_name = text_setting(
    "business.business_name",
    "React Fast Training",
    is_public=True,
    rules={"max_length": 100, "required": True},
    display_name="Business name",
    description="The name on every page, letter and certificate.",
)
business_email = text_setting(
    "business.business_email",
    "info@reactfasttraining.co.uk",
    is_public=True,
    rules={"format": "email", "required": True},
    display_name="Public e-mail address",
    description="Where customers write to.",
)
business_phone = text_setting(
    "business.business_phone",
    is_public=True,
    rules={"max_length": 30},
    display_name="Public phone number",
    description="Shown only when it is filled.",
)
business_address = text_setting(
    "business.business_address",
    rules={"max_length": 300},
    display_name="Postal address",
    description="The address for letters; shown only when it is filled.",
)
timezone = text_setting(
    "business.timezone",
    "Europe/London",
    is_editable=False,
    display_name="Time zone",
    description="The time zone of every date and time that people see.",
)
from_name = text_setting(
    "email.email_from_name",
    "React Fast Training",
    rules={"max_length": 100, "required": True},
    display_name="Sender's name",
    description="The name that letters come from.",
)
from_address = text_setting(
    "email.email_from_address",
    "bookings@reactfasttraining.co.uk",
    rules={"format": "email", "required": True},
    display_name="Sender's address",
    description="The address that letters come from.",
)
office_email = text_setting(
    "email.office_email",
    "info@reactfasttraining.co.uk",
    rules={"format": "email", "required": True},
    display_name="Office address",
    description="Where letters to the office go.",
)
email_retention_days = whole_number_setting(
    "privacy.email_retention_days",
    400,
    minimum=30,
    maximum=3650,
    display_name="Keep letters' texts (days)",
    description="After so many days the text of a letter is removed; that it was sent stays.",
)
send_booking_reminders = switch_setting(
    "email.send_booking_reminders",
    default=True,
    display_name="Send reminders",
    description="Remind people of their course.",
)
reminder_days_before = whole_number_setting(
    "email.reminder_days_before",
    2,
    minimum=1,
    maximum=14,
    display_name="Remind so many days before",
    description="How many days before the first course day the reminder goes out.",
)
