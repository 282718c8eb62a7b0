"""Tests of rft_admin.delivery."""
