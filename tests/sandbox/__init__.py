"""Tests of what stands around the application in development."""
