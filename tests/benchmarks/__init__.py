"""Tests of the benchmarks: small, so that they cannot rot unseen."""
