"""What a proof has measured, printed at the end of the run, also when it was spread out."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

#: 1 is whole; `make test` runs a tenth.
SCALE = float(os.environ.get("RFT_SCALE") or 0.1)
Figures = Callable[[str], None]


def scaled(size: int, *, least: int = 1) -> int:
    """Return the size of a proof at the wanted scale."""
    return max(least, round(size * SCALE))


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    """Takes a line of figures that is printed when the run is over."""
    return lambda line: record_property("figures", line)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures of every proof that ran, here or in another process."""
    lines = list(_lines(terminalreporter.stats))
    if lines:
        terminalreporter.section(f"figures at scale {SCALE:g}")
        for line in lines:
            terminalreporter.write_line(line)


def _lines(stats: dict[str, list[Any]]) -> Iterator[str]:
    for reports in stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                yield from (str(line) for name, line in report.user_properties if name == "figures")
