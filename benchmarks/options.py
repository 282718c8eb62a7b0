"""What a run is told: how many bookings, where to keep them, what to answer, what to write."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

BOOKINGS = 1_000_000
FEW_BOOKINGS = 10_000
#: Seconds spent on one peer for one question, after which the median stands.
SECONDS = 6.0


@dataclass(frozen=True)
class Options:
    """The options of one run."""

    bookings: int
    few_bookings: int
    seconds: float
    #: Where the databases and the servers' logs lie, between runs too.
    directory: Path
    #: The questions to answer; empty is all.
    only: tuple[str, ...] = ()
    #: The document whose marked section gets the figures.
    write: Path | None = None


def read_options(arguments: list[str] | None = None) -> Options:
    """Return the options of the command line, else of the environment, else the usual ones."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "only", nargs="*", help="questions to answer (lists, search, …); all if none is named"
    )
    parser.add_argument(
        "--bookings", type=int, default=int(os.environ.get("RFT_BENCH_BOOKINGS", BOOKINGS))
    )
    parser.add_argument("--few-bookings", type=int, default=None)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--write", type=Path, default=None)
    instance = Path(os.environ.get("RFT_INSTANCE", "instance"))
    parser.add_argument("--directory", type=Path, default=instance / "bench")
    given = parser.parse_args(arguments)
    return Options(
        bookings=given.bookings,
        few_bookings=given.few_bookings or min(FEW_BOOKINGS, max(10, given.bookings // 10)),
        seconds=given.seconds,
        directory=given.directory,
        only=tuple(given.only),
        write=given.write,
    )
