"""The document of a run: its marked section is filled with what was measured."""

import os
import platform
from datetime import datetime
from pathlib import Path

from benchmarks.data import Databases
from benchmarks.results import Chapter, Figure

BEGIN, END = "<!-- figures: `python -m benchmarks --write` -->", "<!-- end of the figures -->"


def figures(chapters: list[Chapter], databases: Databases, started: datetime) -> str:
    """Return all that a run found, as Markdown: what is missed first, then each question."""
    wanted = [one for chapter in chapters for one in chapter.figures if one.is_met is not None]
    met = sum(one.is_met is True for one in wanted)
    version = str(databases.large.scalar("SHOW server_version"))
    about = (
        f"Measured on {started:%-d %B %Y} on {os.cpu_count()} cores, Python"
        f" {platform.python_version()}, PostgreSQL {version}, {databases.large.bookings:,} bookings"
        f" and {databases.small.bookings:,}: **{met} of {len(wanted)} figures met.**"
    )
    return "\n".join([about, "", *_missed(chapters), *(one.markdown() for one in chapters)])


def write(document: Path, text: str) -> None:
    """Replace the marked section of a document.

    :raises RuntimeError: if the document has no such section.
    """
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{document} has no section between {BEGIN} and {END}.")
    document.write_text(f"{before}{BEGIN}\n\n{text.rstrip()}\n\n{END}{after}")


def _missed(chapters: list[Chapter]) -> list[str]:
    lines = [
        f"| {chapter.title} | {one.words} | {one.value} | {one.target} |"
        for chapter in chapters
        for one in chapter.figures
        if _is_missed(one)
    ]
    if not lines:
        return []
    return ["| missed | figure | value | target |", "|---|---|--:|--:|", *lines, ""]


def _is_missed(figure: Figure) -> bool:
    return figure.is_met is False
