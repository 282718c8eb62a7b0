"""Tests of rft_admin.upkeep."""
