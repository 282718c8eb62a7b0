"""Times side by side: warmed up, in alternating rounds, as medians."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.browsing import Answer

WARM_UPS = 2
FEWEST_ROUNDS, MOST_ROUNDS = 3, 40
SLOW_SECONDS = 1.0

Ask = Callable[[], Answer]


@dataclass
class Timed:
    """What was measured of one peer for one question."""

    answer: Answer
    seconds: list[float] = field(default_factory=list)

    @property
    def milliseconds(self) -> float:
        """The median time to the last byte."""
        return statistics.median(self.seconds) * 1000


def alternate(asks: Mapping[str, Ask], *, seconds: float) -> dict[str, Timed]:
    """Return what each took: all are asked once in each round, so that a busy moment hits all.

    :param seconds: a peer that has had so much is asked no more, once it was asked three times.
    :raises RuntimeError: if an answer is no success.
    """
    timed = {name: _warmed_up(name, ask) for name, ask in asks.items()}
    for _ in range(MOST_ROUNDS):
        waiting = {
            name: ask
            for name, ask in asks.items()
            if len(timed[name].seconds) < FEWEST_ROUNDS or sum(timed[name].seconds) < seconds
        }
        if not waiting:
            break
        for name, ask in waiting.items():
            timed[name].seconds.append(_checked(name, ask()).seconds)
    return timed


def percentile(values: list[float], share: float) -> float:
    """Return the value that the share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _warmed_up(name: str, ask: Ask) -> Timed:
    started = time.perf_counter()
    answer = _checked(name, ask())
    if time.perf_counter() - started > SLOW_SECONDS:
        # What takes seconds gains nothing by warmth: its first answer is a round already.
        return Timed(answer, [answer.seconds])
    for _ in range(WARM_UPS - 1):
        answer = _checked(name, ask())
    return Timed(answer)


def _checked(name: str, answer: Answer) -> Answer:
    if answer.status != 200:
        raise RuntimeError(f"{name} answered {answer.status}: {answer.body[:500]!r}")
    return answer
