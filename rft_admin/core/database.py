"""The database: the models' base, their common columns, and the unit of work."""

import enum
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Numeric,
    Table,
    Text,
    TypeDecorator,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import CITEXT, JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    declared_attr,
    mapped_column,
    registry,
)
from sqlalchemy.orm.exc import StaleDataError

from rft_admin.core.actor import SYSTEM, Actor
from rft_admin.core.errors import ChangedMeanwhile, refusal_of
from rft_admin.core.titled import Titled

Result = TypeVar("Result")

#: How often a use case is tried when the database breaks it off as a deadlock or a lost race.
TRIES = 3
#: The longest pause before the second try; the third waits up to twice as long.
PAUSE_SECONDS = 0.1
#: What stands between a telephone number's digits.
PHONE_MARKS = "+()-./ "
RETRIED_SQLSTATES = frozenset({"40P01", "40001"})

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

#: What a column's `info` may say. Screens, letters and the audit log read it there.
INFO = {
    "label": "what people read above it, where its name does not do",
    "help": "the hint under its field",
    "shown_as": "how it is shown, where its type does not tell",
    "sensitive": "never shown, exported, edited or quoted in the audit log",
    "unquoted": "shown, but too long or too personal for the audit log to quote",
    "personal": "a fact of health: an export that has it is logged as such",
    "noise": "a change of nothing else leaves no entry in the audit log",
}

Money = Annotated[Decimal, mapped_column(Numeric(10, 2))]
#: Text compared and kept unique without regard to case.
CaseInsensitive = Annotated[str, mapped_column(CITEXT())]
#: Texts that a screen shows and edits in their own way.
LongText = Annotated[str, mapped_column(Text(), info={"shown_as": "long"})]
EmailAddress = Annotated[str, mapped_column(CITEXT(), info={"shown_as": "email"})]
PhoneNumber = Annotated[str, mapped_column(Text(), info={"shown_as": "phone"})]
Postcode = Annotated[str, mapped_column(Text(), info={"shown_as": "postcode"})]
#: A list of words, written one a line.
Lines = Annotated[list[Any], mapped_column(JSONB(), info={"shown_as": "lines"})]
WebLink = Annotated[str, mapped_column(Text(), info={"shown_as": "link"})]
Json = dict[str, Any]


class Base(DeclarativeBase):
    """What every model inherits: naming of constraints and types by annotation."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING_CONVENTION),
        type_annotation_map={
            datetime: DateTime(timezone=True),
            str: Text(),
            dict[str, Any]: JSONB(),
            list[Any]: JSONB(),
        },
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True)

if TYPE_CHECKING:
    _Model = Base
else:
    _Model = db.Model


class Model(Titled, _Model):
    """A table with an identity key and the moments of its first and last change."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(
        Identity(), primary_key=True, sort_order=-100, info={"label": "No."}
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=900)
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), onupdate=func.now(), sort_order=901, info={"label": "Changed"}
    )


class Audited:
    """Who created the row and who changed it last: filled by the system, never typed."""

    @declared_attr
    def created_by_id(cls) -> Mapped[int | None]:  # noqa: N805 - declared_attr passes the class
        """The user who created the row; None for a visitor, a job or a command."""
        return mapped_column(
            ForeignKey("users.id", ondelete="RESTRICT"), index=True, sort_order=902
        )

    @declared_attr
    def updated_by_id(cls) -> Mapped[int | None]:  # noqa: N805 - declared_attr passes the class
        """The user who changed the row last."""
        return mapped_column(
            ForeignKey("users.id", ondelete="RESTRICT"),
            index=True,
            sort_order=903,
            info={"label": "Changed by"},
        )


class Versioned:
    """A row that people edit: a counter detects that somebody else saved in between."""

    row_version: Mapped[int] = mapped_column(server_default="1", default=1, sort_order=904)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - declared_attr passes the class
        return {"version_id_col": cls.row_version}


class EnumText(TypeDecorator[enum.StrEnum]):
    """A StrEnum stored by value in a text column."""

    impl = Text
    cache_ok = True

    def __init__(self, enum_class: type[enum.StrEnum]) -> None:
        super().__init__()
        self.enum_class = enum_class

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        """Write the value of the member; a text that is no member is refused."""
        return None if value is None else self.enum_class(value).value

    def process_result_value(self, value: Any, dialect: Any) -> enum.StrEnum | None:
        """Read the member of the stored value."""
        return None if value is None else self.enum_class(value)

    def __repr__(self) -> str:
        return "sa.Text()"


def enum_column(name: str, enum_class: type[enum.StrEnum], **options: Any) -> Mapped[Any]:
    """Return a text column for a StrEnum, guarded by a CHECK that bears the column's name."""
    values = ", ".join(f"'{member.value}'" for member in enum_class)

    # The table's own constraint: Alembic overlooks those that hang on a column.
    def add_check(_column: Column[Any], table: Table) -> None:
        table.append_constraint(CheckConstraint(f"{name} IN ({values})", name=name))

    column = mapped_column(name, EnumText(enum_class), **options)
    event.listen(column.column, "after_parent_attach", add_check)
    return column


def search_index(table: str, *parts: str) -> Index:
    """Return the index that finds a part of any word of a row: each part after a space.

    The admin's search writes the same expression from the model's `__searched__`, in its order.

    :param parts: SQL of type text and never null, as PostgreSQL itself writes it, or Alembic would
        see a difference: `first_name`, `email::text`, `COALESCE(last_name, ''::text)`, and
        `phone_digits("phone")` for a telephone number.
    """
    expression = f"' '::text || {parts[0]}"
    for part in parts[1:]:
        expression = f"(({expression}) || ' '::text) || {part}"
    return Index(
        f"ix_{table}_searched",
        literal_column(f"({expression})").label("searched"),
        postgresql_using="gin",
        postgresql_ops={"searched": "gin_trgm_ops"},
    )


def phone_digits(name: str) -> str:
    """Return the SQL of a telephone number without what people put between its digits."""
    return f"translate({name}, '{PHONE_MARKS}'::text, ''::text)"


@contextmanager
def unit_of_work(*, by: Actor = SYSTEM) -> Iterator[Session]:
    """Commit everything done inside at once, or nothing.

    Doors open it; services inside flush and never commit.

    :raises DomainError: for a refusal of the database that has a sentence.
    :raises ChangedMeanwhile: if a row was changed by somebody else in between.
    """
    session = db.session()
    if "actor" in session.info:
        raise RuntimeError("A unit of work is already open; only a door opens one.")
    session.info["actor"] = by
    try:
        yield session
        session.commit()
    except DBAPIError as error:
        session.rollback()
        if refusal := refusal_of(error):
            raise refusal from error
        raise
    except StaleDataError as error:
        session.rollback()
        raise ChangedMeanwhile from error
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("actor", None)


def transact(use_case: Callable[[], Result], *, by: Actor = SYSTEM) -> Result:
    """Run a use case in a unit of work, again from its start after a deadlock or a lost race.

    :raises DomainError: as the use case and the database refuse.
    """
    for attempt in range(1, TRIES + 1):
        try:
            with unit_of_work(by=by):
                return use_case()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in RETRIED_SQLSTATES or attempt == TRIES:
                raise
            # Who met once must not meet again in step.
            time.sleep(random.uniform(0, PAUSE_SECONDS * attempt))
    raise AssertionError("unreachable")


def lock_row(row: Model) -> None:
    """Lock a stored row against other writers until the unit of work ends, and read it anew."""
    model = type(row)
    db.session.execute(
        select(model)
        .where(model.id == row.id)
        .with_for_update(key_share=True, of=model)
        .execution_options(populate_existing=True)
    )


@contextmanager
def apart() -> Iterator[Session]:
    """Open a transaction of its own beside the unit of work; it is committed at the end.

    For what must be seen, or kept, whatever becomes of the unit of work: a counted try, a
    job's progress.
    """
    with Session(db.engine, join_transaction_mode="create_savepoint") as session, session.begin():
        yield session


def current_actor() -> Actor:
    """Return the actor of the open unit of work, or the system outside one."""
    actor: Actor = db.session().info.get("actor", SYSTEM)
    return actor
