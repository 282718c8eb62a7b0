"""Plainly fictional people and companies: names of trades and colours, addresses nobody has."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

FIRST_NAMES = (
    *("Ada", "Ben", "Cara", "Dev", "Ella", "Finn", "Grace", "Hugo", "Ines", "Jack", "Kira"),
    *("Liam", "Mona", "Noah", "Olga", "Paul", "Quinn", "Rosa", "Sami", "Tess", "Uma", "Vera"),
    *("Will", "Xena", "Yusuf", "Zoe"),
)
LAST_NAMES = (
    *("Amber", "Baker", "Carter", "Dyer", "Ember", "Fletcher", "Glover", "Hazel", "Indigo"),
    *("Joiner", "Kestrel", "Lorimer", "Mason", "Nettle", "Ochre", "Potter", "Quill", "Roper"),
    *("Sawyer", "Tanner", "Umber", "Vintner", "Weaver", "Yarrow"),
)
COMPANIES = (
    "Example Joinery",
    "Paper Boat Nursery",
    "Fictional Foods",
    "Invented Interiors",
    "Imaginary Logistics",
    "Make-Believe Motors",
    "Pretend Packaging",
    "Storybook School",
)
#: Ofcom keeps 07700 900000 to 900999 free for fiction.
FIRST_PHONE = 100


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist."""

    first_name: str
    last_name: str
    email: str
    phone: str


class Population:
    """Draws people: always the same ones in the same order."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._numbers = count()
        self._names = self._draw_names()

    def person(self) -> Person:
        """Return somebody new."""
        first, last = next(self._names)
        number = next(self._numbers)
        return Person(
            first_name=first,
            last_name=last,
            email=f"{first}.{last}.{number}@example.com".lower(),
            phone=f"07700 900{FIRST_PHONE + number % 800:03d}",
        )

    def company(self) -> str:
        """Return a company; the same one may come again."""
        return self._rng.choice(COMPANIES)

    def _draw_names(self) -> Iterator[tuple[str, str]]:
        while True:
            names = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
            self._rng.shuffle(names)
            yield from names
