"""`python -m benchmarks`: answer the questions, print the figures, write them if asked to."""

import sys
import time
from collections.abc import Callable

from benchmarks import document
from benchmarks.data import databases
from benchmarks.field import Field, field
from benchmarks.options import read_options
from benchmarks.questions import crowd, deep, exports, fuzz, lists, narrowed, pages, search
from benchmarks.results import Chapter
from rft_admin.core import clock

QUESTIONS: dict[str, Callable[[Field], list[Chapter]]] = {
    "lists": lists.answer,
    "search": search.answer,
    "narrowed": narrowed.answer,
    "deep": deep.answer,
    "pages": pages.answer,
    "exports": exports.answer,
    "crowd": crowd.answer,
    "fuzz": fuzz.answer,
}


def main() -> int:
    """Run the benchmarks."""
    options = read_options()
    wanted = options.only or tuple(QUESTIONS)
    chapters: list[Chapter] = []
    with databases(options) as both, field(options, both) as everybody:
        for name in wanted:
            started = time.monotonic()
            for chapter in QUESTIONS[name](everybody):
                print(chapter.markdown(), flush=True)
                chapters.append(chapter)
            print(f"({name}: {time.monotonic() - started:.0f} s)\n", flush=True)
        if options.write:
            document.write(options.write, document.figures(chapters, both, clock.now()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
