"""Tests of letters and notifications."""
