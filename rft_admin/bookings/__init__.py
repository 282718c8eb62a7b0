"""Who has a place: bookings, attendees, special requirements and inquiries."""
