"""What a run found out: times by peer, and figures beside their targets; printed as it comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.measuring import Timed
from benchmarks.peers import OURS


@dataclass(frozen=True)
class Figure:
    """One line of the issue: what was wanted, what came out."""

    words: str
    value: str
    target: str
    #: None where it is only told.
    is_met: bool | None

    @property
    def verdict(self) -> str:
        """Met or missed, in a word."""
        return {True: "met", False: "MISSED", None: ""}[self.is_met]


@dataclass
class Chapter:
    """The answer to one question."""

    title: str
    #: What each peer took.
    times: dict[str, Timed] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)

    def take(self, times: Mapping[str, Timed]) -> None:
        """Keep the times."""
        self.times.update(times)

    def milliseconds(self, name: str) -> float:
        """Return what a peer took."""
        return self.times[name].milliseconds

    def ratio(self, name: str) -> float:
        """Return how many times as long as ours a peer took."""
        return self.milliseconds(name) / self.milliseconds(OURS)

    def at_least(self, words: str, value: float, least: float, unit: str = "times") -> None:
        """Note a figure that must reach a number."""
        self.figures.append(
            Figure(words, f"{value:.3g} {unit}", f"at least {least:g}", value >= least)
        )

    def at_most(self, words: str, value: float, most: float, unit: str = "times") -> None:
        """Note a figure that must stay below a number."""
        self.figures.append(
            Figure(words, f"{value:.3g} {unit}", f"at most {most:g}", value <= most)
        )

    def miss(self, words: str) -> None:
        """Note that a figure could not be had."""
        self.figures.append(Figure(words, "not measured", "", False))

    def tell(self, words: str, value: str) -> None:
        """Note a figure without a target."""
        self.figures.append(Figure(words, value, "", None))

    def markdown(self) -> str:
        """Return the chapter as a document shows it."""
        lines = [f"### {self.title}", ""]
        if self.times:
            lines += ["| | ms | beside ours | queries |", "|---|--:|--:|--:|"]
            lines += [self._row(name) for name in self.times]
            lines.append("")
        if self.figures:
            lines += ["| figure | value | target | |", "|---|--:|--:|---|"]
            lines += [
                f"| {one.words} | {one.value} | {one.target} | {one.verdict} |"
                for one in self.figures
            ]
            lines.append("")
        return "\n".join(lines)

    def _row(self, name: str) -> str:
        timed = self.times[name]
        beside = f"{self.ratio(name):.2f}" if OURS in self.times else ""
        queries = "" if timed.answer.queries is None else str(timed.answer.queries)
        return f"| {name} | {timed.milliseconds:,.1f} | {beside} | {queries} |"
