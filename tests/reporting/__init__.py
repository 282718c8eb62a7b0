"""Tests of rft_admin.reporting."""
