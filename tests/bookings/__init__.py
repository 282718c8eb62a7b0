"""Tests of rft_admin.bookings."""
