"""The title of a row, by its model's own columns."""

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, Session, mapped_column

from rft_admin.accounts.models import User
from rft_admin.admin.titles import lean_loads, title_loads
from rft_admin.core.database import Model
from rft_admin.core.titled import Titled, title_names
from tests.admin.conftest import QueryCounter


class Apart(DeclarativeBase):
    """Models of these tests only; the application never sees them."""


class Shelf(Titled, Apart):
    """Something with a code, a name and a secret."""

    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    lock_code: Mapped[str] = mapped_column(info={"sensitive": True})
    shelf_code: Mapped[str]
    name: Mapped[str]
    height: Mapped[int]


class Box(Titled, Apart):
    """Something that says itself what its title is made of."""

    __tablename__ = "boxes"
    titled_by = ("colour", "name")

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    colour: Mapped[str]


class Tick(Titled, Apart):
    """Something by which nobody tells it from another."""

    __tablename__ = "ticks"

    id: Mapped[int] = mapped_column(primary_key=True)
    height: Mapped[int]


def mappers() -> list[Mapper[Any]]:
    """Return the mappers of all models with a title."""
    return [one for one in Model.registry.mappers if issubclass(one.class_, Model)]


class TestTitles:
    def test_are_the_name_before_the_code_and_never_a_secret(self) -> None:
        assert title_names(Shelf) == ("name",)
        assert str(Shelf(id=1, name="Manikins", shelf_code="M", lock_code="1234")) == "Manikins"

    def test_are_what_the_model_says_as_far_as_it_is_known(self) -> None:
        assert str(Box(id=1, colour="red", name="Bandages")) == "red, Bandages"
        assert str(Box(id=1, colour="red", name=None)) == "red"

    def test_are_the_number_where_nothing_tells_rows_apart(self) -> None:
        assert title_names(Tick) == ()
        assert str(Tick(id=7, height=2)) == "Tick 7"

    def test_name_what_there_is(self) -> None:
        for mapper in mappers():
            known = {*mapper.columns.keys(), *mapper.relationships.keys()}

            assert set(title_names(mapper.class_)) <= known, mapper

    @pytest.mark.usefixtures("rows")
    def test_of_loaded_rows_cost_no_query(
        self, session: Session, count_queries: QueryCounter
    ) -> None:
        for mapper in mappers():
            model: Any = mapper.class_
            session.expire_all()
            loaded = session.scalars(select(model).options(*title_loads(model))).unique().all()

            with count_queries() as queries:
                titles = [str(row) for row in loaded]

            assert queries == [], (model, titles)

    @pytest.mark.usefixtures("rows")
    def test_of_rows_without_what_a_list_does_not_show_cost_no_query(
        self, session: Session, count_queries: QueryCounter
    ) -> None:
        # Customers without a name are called by their address.
        session.execute(update(User).values(first_name="", last_name=None))
        session.commit()
        for mapper in mappers():
            model: Any = mapper.class_
            session.expunge_all()
            loaded = session.scalars(select(model).options(*lean_loads(model, ()))).unique().all()

            with count_queries() as queries:
                titles = [str(row) for row in loaded]

            assert queries == [], (model, titles)
