"""The outbox: events signed and posted to the application until it answers 2xx."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import stripe

from sandbox.stripe.state import Store, Transaction

#: Posts a payload with its headers and returns the status.
Post = Callable[[bytes, dict[str, str]], int]
_LONGEST_PAUSE = 300.0
_PATIENCE_SECONDS = 10


def signed(payload: str, secret: str) -> dict[str, str]:
    """Return the headers Stripe sends with this payload."""
    header = stripe.WebhookSignature.generate_signature_header(payload, secret)
    return {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": str(header)}


def payload_of(tx: Transaction, event_id: str) -> str:
    """Return an event as it is posted.

    :raises LookupError: if there is no such event.
    """
    return json.dumps(tx.get("event", event_id), indent=2)


def post_to(url: str) -> Post:
    """Return a function that posts to an address over one fresh connection."""
    address = urlsplit(url)
    secure = address.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection

    def post(body: bytes, headers: dict[str, str]) -> int:
        connection = kind(address.hostname or "", address.port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("POST", address.path or "/", body=body, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    return post


class Outbox:
    """Delivers in the background, and on demand in any order, often, or never."""

    def __init__(self, store: Store, *, secret: str, url: str | None, workers: int = 4) -> None:
        self._store = store
        self._secret = secret
        self.url = url
        self._workers = workers
        self._under_way: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stripe-outbox", daemon=True)

    def start(self) -> None:
        """Start the background delivery."""
        self._thread.start()

    def stop(self) -> None:
        """End the background delivery, and wait for those under way."""
        self._stopping.set()
        self._store.changed.set()
        self._thread.join(timeout=_PATIENCE_SECONDS + 5)

    def deliver(self, event_id: str, *, post: Post | None = None) -> int | None:
        """Post one event once and record how it went; return the status, None if unreachable."""
        post = post or post_to(self.url or "")
        with self._store.transaction() as tx:
            payload = payload_of(tx, event_id)
        try:
            status = post(payload.encode(), signed(payload, self._secret))
        except (OSError, http.client.HTTPException):
            status = None
        with self._store.transaction() as tx:
            _record(tx, event_id, status)
        return status

    def deliver_all(
        self,
        *,
        order: str | Sequence[str] = "given",
        times: tuple[int, int] = (1, 1),
        drop: float = 0,
        seed: int | None = None,
        workers: int = 1,
        post: Post | None = None,
    ) -> list[str]:
        """Deliver what waits, now; return the ids in the order posted.

        `order`: given, reversed, shuffled, or the ids themselves. `times`: each event so many
        times, from-to. `drop`: this share is not posted but marked dropped.
        """
        dice = random.Random(seed)
        chosen = list(order) if not isinstance(order, str) else self._waiting()
        dropped = {event_id for event_id in chosen if dice.random() < drop}
        self.drop(dropped)
        posts = [
            event_id
            for event_id in chosen
            if event_id not in dropped
            for _ in range(dice.randint(*times))
        ]
        if order == "reversed":
            posts.reverse()
        if order == "shuffled":
            dice.shuffle(posts)
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda event_id: self.deliver(event_id, post=post), posts))
        return posts

    def drop(self, event_ids: Iterable[str]) -> None:
        """Mark events as lost on the way: never delivered by themselves."""
        with self._store.transaction() as tx:
            for event_id in event_ids:
                tx.sql("UPDATE deliveries SET state = 'dropped' WHERE event_id = ?", event_id)

    def find_again(self) -> None:
        """Put the dropped events back into the outbox."""
        with self._store.transaction() as tx:
            tx.sql("UPDATE deliveries SET state = 'pending', due = 0 WHERE state = 'dropped'")

    def wait_until_empty(self, seconds: float) -> bool:
        """Wait until nothing waits; return False if it still does after these seconds."""
        end = time.monotonic() + seconds
        while self._waiting():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def _waiting(self) -> list[str]:
        with self._store.transaction() as tx:
            rows = tx.sql("SELECT event_id FROM deliveries WHERE state = 'pending' ORDER BY seq")
        return [row["event_id"] for row in rows]

    def _run(self) -> None:
        with ThreadPoolExecutor(self._workers, thread_name_prefix="stripe-webhook") as pool:
            while not self._stopping.is_set():
                self._store.changed.wait(timeout=0.25)
                self._store.changed.clear()
                for event_id in self._due() if self.url and not self._stopping.is_set() else ():
                    self._under_way.add(event_id)
                    pool.submit(self._deliver_in_background, event_id)

    def _deliver_in_background(self, event_id: str) -> None:
        try:
            with self._store.transaction() as tx:
                times = int(tx.switch("deliveries_each", 1))
            for _ in range(times):
                self.deliver(event_id)
        finally:
            self._under_way.discard(event_id)

    def _due(self) -> list[str]:
        now = time.time()
        with self._store.transaction(quiet=True) as tx:
            if tx.switch("deliveries_held", default=False):
                return []
            rows = tx.sql(
                "SELECT event_id FROM deliveries WHERE state = 'pending' AND due <= ? ORDER BY seq",
                now,
            )
        return [row["event_id"] for row in rows if row["event_id"] not in self._under_way]


def _record(tx: Transaction, event_id: str, status: int | None) -> None:
    """Note an attempt: done at 2xx, else again after a pause that doubles."""
    if status is not None and 200 <= status < 300:
        tx.sql(
            "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, last_status = ?"
            " WHERE event_id = ?",
            str(status),
            event_id,
        )
        event = tx.get("event", event_id)
        tx.save(event | {"pending_webhooks": 0})
        return
    tx.sql(
        "UPDATE deliveries SET attempts = attempts + 1, last_status = ?,"
        " due = ? + min(?, (1 << min(attempts, 9)) * 0.5) WHERE event_id = ?",
        str(status or "unreachable"),
        time.time(),
        _LONGEST_PAUSE,
        event_id,
    )
