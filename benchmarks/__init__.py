"""Our figures beside a peer's or a floor's, in one run on one database: `make bench`.

`docs/benchmarks.md` says how each is measured, and keeps the figures of one run.
"""
