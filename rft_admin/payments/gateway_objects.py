"""What the gateway hands out and takes in: frozen, in pounds, free of Stripe's classes."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rft_admin.core.database import Json
from rft_admin.core.errors import DomainError


class GatewayAway(DomainError):
    """The payment service cannot be reached at the moment. Please try again in a few minutes."""

    status = 503
    is_retryable = True


class GatewayStuck(GatewayAway):
    """The payment service repeats a failure of its own. Please try again in a few minutes."""


class GatewayRefused(DomainError):
    """The payment service refused that."""

    is_retryable = False

    def __init__(self, message: str | None = None, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class BadSignature(DomainError):
    """The message does not bear Stripe's signature."""

    status = 400


@dataclass(frozen=True, kw_only=True)
class CheckoutSession:
    """A hosted payment page and how far it has come."""

    id: str
    #: Where the customer pays; None once it is over.
    url: str | None
    #: open | complete | expired
    status: str
    #: paid | unpaid | no_payment_required
    payment_status: str
    payment_intent_id: str | None
    #: Pounds.
    amount: Decimal
    currency: str
    livemode: bool
    metadata: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Charge:
    """Money that was taken, with what Stripe kept of it (pounds)."""

    id: str
    amount: Decimal
    amount_refunded: Decimal
    payment_method: str | None
    is_disputed: bool
    balance_transaction_id: str | None
    fee: Decimal | None
    net: Decimal | None


@dataclass(frozen=True, kw_only=True)
class PaymentIntent:
    """One try to be paid, and its charge when there is one."""

    id: str
    #: requires_payment_method | requires_action | processing | succeeded | canceled | …
    status: str
    amount: Decimal
    currency: str
    livemode: bool
    metadata: dict[str, str]
    failure_message: str | None
    charge: Charge | None


@dataclass(frozen=True, kw_only=True)
class GatewayRefund:
    """Money on its way back."""

    id: str
    #: pending | requires_action | succeeded | failed | canceled
    status: str
    amount: Decimal
    payment_intent_id: str | None
    failure_reason: str | None
    metadata: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """A charge that the card's holder denies."""

    id: str
    #: needs_response | under_review | won | lost | warning_…
    status: str
    reason: str
    amount: Decimal
    payment_intent_id: str | None
    #: When the evidence must have arrived.
    evidence_due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class BalanceEntry:
    """One movement of our balance at Stripe (pounds; negative: money left it)."""

    id: str
    #: charge | refund | refund_failure | adjustment | payout | stripe_fee | …
    type: str
    amount: Decimal
    fee: Decimal
    net: Decimal
    #: What moved it: a charge, a refund, a dispute, a payout; the entry itself where nothing did.
    source_id: str
    #: The payment behind the source, where there is one.
    payment_intent_id: str | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """What Stripe's signed message says: of what kind, about which object."""

    id: str
    type: str
    livemode: bool
    object_id: str
    payload: Json


@dataclass(frozen=True, kw_only=True)
class CheckoutRequest:
    """What a hosted payment page needs to be told."""

    #: Pounds, for the whole booking.
    amount: Decimal
    description: str
    customer_email: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    metadata: dict[str, str]
