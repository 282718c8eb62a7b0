"""Exact rate limits: one UNLOGGED table, one statement per hit, no race."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Text, delete, text
from sqlalchemy.orm import Mapped, mapped_column

from rft_admin.core.database import Base, db, unit_of_work
from rft_admin.core.errors import TooManyTries


class RateLimit(Base):
    """How often something was tried in the running window."""

    __tablename__ = "rate_limits"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    hits: Mapped[int] = mapped_column(BigInteger)
    window_ends_at: Mapped[datetime]


@dataclass(frozen=True)
class Limit:
    """So many hits in so many seconds."""

    hits: int
    seconds: int


_HIT = text("""
    INSERT INTO rate_limits AS r (key, hits, window_ends_at)
    VALUES (:key, 1, :now + :window)
    ON CONFLICT (key) DO UPDATE SET
        hits = CASE WHEN r.window_ends_at <= :now THEN 1 ELSE r.hits + 1 END,
        window_ends_at = CASE WHEN r.window_ends_at <= :now
                              THEN :now + :window ELSE r.window_ends_at END
    RETURNING hits, window_ends_at
""")


def hit(name: str, subject: str, limit: Limit, *, now: datetime) -> None:
    """Count one try in a unit of work of its own, before the one that may follow.

    :param subject: whose tries are counted: an address, an e-mail.
    :raises TooManyTries: from the first hit above the limit to the window's end.
    """
    with unit_of_work() as session:
        hits, window_ends_at = session.execute(
            _HIT,
            {
                "key": f"{name}|{subject}"[:200],
                "now": now,
                "window": timedelta(seconds=limit.seconds),
            },
        ).one()
    if hits > limit.hits:
        raise TooManyTries(
            retry_after_seconds=max(1, int((window_ends_at - now).total_seconds()) + 1)
        )


def sweep(*, now: datetime) -> int:
    """Delete the counters whose window has ended; return how many."""
    deleted = db.session.scalars(
        delete(RateLimit).where(RateLimit.window_ends_at <= now).returning(RateLimit.key)
    )
    return len(deleted.all())
