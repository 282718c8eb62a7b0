"""The visitors' steps: counted without a cookie, a name or an address that is kept."""

import hashlib
import hmac
import logging
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from rft_admin.core.clock import london_date
from rft_admin.core.database import Json, db, unit_of_work
from rft_admin.core.environment import config
from rft_admin.reporting.models import AnalyticsEvent

logger = logging.getLogger(__name__)

LONGEST_PATH = 200
HASH_LENGTH = 16


def record(
    event_type: str,
    path: str,
    *,
    now: datetime,
    visitor: str = "",
    event_data: Json | None = None,
) -> None:
    """Store one step in a transaction of its own; a failure is logged and goes no further.

    :param visitor: address and browser; only a digest that changes every day is kept of it.
    """
    event = {
        "event_type": event_type,
        "path": path[:LONGEST_PATH],
        "visitor_hash": visitor_hash(visitor, now=now) if visitor else "",
        "event_data": event_data or {},
        "created_at": now,
        "updated_at": now,
    }
    try:
        with unit_of_work() as session:
            session.execute(insert(AnalyticsEvent).values(event))
    except SQLAlchemyError:
        db.session.rollback()
        logger.warning("An event of type %s could not be stored.", event_type)


def visitor_hash(visitor: str, *, now: datetime) -> str:
    """Return a digest that is the same for a visitor all day in London and differs tomorrow."""
    secret = f"{config().secret_keys[0]}|{london_date(now)}"
    return hmac.new(secret.encode(), visitor.encode(), hashlib.sha256).hexdigest()[:HASH_LENGTH]
