"""Tests of rft_admin.core."""
