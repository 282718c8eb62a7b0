"""Chromium at the real doors: the whole business runs as `make run` runs it."""
