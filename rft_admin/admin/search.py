"""Search within one table: a condition per place looked into, so that each one's index serves."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    cast,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import RelationshipProperty

from rft_admin.admin.ordering import MADE_OF
from rft_admin.admin.paths import Path, resolve, searched_columns
from rft_admin.admin.registry import find_view_class
from rft_admin.admin.rights import scoped, visible
from rft_admin.core.database import PHONE_MARKS, Model, db

LONGEST_TEXT = 200
MOST_WORDS = 5
MOST_ID = 2_147_483_647
#: What is shown by a handful looks at what hangs on so many rows of another table: the newest.
MOST_FOLLOWED = 200
#: A trigram index knows only runs of so many letters and digits; a word without one ("Al", "B&Q")
#: is looked for at the start of words, which the index knows as well.
INDEXED_RUN = re.compile(r"[^\W_]{3}")
#: Said of a text in which there is nothing to look for.
NOTHING_TO_FIND = "Please type a letter or a digit: “{}” alone cannot be searched for."
#: A telephone number as people type it: no letters, at least six digits.
PHONE = re.compile(r"\+?[\d\s().\-/]{6,}")
FEWEST_PHONE_DIGITS = 6
#: A whole reference, read off a letter (`core.references`): nothing longer has it for a part.
WHOLE_REFERENCE = re.compile(r"[A-Z]{3}-[0-9A-Z]{8}", re.ASCII | re.IGNORECASE)
SPACE: ColumnElement[str] = literal_column("' '")
NOTHING: ColumnElement[str] = literal_column("''")


@dataclass(frozen=True)
class _Fit:
    """A place where a word may stand."""

    #: On the model's own rows.
    condition: Any
    #: Whether the word stands there in any row at all; None where that is as dear to ask.
    probe: Any = None
    #: What the probe asks: the same of many tables that look into the same one.
    asks: tuple[Any, ...] = ()
    #: The way to another table's rows, and the condition on those.
    steps: tuple[RelationshipProperty[Any], ...] = ()
    stands: Any = None


def clean_text(text: str | None) -> str:
    """Return a search text without what PostgreSQL cannot take, at a sensible length."""
    taken = (text or "").replace("\x00", "").encode("utf-8", "ignore").decode()
    return " ".join(taken.split())[:LONGEST_TEXT]


def fault_of(text: str) -> str:
    """Return what hinders a search for a cleaned text; empty where nothing does."""
    is_hindered = bool(text) and not words_of_search(text)
    return NOTHING_TO_FIND.format(text[:60]) if is_hindered else ""


def matching_ids(model: type[Model], text: str) -> Select[Any]:
    """Return the ids of the rows of which every word of the text fits some place looked into."""
    if not clean_text(text):
        return select(model.id)
    conditions = searched_in([model], text).get(model, [false()])
    found = [select(model.id).where(condition) for condition in conditions]
    return found[0] if len(found) == 1 else select(union(*found).subquery().c.id)


def newest_of(
    model: type[Model], conditions: Sequence[Any], *, limit: int, offset: int = 0
) -> list[int]:
    """Return the newest rows that the person may see of those that fulfil one of the conditions.

    Of each condition the newest are taken, and of these the newest: whatever many fulfil it is
    then read no further.
    """
    if not conditions:
        return []
    found = union(
        *(
            select(
                scoped(model, select(model.id).where(condition))
                .order_by(model.id.desc())
                .limit(limit + offset)
                .subquery()
            )
            for condition in conditions
        )
    ).subquery()
    newest = select(found.c.id).order_by(found.c.id.desc()).limit(limit).offset(offset or None)
    return list(db.session.scalars(newest))


def searched_in(
    models: Sequence[type[Model]], text: str, *, followed: int | None = None
) -> dict[type[Model], list[Any]]:
    """Return conditions by table, of which a fitting row fulfils at least one.

    :param followed: of the rows of another table in which all words stand, so many of the newest
        count, for whoever shows only a few of those that point there; None: all.

    A table in which nothing fits is left out, as are all for an empty text.

    Several words or tables are asked for first, each by itself in one query: a place where a word
    stands nowhere is left out, for the database thinks longer about a statement than it reads.
    The longest word then decides the place, for it narrows most; the others may stand in any.
    """
    words = words_of_search(text)
    # With digits it is a number or a reference, and narrower still.
    words.sort(key=lambda word: (any(map(str.isdigit, word)), len(word)), reverse=True)
    places = {model: list(_places(model)) for model in models}
    fits = {model: [_fits(model, places[model], word) for word in words] for model in models}
    if len(words) * len(models) == 1 and followed is None:
        ((model, (alone,)),) = fits.items()
        # Asked with it and first: where nothing fits, the rows that point there are not read.
        return {model: [fit.probe & fit.condition if fit.steps else fit.condition for fit in alone]}
    stands = _ask([fit for several in fits.values() for one in several for fit in one])
    found = {}
    for model, several in fits.items():
        alive = [[fit for fit in one if stands(fit)] for one in several]
        if alive and all(alive):
            found[model] = _combined(model, alive, followed)
    return found


def _combined(model: type[Model], words: list[list[_Fit]], followed: int | None) -> list[Any]:
    leads, *others = words
    if len(others) > 1:
        # Three words and more narrow by themselves: any place will do for the others.
        anywhere = [or_(*(fit.condition for fit in one)) for one in others]
        return [and_(lead.condition, *anywhere) for lead in leads]
    return [_together(model, fits, followed) for fits in product(leads, *others)]


def _together(model: type[Model], fits: Sequence[_Fit], followed: int | None) -> Any:
    """Return the condition that each word stands in its place; in one row's text: by one look."""
    steps = fits[0].steps
    if steps and all(fit.steps == steps for fit in fits):
        return _walked(model, steps, and_(*(fit.stands for fit in fits)), followed)
    return and_(*(fit.condition for fit in fits))


def mentions(model: type[Model], path: Path, words: Sequence[str]) -> Any:
    """Return the condition that all words stand in the searched text of a row at a path's end."""
    seen = tuple(visible(path.owner, path.owner.__dict__["__searched__"], "list"))
    if not seen:
        return false()
    text = _text_of(path.owner, seen)
    stands = and_(*(text.ilike(_pattern(word), escape="\\") for word in words))
    return _walked(model, path.steps, stands)


def words_of_search(text: str) -> list[str]:
    """Return the words of a text: a telephone number is one, whatever stands between its digits.

    What has neither letter nor digit ("&", "%") is left out: no index knows it, and it tells
    little.

    A number is looked for without its country's or trunk prefix: "+44 113", "0113" and
    "+44 (0)113" find the same.
    """
    text = clean_text(text)
    digits = "".join(filter(str.isdigit, text))
    if PHONE.fullmatch(text) and len(digits) >= FEWEST_PHONE_DIGITS and digits.isascii():
        national = re.sub(r"^(?:00)?44", "", digits) if _is_international(text) else digits
        return [national.removeprefix("0") or digits]
    telling = [word for word in text.split() if any(map(_is_indexed, word))]
    return list(dict.fromkeys(telling))[:MOST_WORDS]


def _places(
    model: type[Model],
) -> Iterator[tuple[tuple[RelationshipProperty[Any], ...], tuple[str, ...], Any]]:
    """Yield where is looked: the relationships to walk, the columns and the text at their end."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    owners: dict[tuple[Any, ...], Any] = {(): model}
    for name in searched_paths(model):
        path = resolve(model, name)
        groups.setdefault(path.steps, []).append(path.name)
        owners[path.steps] = path.owner
    for steps, names in groups.items():
        owner = owners[steps]
        # Whoever may not see a part does not search it either.
        seen = tuple(visible(owner, owner.__dict__.get("__searched__", names), "list"))
        if seen:
            yield steps, seen, _text_of(owner, seen)


@cache
def _text_of(model: type[Model], names: tuple[str, ...]) -> Any:
    """Return the SQL text that a table is searched in, each part after a space, as its index is."""
    parts = [part for name in names for part in MADE_OF.get(name, (name,))]
    text = SPACE.concat(_part(model, parts[0]))
    for part in parts[1:]:
        text = text.concat(SPACE).concat(_part(model, part))
    return text


def searched_paths(model: type[Model]) -> list[str]:
    """Return the paths that a table's search looks into, as far as the person may see them."""
    view_class = find_view_class(model.__tablename__)
    own = getattr(view_class, "column_searchable_list", None)
    return visible(model, own or searched_columns(model), "list")


def unique_texts(model: type[Model]) -> list[str]:
    """Return the searched columns that name one row: references, numbers, addresses."""
    columns = model.__table__.columns
    names = [name for name in searched_paths(model) if name in columns]
    return [name for name in names if columns[name].unique]


def _references_of(model: type[Model]) -> list[str]:
    """Return the columns that hold a row's own reference."""
    return [name for name in unique_texts(model) if name.endswith("_reference")]


def _fits(model: type[Model], places: list[Any], word: str) -> list[_Fit]:
    """Return the places where the word may stand; that it is the number is one more."""
    pattern = _pattern(word)
    found: list[_Fit] = []
    named = _references_of(model) if WHOLE_REFERENCE.fullmatch(word) else []
    for steps, names, text in places:
        if named and not steps:
            # By the column's own index: one of parts of words reads long lists of common parts.
            found.extend(_Fit(getattr(model, name).in_((word, word.upper()))) for name in named)
            continue
        stands = text.ilike(pattern, escape="\\")
        owner = steps[-1].mapper.class_ if steps else model
        probe = _stands_somewhere(owner, stands)
        condition = _walked(model, steps, stands)
        found.append(_Fit(condition, probe, (owner, names, pattern), steps, stands))
    number = word.removeprefix("#")
    if number.isascii() and number.isdecimal() and 0 < int(number[:11]) <= MOST_ID:
        found.append(_Fit(model.id == int(number)))
    return found


def _stands_somewhere(owner: type[Model], stands: Any) -> Any:
    """Return whether any row fulfils a condition, asked so that its index is used.

    For one row alone the database may prefer to read the table until it meets one, and read all of
    it where there is none. Rows that are kept are planned as if all were wanted, and still fetched
    no further than to the first.
    """
    rows = select(owner.__table__.c.id).where(stands).correlate(None)
    kept = rows.cte("standing", nesting=True).prefix_with("MATERIALIZED")
    return exists(select(kept.c.id))


def _ask(fits: list[_Fit]) -> Callable[[_Fit], bool]:
    """Ask each probe once; return what tells whether a place has the word in some row."""
    probes = {fit.asks: fit.probe for fit in fits if fit.probe is not None}
    answers = db.session.execute(select(*probes.values())).one() if probes else ()
    known = dict(zip(probes, answers, strict=True))
    return lambda fit: fit.probe is None or known[fit.asks]


def _walked(
    model: Any,
    steps: tuple[RelationshipProperty[Any], ...],
    condition: Any,
    followed: int | None = None,
) -> Any:
    """Return the condition on the far end of the steps as one on the model's own keys."""
    if not steps:
        return condition
    step, *rest = steps
    other = step.mapper.class_
    condition = _walked(other, tuple(rest), condition, followed)
    (near, far), *_ = step.local_remote_pairs or ()
    keys = select(other.__table__.c[far.name]).where(condition).correlate(None)
    if followed is not None:
        few = keys.order_by(other.__table__.c.id.desc()).limit(followed)
        # As an array they are known before the table is read: its key's index is asked for them.
        return model.__table__.c[near.name] == any_(func.array(few.scalar_subquery()))
    return model.__table__.c[near.name].in_(keys)


def _part(model: type[Model], name: str) -> Any:
    attribute = getattr(model, name)
    column = attribute.property.columns[0]
    if isinstance(column.type, CITEXT):
        attribute = cast(attribute, Text)
    if column.nullable:
        attribute = func.coalesce(attribute, NOTHING)
    if name.endswith("phone"):
        attribute = func.translate(attribute, literal_column(f"'{PHONE_MARKS}'"), NOTHING)
    return attribute


def _pattern(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # A mark at the word's start parts it from what stands before, so that it may stand anywhere.
    is_start = _is_indexed(word[0]) and not INDEXED_RUN.search(word)
    return f"% {escaped}%" if is_start else f"%{escaped}%"


def _is_indexed(character: str) -> bool:
    """Return whether pg_trgm takes it for a part of a word: no mark, and no fraction either."""
    return character.isalpha() or character.isdecimal()


def _is_international(text: str) -> bool:
    return text.startswith(("+", "0044", "44"))
