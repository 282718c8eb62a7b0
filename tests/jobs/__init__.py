"""Tests of rft_admin.jobs."""
