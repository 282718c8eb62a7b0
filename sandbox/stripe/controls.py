"""What a developer or a test may do to the sandbox, beyond what Stripe offers anybody."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sandbox.stripe import checkout, faults, paying, refunds
from sandbox.stripe.acts import Act, Config, change, clock
from sandbox.stripe.deliveries import Outbox, Post, payload_of, signed
from sandbox.stripe.errors import Json
from sandbox.stripe.state import Store


class Controls:
    """The controls; each is also an address under /_control (see control_routes)."""

    def __init__(self, store: Store, config: Config, outbox: Outbox) -> None:
        self.store = store
        self.config = config
        self.outbox = outbox

    @contextmanager
    def _act(self) -> Iterator[Act]:
        with self.store.transaction() as tx:
            yield Act(tx, self.config, clock())

    # Payments

    def pay(self, session_id: str, card: str = "success", email: str | None = None) -> str:
        """Pay a session with a test card (number or name): paid, declined, authenticate…"""
        with self._act() as act:
            checkout.expire_due_sessions(act)
        with self._act() as act:
            return paying.pay(act, session_id, card, email=email)

    def authenticate(self, session_id: str, passed: bool = True) -> str:
        """End a 3-D Secure step."""
        with self._act() as act:
            return paying.authenticate(act, session_id, passed=passed)

    def settle(self, session_id: str, succeeded: bool = True) -> Json:
        """End a delayed payment (card "delayed")."""
        with self._act() as act:
            return paying.settle_delayed(act, session_id, succeeded=succeeded)

    def expire(self, session_id: str) -> Json:
        """Expire a session as its clock would."""
        with self._act() as act:
            return checkout.expire_session(act, session_id)

    def set_expires_at(self, session_id: str, expires_at: int) -> Json:
        """Move a session's end (seconds since 1970), to the past too; the sweeper does the rest."""
        with self._act() as act:
            session = checkout.find_session(act, session_id)
            change(act, session, expires_at=expires_at)
            return session

    # Refunds, disputes, payouts

    def refund_in_dashboard(self, payment_id: str, amount: int | None = None) -> Json:
        """Refund an intent as a person would in Stripe's own dashboard; pence, None: the rest."""
        params: Json = {"payment_intent": payment_id, "reason": "requested_by_customer"}
        with self._act() as act:
            return refunds.create_refund(act, params | ({"amount": amount} if amount else {}))

    def make_refunds_pending(self, count: int = 1) -> None:
        """Have the next refunds take time: complete_refund or fail_refund ends them."""
        with self._act() as act:
            act.tx.set_switch("pending_refunds", count)

    def complete_refund(self, refund_id: str) -> Json:
        """Complete a pending refund."""
        with self._act() as act:
            return refunds.settle_refund(act, refund_id, succeeded=True)

    def fail_refund(self, refund_id: str) -> Json:
        """Fail a refund, pending or completed."""
        with self._act() as act:
            return refunds.settle_refund(act, refund_id, succeeded=False)

    def open_dispute(self, payment_id: str, reason: str = "fraudulent") -> Json:
        """Open a dispute over a charge, named by its id or its intent's."""
        with self._act() as act:
            return refunds.open_dispute(act, payment_id, reason=reason)

    def answer_dispute(self, dispute_id: str) -> Json:
        """Hand in a dispute's evidence."""
        with self._act() as act:
            return refunds.answer_dispute(act, dispute_id)

    def close_dispute(self, dispute_id: str, won: bool = False) -> Json:
        """Decide a dispute."""
        with self._act() as act:
            return refunds.close_dispute(act, dispute_id, won=won)

    def make_payout(self) -> Json:
        """Pay out all that has not been paid out."""
        with self._act() as act:
            return refunds.make_payout(act)

    # Deliveries

    def hold(self) -> None:
        """Keep events in the outbox until release, or deliver_all."""
        self._switch("deliveries_held", True)

    def release(self) -> None:
        """Deliver events in the background again."""
        self._switch("deliveries_held", False)

    def delay(self, seconds: float) -> None:
        """Let each new event wait this long before its first delivery."""
        self._switch("delivery_delay", seconds)

    def deliver_each(self, times: int) -> None:
        """Deliver each event so many times in the background."""
        self._switch("deliveries_each", times)

    def _switch(self, name: str, value: Any) -> None:
        with self.store.transaction() as tx:
            tx.set_switch(name, value)

    def deliver_all(
        self,
        order: str | Sequence[str] = "given",
        times: Sequence[int] = (1, 1),
        drop: float = 0,
        seed: int | None = None,
        workers: int = 1,
        post: Post | None = None,
    ) -> list[str]:
        """Deliver what waits, in this order, each from-to times, a share dropped; return the ids.

        `post` replaces HTTP: it gets (payload, headers) and returns the status.
        """
        least, most = times
        return self.outbox.deliver_all(
            order=order, times=(least, most), drop=drop, seed=seed, workers=workers, post=post
        )

    def redeliver(self, event_id: str) -> int | None:
        """Deliver an event once more, now; return the status, None if unreachable."""
        return self.outbox.deliver(event_id)

    def drop(self, event_id: str) -> None:
        """Lose an event on the way."""
        self.outbox.drop([event_id])

    def replay_dropped(self) -> None:
        """Put the lost events back into the outbox."""
        self.outbox.find_again()

    def wait_until_delivered(self, seconds: float = 10) -> bool:
        """Wait until the outbox is empty; return False if it is not by then."""
        return self.outbox.wait_until_empty(seconds)

    def set_livemode(self, event_id: str, livemode: bool = True) -> Json:
        """Pretend an event came from the other mode."""
        with self._act() as act:
            event = act.tx.get("event", event_id)
            change(act, event, livemode=livemode)
            return event

    def signed_event(self, event_id: str) -> tuple[bytes, dict[str, str]]:
        """Return an event as posted now: the body and its signed headers."""
        with self.store.transaction(quiet=True) as tx:
            payload = payload_of(tx, event_id)
        return payload.encode(), signed(payload, self.config.webhook_secret)

    def events(self, kind: str | None = None) -> list[Json]:
        """Return the events, oldest first, each with its delivery (None: not subscribed)."""
        with self.store.transaction(quiet=True) as tx:
            rows = tx.sql(
                "SELECT o.body, d.state, d.attempts, d.last_status FROM objects o"
                " LEFT JOIN deliveries d ON d.event_id = o.id WHERE o.kind = 'event' ORDER BY o.seq"
            )
        seen = [
            json.loads(row["body"])
            | {
                "delivery": row["state"]
                and {key: row[key] for key in ("state", "attempts", "last_status")}
            }
            for row in rows
        ]
        return [event for event in seen if kind in (None, event["type"])]

    # Trouble, and what was seen

    def add_fault(
        self, kind: str, method: str = "*", path: str = "*", times: int = 1, seconds: float = 0
    ) -> None:
        """Arrange a fault (see faults.KINDS) for the next matching calls; path like /v1/refunds*.

        :raises ValueError: if there is no such kind.
        """
        with self.store.transaction(quiet=True) as tx:
            faults.add_fault(tx, kind, method=method, path=path, times=times, seconds=seconds)

    def clear_faults(self) -> None:
        """Forget the faults that have not struck."""
        with self.store.transaction(quiet=True) as tx:
            tx.sql("DELETE FROM faults")

    def requests(self, method: str = "*", path: str = "*") -> list[Json]:
        """Return the API requests received, oldest first; `path` may hold `*`."""
        with self.store.transaction(quiet=True) as tx:
            rows = tx.sql(
                "SELECT * FROM requests WHERE ? IN ('*', method) AND path GLOB ? ORDER BY seq",
                method,
                path,
            )
        return [dict(row) | {"params": json.loads(row["params"])} for row in rows]

    def objects(self, kind: str) -> list[Json]:
        """Return all objects of a kind (checkout.session, charge…), oldest first."""
        with self.store.transaction(quiet=True) as tx:
            return tx.every(kind)

    def ledger(self) -> Json:
        """Return the sums to reconcile with, in pence."""
        with self._act() as act:
            return refunds.ledger(act)

    def forget_idempotency_keys(self) -> None:
        """Forget all idempotency keys, as Stripe does after a day."""
        with self.store.transaction(quiet=True) as tx:
            tx.sql("DELETE FROM answers")

    def reset(self) -> None:
        """Forget everything."""
        with self.store.transaction(quiet=True) as tx:
            tx.forget_everything()

    def sweep(self) -> None:
        """Do what the clock has made due: sessions to expire, timers to go off."""
        with self._act() as act:
            checkout.expire_due_sessions(act)
        with self.store.transaction(quiet=True) as tx:
            due = tx.sql("SELECT * FROM timers WHERE due <= ? ORDER BY seq", clock())
        for timer in due:
            self._go_off(timer["seq"], timer["act"], timer["object_id"])

    def _go_off(self, seq: int, what: str, object_id: str) -> None:
        """Do a timer's act, unless something else came before it."""
        with self._act() as act:
            act.tx.sql("DELETE FROM timers WHERE seq = ?", seq)
            status = "pending" if what == "complete_refund" else "succeeded"
            subject = act.tx.find("refund", object_id) or act.tx.get("charge", object_id)
            if what == "open_dispute" and not (subject["disputed"] or subject["refunded"]):
                refunds.open_dispute(act, object_id)
            elif what != "open_dispute" and subject["status"] == status:
                refunds.settle_refund(act, object_id, succeeded=what == "complete_refund")
