"""Bookings, payments and refunds against a model of a page's length, and Stripe's own ledger."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text

from rft_admin.bookings.models import Booking, PaymentStatus
from rft_admin.bookings.places import SoldOut
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.payments import checkout, reconcile, refunds
from rft_admin.payments.models import Refund, RefundStatus
from rft_admin.upkeep import invariants
from sandbox.stripe import StripeSandbox
from tests.bookings import offers
from tests.bookings.offers import OFFICE, VISITOR
from tests.conftest import undone
from tests.payments import desk
from tests.reliability.figures import Figures, scaled
from tests.reliability.shop import CAME, WENT, with_stripe
from tests.reliability.test_stripe_trouble import take_events

pytestmark = pytest.mark.reliability

#: All stories, and how many tests tell them: as many as there are cores to tell them side by side.
STORIES, STEPS, TELLERS = scaled(500), 50, 2
#: A wrong model is found out much sooner.
CONTROL_STORIES = 20
CAPACITY = 5
DATES = 2
PRICE = 75
#: Places, states and money in one look, as the database has them.
SEEN = text(
    f"""
    SELECT ARRAY(SELECT places_taken(id) FROM unnest(:dates) WITH ORDINALITY AS d (id, n)
                 ORDER BY n) AS taken,
           (SELECT json_object_agg(id, json_build_array(status, payment_status)) FROM bookings)
             AS bookings,
           ({CAME}) AS came,
           ({WENT}) AS went
    """  # noqa: S608 - put together from our own constants
)
#: The machine's rules; all of them must have been seen.
KINDS_OF_STEPS = 10
PICK = st.integers(min_value=0, max_value=11)
POUNDS = st.integers(min_value=1, max_value=160)


@dataclass
class Sold:
    """A booking as the model knows it; money in whole pounds."""

    booking_id: int
    date: int
    party: int
    #: pending | lapsed | confirmed | cancelled
    state: str = "pending"
    paid: int = 0
    given_back: int = 0
    intent_id: str = ""

    @property
    def price(self) -> int:
        return self.party * PRICE

    @property
    def kept(self) -> int:
        return self.paid - self.given_back

    @property
    def holds(self) -> bool:
        return self.state in ("pending", "confirmed")


@dataclass
class World:
    """What the machine runs against, and how far it got."""

    app: Flask
    stripe: StripeSandbox
    steps: int = 0
    #: Stories of all their steps; hypothesis breaks some off before.
    whole: int = 0
    seen: set[str] = field(default_factory=set)


class Machine(RuleBasedStateMachine):
    """Does what customers, the office and Stripe do; the model says beforehand what must come."""

    world: World
    #: What the model believes; the dates have CAPACITY.
    believed_capacity = CAPACITY

    def __init__(self) -> None:
        super().__init__()
        self.sold: list[Sold] = []
        self.steps = 0
        self._stack = ExitStack()
        self._stack.enter_context(undone(self.world.app))
        self._stack.enter_context(with_stripe(self.world.app, self.world.stripe))
        self.world.stripe.reset()
        self.dates = [offers.schedule(max_capacity=CAPACITY).id for _ in range(DATES)]

    def teardown(self) -> None:
        """Look at every invariant of the database, then undo all."""
        with self._stack:
            db.session.flush()
            broken = [x.name for x in invariants.check_all(now=clock.now()) if not x.holds]
            assert broken == []
        self.world.whole += self.steps >= STEPS

    # What people do

    @rule(date=st.integers(0, DATES - 1), party=st.integers(1, 3))
    def book(self, date: int, party: int) -> None:
        self._step("book")
        has_room = self._free(date) >= party
        try:
            booking_id = transact(
                lambda: offers.booked(self.dates[date], number_of_places=party).id, by=VISITOR
            )
        except SoldOut:
            assert not has_room
            return
        assert has_room
        self.sold.append(Sold(booking_id, date, party))

    @precondition(lambda self: self._some("pending", "lapsed"))
    @rule(pick=PICK, declines=st.booleans())
    def pay(self, pick: int, declines: bool) -> None:
        self._step("pay")
        sold = self._pick(pick, "pending", "lapsed")
        has_places = sold.holds or self._free(sold.date) >= sold.party
        try:
            page = self._open_page(sold)
        except SoldOut:
            assert not has_places
            return
        assert has_places
        if declines:
            self.world.stripe.pay(page, "declined")
            take_events(self.world.stripe)
        self._pay_page(sold, page)
        sold.state = "confirmed"

    @precondition(lambda self: self._some("pending"))
    @rule(pick=PICK)
    def pay_late(self, pick: int) -> None:
        self._step("pay_late")
        sold = self._pick(pick, "pending")
        page = self._open_page(sold)
        self._lapse(sold)
        self._tidy()
        has_room = self._free(sold.date) >= sold.party
        self._pay_page(sold, page)
        if has_room:
            sold.state = "confirmed"
        else:
            self._send_refunds()
            sold.given_back = sold.paid

    @precondition(lambda self: self._some("pending"))
    @rule(pick=PICK)
    def lapse(self, pick: int) -> None:
        self._step("lapse")
        self._lapse(self._pick(pick, "pending"))

    @precondition(lambda self: self._some("lapsed"))
    @rule()
    def tidy(self) -> None:
        self._step("tidy")
        self._tidy()

    def _tidy(self) -> None:
        lapsed = [sold for sold in self.sold if sold.state == "lapsed"]
        assert reconcile.tidy_holds(now=clock.now()) == len(lapsed)
        for sold in lapsed:
            sold.state = "cancelled"

    @precondition(lambda self: self._some("pending", "lapsed", "confirmed"))
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        self._step("cancel")
        sold = self._pick(pick, "pending", "lapsed", "confirmed")
        booking = self._booking(sold)
        transact(
            lambda: refunds.cancel_and_refund(
                booking=booking, reason="ill", now=clock.now(), by=VISITOR
            )
        )
        self._send_refunds()
        sold.state = "cancelled"
        # A consumer inside the fourteen days: everything comes back.
        sold.given_back = sold.paid

    @precondition(lambda self: self._some_paid())
    @rule(pick=PICK, pounds=POUNDS)
    def office_gives_back(self, pick: int, pounds: int) -> None:
        self._step("office_gives_back")
        sold = self._pick_paid(pick)
        booking = self._booking(sold)

        def use_case() -> None:
            refund = refunds.request_refund(
                booking=booking, amount=Decimal(pounds), reason="sorry", now=clock.now(), by=OFFICE
            )
            refunds.approve(refund=refund, now=clock.now(), by=OFFICE)

        try:
            transact(use_case, by=OFFICE)
        except (refunds.NothingToRefund, refunds.RefundAbovePaid):
            assert pounds > sold.kept
            return
        assert pounds <= sold.kept
        self._send_refunds()
        sold.given_back += pounds

    # What Stripe does

    @precondition(lambda self: any(sold.kept for sold in self.sold))
    @rule(pick=PICK, pounds=POUNDS)
    def refund_in_dashboard(self, pick: int, pounds: int) -> None:
        self._step("refund_in_dashboard")
        kept = [sold for sold in self.sold if sold.kept]
        sold = kept[pick % len(kept)]
        amount = min(pounds, sold.kept)
        self.world.stripe.refund_in_dashboard(sold.intent_id, amount * 100)
        take_events(self.world.stripe)
        sold.given_back += amount

    @precondition(lambda self: self._refunds(RefundStatus.COMPLETED))
    @rule(pick=PICK)
    def refund_fails_late(self, pick: int) -> None:
        self._step("refund_fails_late")
        completed = self._refunds(RefundStatus.COMPLETED)
        refund = completed[pick % len(completed)]
        self.world.stripe.fail_refund(refund.stripe_refund_id or "")
        take_events(self.world.stripe)
        self._sold_of(refund).given_back -= int(refund.net_refund)

    @precondition(lambda self: self._refunds(RefundStatus.FAILED))
    @rule(pick=PICK)
    def office_retries(self, pick: int) -> None:
        self._step("office_retries")
        failed = self._refunds(RefundStatus.FAILED)
        refund = failed[pick % len(failed)]
        sold = self._sold_of(refund)
        try:
            transact(lambda: refunds.retry(refund=refund, now=clock.now(), by=OFFICE))
        except refunds.RefundAbovePaid:
            assert refund.net_refund > sold.kept
            return
        assert refund.net_refund <= sold.kept
        self._send_refunds()
        sold.given_back += int(refund.net_refund)

    # What must hold after each step

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        db.session.flush()
        seen = db.session.execute(SEEN, {"dates": self.dates}).one()
        self._compare_places(seen.taken)
        self._compare_bookings(seen.bookings or {})
        self._compare_money(came=seen.came, went=seen.went)

    def _compare_places(self, taken: list[int]) -> None:
        believed = [self.believed_capacity - self._free(date) for date in range(DATES)]
        assert taken == believed
        assert max(taken) <= CAPACITY

    def _compare_bookings(self, states: dict[str, list[str]]) -> None:
        assert len(states) == len(self.sold)
        for sold in self.sold:
            status, payment_status = states[str(sold.booking_id)]
            assert status == ("pending" if sold.state == "lapsed" else sold.state)
            assert payment_status in _payment_statuses(sold)

    def _compare_money(self, *, came: int, went: int) -> None:
        theirs = self.world.stripe.ledger()
        assert came == theirs["charges"] == 100 * sum(sold.paid for sold in self.sold)
        assert went == theirs["refunds"] == 100 * sum(sold.given_back for sold in self.sold)
        assert theirs["balance"] == theirs["charges"] - theirs["refunds"] - theirs["fees"]

    def _step(self, name: str) -> None:
        self.steps += 1
        self.world.steps += 1
        self.world.seen.add(name)

    def _free(self, date: int) -> int:
        return self.believed_capacity - sum(
            s.party for s in self.sold if s.date == date and s.holds
        )

    def _some(self, *states: str) -> bool:
        return any(sold.state in states for sold in self.sold)

    def _some_paid(self) -> bool:
        return any(sold.paid for sold in self.sold)

    def _pick(self, pick: int, *states: str) -> Sold:
        possible = [sold for sold in self.sold if sold.state in states]
        return possible[pick % len(possible)]

    def _pick_paid(self, pick: int) -> Sold:
        possible = [sold for sold in self.sold if sold.paid]
        return possible[pick % len(possible)]

    def _booking(self, sold: Sold) -> Booking:
        return db.session.get_one(Booking, sold.booking_id)

    def _refunds(self, status: RefundStatus) -> list[Refund]:
        found = select(Refund).filter_by(status=status).order_by(Refund.id)
        return list(db.session.scalars(found))

    def _sold_of(self, refund: Refund) -> Sold:
        return next(sold for sold in self.sold if sold.booking_id == refund.booking_id)

    def _open_page(self, sold: Sold) -> str:
        url = checkout.start_checkout(sold.booking_id, now=clock.now(), by=VISITOR)
        return url.rpartition("/")[2]

    def _pay_page(self, sold: Sold, page: str) -> None:
        self.world.stripe.pay(page)
        take_events(self.world.stripe)
        payment = desk.the_payment(self._booking(sold))
        sold.intent_id = payment.stripe_payment_intent_id or ""
        sold.paid = sold.price

    def _lapse(self, sold: Sold) -> None:
        transact(lambda: offers.lapse(self._booking(sold)) and None)
        sold.state = "lapsed"

    def _send_refunds(self) -> None:
        desk.send_waiting_refunds()
        take_events(self.world.stripe)


class WrongMachine(Machine):
    """Believes that there is one place more than there is."""

    believed_capacity = CAPACITY + 1


def _payment_statuses(sold: Sold) -> set[PaymentStatus]:
    if sold.paid and sold.kept >= sold.price:
        return {PaymentStatus.PAID}
    if sold.given_back:
        return {PaymentStatus.PARTIALLY_REFUNDED if sold.kept else PaymentStatus.REFUNDED}
    return {PaymentStatus.PENDING, PaymentStatus.FAILED}


@pytest.fixture
def world(app: Flask, running_stripe: StripeSandbox) -> Iterator[World]:
    world = World(app, running_stripe)
    Machine.world = world
    yield world
    del Machine.world


@pytest.mark.parametrize("teller", range(TELLERS))
def test_every_story_ends_as_the_model_says(world: World, figures: Figures, teller: int) -> None:
    wanted = STORIES // TELLERS
    dice = itertools.count(teller, TELLERS)
    while world.whole < wanted:
        # What fails is told as short as it can be.
        told = _settings(wanted - world.whole, Phase.shrink)
        run_state_machine_as_test(seed(next(dice))(_teller()), settings=told)

    figures(
        f"model, teller {teller + 1} of {TELLERS}: {world.whole} stories of {STEPS} steps and parts"
        f" of others, {world.steps} steps of {len(world.seen)} kinds: places, states and"
        " money as predicted, the ledger Stripe's own"
    )
    assert len(world.seen) == KINDS_OF_STEPS, world.seen


def test_a_wrong_model_is_found_out(world: World, figures: Figures) -> None:
    with pytest.raises((AssertionError, SoldOut)):
        run_state_machine_as_test(WrongMachine, settings=_settings(CONTROL_STORIES))
    figures(f"model, control: one place too many in the model is found after {world.steps} steps")


def _teller() -> type[Machine]:
    class Told(Machine):
        """The same machine, for dice of its own."""

    return Told


def _settings(stories: int, *phases: Phase) -> Any:
    return settings(
        max_examples=stories,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate, *phases),
        suppress_health_check=list(HealthCheck),
    )
