"""Tests of rft_admin.payments."""
