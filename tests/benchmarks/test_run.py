"""The benchmarks, run small: every peer answers, shows the same rows, and is counted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import field as fields
from benchmarks.__main__ import QUESTIONS
from benchmarks.data import Databases as Both
from benchmarks.data import prepare
from benchmarks.field import Field
from benchmarks.options import Options
from tests.conftest import Databases

pytestmark = pytest.mark.xdist_group("benchmarks")


@pytest.fixture(scope="module")
def small_field(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """All peers on two databases of a few hundred bookings."""
    directory: Path = tmp_path_factory.mktemp("bench")
    options = Options(bookings=400, few_bookings=100, seconds=0, directory=directory)
    names = ("bench_large", "bench_small")
    urls = [databases.create(name, template=databases.template) for name in names]
    both = Both(large=prepare(urls[0], 400), small=prepare(urls[1], 100))
    with fields.field(options, both) as everybody:
        yield everybody
    for name in names:
        databases.drop(name)


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers(small_field: Field, question: str) -> None:
    chapters = QUESTIONS[question](small_field)

    for chapter in chapters:
        text = chapter.markdown()
        assert chapter.figures
        assert all(figure.value in text for figure in chapter.figures)
