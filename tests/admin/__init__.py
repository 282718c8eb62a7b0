"""Tests of the office's door."""
