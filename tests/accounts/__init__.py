"""Tests of people, their access and their trail."""
