"""What a model says of itself is what its screen says, and what makes no sense is told at once."""

from typing import Any

import pytest
from sqlalchemy import Text, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from rft_admin.accounts import permissions
from rft_admin.accounts.models import Role
from rft_admin.accounts.permissions import LOOK, WRITE
from rft_admin.admin import forms, registry
from rft_admin.admin.base import TableView
from rft_admin.admin.paths import (
    check_info,
    kind_of,
    label_at,
    resolve,
    searched_columns,
    shown_columns,
)
from rft_admin.core.database import (
    INFO,
    EmailAddress,
    LongText,
    Model,
    PhoneNumber,
    Postcode,
    WebLink,
)
from rft_admin.core.titled import Titled


class Apart(DeclarativeBase):
    """Models of these tests only; the application never sees them."""


class Supplier(Titled, Apart):
    """Somebody who sells us what we need."""

    __tablename__ = "suppliers"

    id: Mapped[int] = mapped_column(primary_key=True)
    supplier_name: Mapped[str]
    account_number: Mapped[str] = mapped_column(info={"label": "Our account"})
    slug: Mapped[str] = mapped_column(unique=True)
    email: Mapped[EmailAddress]
    phone: Mapped[PhoneNumber]
    postcode: Mapped[Postcode | None]
    website: Mapped[WebLink]
    notes: Mapped[LongText]
    pin: Mapped[str] = mapped_column(info={"sensitive": True})
    colour: Mapped[str] = mapped_column(Text, info={"help": "Of the van."})


class Misspelt(Titled, Apart):
    """A table whose author meant a label."""

    __tablename__ = "misspelt"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(info={"lable": "Name"})


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry and a table of rights that are forgotten after the test."""
    for name in ("_models", "_classes", "_stated"):
        monkeypatch.setattr(registry, name, {})
    monkeypatch.setattr(
        permissions, "GRANTS", {role: dict(grants) for role, grants in permissions.GRANTS.items()}
    )


def opened() -> dict[str, Any]:
    """Return the registered screens' classes by table."""
    return {table: view for table, _, view in registry.open_screens(TableView)}


class TestColumns:
    def test_tell_their_kind_by_their_type(self) -> None:
        kinds = {name: kind_of(column) for name, column in inspect(Supplier).columns.items()}

        assert {name: kind for name, kind in kinds.items() if kind != "text"} == {
            "id": "number",
            "email": "email",
            "phone": "phone",
            "postcode": "postcode",
            "website": "link",
            "notes": "long",
        }

    def test_are_labelled_by_their_info_else_by_their_name(self) -> None:
        assert label_at(Supplier, "account_number") == "Our account"
        assert label_at(Supplier, "email") == "E-mail"
        assert label_at(Supplier, "supplier_name") == "Supplier name"
        assert label_at(Supplier, "gone_long_ago") == "Gone long ago"

    def test_that_tell_rows_apart_are_searched_and_no_others(self) -> None:
        assert searched_columns(Supplier) == [
            "supplier_name", "account_number", "slug", "email", "phone", "postcode",
        ]  # fmt: skip

    def test_that_are_sensitive_are_shown_and_edited_nowhere(self) -> None:
        class View:
            model = Supplier
            form_columns = None
            not_in_form: dict[str, str] = {}
            extra_fields: dict[str, Any] = {}
            read_only_because = ""

        assert "pin" not in shown_columns(Supplier)
        assert "pin" not in forms.form_names(View())
        forms.check_every_column(View())

    def test_with_an_unknown_word_are_told_at_the_start(self) -> None:
        with pytest.raises(RuntimeError, match=r"Misspelt.name: unknown info \['lable'\]"):
            check_info(Misspelt)
        check_info(Supplier)

    def test_of_every_model_say_only_what_is_read(self) -> None:
        said = {
            word
            for mapper in Model.registry.mappers
            for column in mapper.columns
            for word in column.info
        }

        assert {"label", "help", "shown_as", "sensitive"} <= said <= set(INFO)

    def test_with_an_unknown_name_are_told_at_the_start(self) -> None:
        with pytest.raises(AttributeError, match="Supplier has no 'owner'"):
            resolve(Supplier, "owner")


@pytest.mark.usefixtures("own_registry")
class TestRegister:
    def test_refuses_a_table_twice(self) -> None:
        registry.register(Supplier, group="Courses", admin=LOOK)

        with pytest.raises(ValueError, match="registered twice"):
            registry.register(Supplier, group="Courses", admin=LOOK)

    def test_refuses_to_open_what_nobody_may_see(self) -> None:
        registry.register(Supplier, group="Courses")

        with pytest.raises(RuntimeError, match="suppliers: nobody may see it"):
            opened()

    def test_refuses_a_group_that_the_sidebar_has_not(self) -> None:
        registry.register(Supplier, group="Vans", admin=LOOK)

        with pytest.raises(RuntimeError, match="no group 'Vans'"):
            opened()

    def test_refuses_rights_that_stand_elsewhere_already(self) -> None:
        class Elsewhere:
            __tablename__ = "bookings"

        with pytest.raises(ValueError, match="has a grant for the table bookings"):
            registry.register(Elsewhere, group="Bookings", admin=LOOK)

    def test_gives_each_role_what_the_line_says_and_nothing_else(self) -> None:
        registry.register(Supplier, group="Courses", admin=WRITE)

        view = opened()["suppliers"]

        assert permissions.GRANTS[Role.ADMIN]["suppliers"].verbs == WRITE
        assert "suppliers" not in permissions.GRANTS[Role.INSTRUCTOR]
        assert (view.group, view.question) == ("Courses", "Which suppliers are there?")

    def test_takes_a_class_where_more_is_said(self) -> None:
        @registry.screen(Supplier, admin=LOOK, instructor=LOOK)
        class SupplierView(TableView):
            group = "Courses"

        assert opened() == {"suppliers": SupplierView}
        assert permissions.GRANTS[Role.INSTRUCTOR]["suppliers"].verbs == LOOK
