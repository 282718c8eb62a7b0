"""A story told in its order: each act at its own moment, by its own actor, never in the future."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count
from random import Random
from typing import Any

from sqlalchemy import Connection, Insert, event
from sqlalchemy.orm import Session

from rft_admin.accounts.models import AdminActivityLog, User
from rft_admin.core.actor import Actor
from rft_admin.core.database import Model, db
from seeds.demo.people import Population

VISITOR = Actor(label="customer")
CLOCK = Actor(label="demo")
SEED = 20261122

Act = Callable[[datetime], None]


class Story:
    """Acts by their moments; what would happen after now has not happened yet."""

    def __init__(self, *, now: datetime, office: User) -> None:
        self.now = now
        self.rng = Random(SEED)
        self.people = Population(self.rng)
        self.office = Actor(user_id=office.id, label=str(office))
        #: Ids of bookings whose party will not come.
        self.absent_bookings: set[int] = set()
        self._moment = now
        self._acts: list[tuple[datetime, int, Actor, Act]] = []
        self._order = count()

    def at(self, moment: datetime, act: Act, *, by: Actor = VISITOR) -> None:
        """Let something happen at that moment, unless it is still to come."""
        if moment <= self.now:
            heapq.heappush(self._acts, (moment, next(self._order), by, act))

    def tell(self) -> None:
        """Let everything happen, in order; acts may bring about later ones."""
        session = db.session()
        teller = session.info["actor"]
        connection = session.connection()
        event.listen(session, "before_flush", self._stamp)
        event.listen(connection, "before_execute", self._date_log, retval=True)
        try:
            while self._acts:
                self._moment, _, session.info["actor"], act = heapq.heappop(self._acts)
                act(self._moment)
                session.flush()
        finally:
            event.remove(connection, "before_execute", self._date_log)
            event.remove(session, "before_flush", self._stamp)
            session.info["actor"] = teller

    def _stamp(self, session: Session, *_: Any) -> None:
        """Let rows carry the moment of the story, not that of its telling."""
        for row in session.new:
            if isinstance(row, Model):
                row.created_at = row.updated_at = self._moment
        for row in session.dirty:
            if isinstance(row, Model) and session.is_modified(row):
                row.updated_at = self._moment

    def _date_log(self, _: Connection, statement: Any, rows: Any, row: Any, __: Any) -> Any:
        """Let the audit tell when the story has it done; one row comes by itself."""
        if isinstance(statement, Insert) and statement.table.name == AdminActivityLog.__tablename__:
            rows = [{**one, "created_at": self._moment} for one in rows]
            row = {**row, "created_at": self._moment} if row else row
        return statement, rows, row
