"""Tests of rft_admin.catalogue."""
