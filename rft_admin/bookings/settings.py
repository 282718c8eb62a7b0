"""The settings that bookings and inquiries obey."""

from rft_admin.core.settings import switch_setting, whole_number_setting

booking_buffer_days = whole_number_setting(
    "booking.booking_buffer_days",
    3,
    maximum=60,
    display_name="Bookings close (days before)",
    description="Public bookings close so many days before the first course day.",
)
max_places_per_booking = whole_number_setting(
    "booking.max_places_per_booking",
    12,
    minimum=1,
    maximum=12,
    display_name="Places in one booking, at most",
    description="The largest party that one booking may bring.",
)
auto_confirm = switch_setting(
    "booking.booking_auto_confirm",
    default=True,
    display_name="Confirm by itself",
    description="A paid, free or invoiced booking is confirmed at once; else the office does it.",
)
payment_hold_minutes = whole_number_setting(
    "booking.payment_hold_minutes",
    30,
    minimum=30,
    maximum=1440,
    display_name="Hold for payment (minutes)",
    description="A booking that waits for its payment keeps its places for so long.",
)
inquiry_hold_hours = whole_number_setting(
    "booking.inquiry_hold_hours",
    24,
    maximum=168,
    display_name="Hold for an inquiry (hours)",
    description="An inquiry for a dated course keeps its places for so long.",
)
group_discount_percent = whole_number_setting(
    "booking.group_discount_percent",
    10,
    maximum=100,
    display_name="Group discount (%)",
    description="Taken off the price of a group's booking.",
)
group_discount_from = whole_number_setting(
    "booking.group_discount_from",
    5,
    minimum=2,
    maximum=12,
    display_name="Group discount from (places)",
    description="So many places make a group.",
)
decision_days = whole_number_setting(
    "booking.decision_days",
    7,
    minimum=1,
    maximum=60,
    display_name="Decide to run (days before)",
    description="The office is asked so many days before a date that has too few bookings.",
)
discount_codes_enabled = switch_setting(
    "booking.discount_codes_enabled",
    default=True,
    display_name="Discount codes",
    description="The booking form takes discount codes.",
)
online_booking_enabled = switch_setting(
    "booking.online_booking_enabled",
    default=True,
    display_name="Online booking",
    description="Visitors can book; switched off, every date points to the inquiry form.",
)
requirements_retention_days = whole_number_setting(
    "privacy.requirements_retention_days",
    30,
    minimum=1,
    maximum=365,
    display_name="Keep requirements (days)",
    description="Special requirements are deleted so many days after the course.",
)
