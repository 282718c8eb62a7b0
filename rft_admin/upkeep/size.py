"""The database's size beside its plan's: the office is warned before it is full."""

from dataclasses import dataclass

from sqlalchemy import func, select

from rft_admin.core.database import db
from rft_admin.upkeep import settings

MEGABYTE = 1024 * 1024
WARNING_PERCENT = 70
#: In octets; an expression for whoever asks more at once.
DATABASE_SIZE = func.pg_database_size(func.current_database())


@dataclass(frozen=True)
class Size:
    """How full the database is."""

    megabytes: int
    limit_megabytes: int

    @property
    def percent(self) -> int:
        """Of the plan's limit."""
        return self.megabytes * 100 // self.limit_megabytes

    @property
    def is_worrying(self) -> bool:
        """Whether it is time to tidy or to take a larger plan."""
        return self.percent >= WARNING_PERCENT


def database_size() -> Size:
    """Return the size of this database and the plan's limit, in megabytes."""
    return size_of(db.session.scalar(select(DATABASE_SIZE)))


def size_of(octets: int | None) -> Size:
    """Return what the database says of itself, beside the plan's limit."""
    return Size((octets or 0) // MEGABYTE, settings.database_size_limit_mb())
