"""What Stripe's objects of money look like: balance entries, refunds, disputes, payouts."""

import stripe

from sandbox.stripe.conformance import resource_hints
from sandbox.stripe.errors import Json
from sandbox.stripe.state import new_id

#: Stripe's charge for a dispute on a British account, in pence.
DISPUTE_FEE = 2000
#: Until charged money may be paid out.
SETTLING_SECONDS = 2 * 24 * 3600
_REPORTED_AS = {"adjustment": "dispute", "refund_failure": "refund_failure"}


def card_fee(amount: int) -> int:
    """Return Stripe's fee for a British card: 1.5 % rounded half up, and 20p."""
    return (amount * 15 + 500) // 1000 + 20


def new_balance_entry(kind: str, source: Json, amount: int, *, fee: int = 0, now: int) -> Json:
    """Build a balance transaction of `amount` pence (negative: money leaves)."""
    detail = {
        "amount": fee,
        "application": None,
        "currency": source["currency"],
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    return {
        "id": new_id("txn_3"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + (SETTLING_SECONDS if kind == "charge" else 0),
        "balance_type": "payments",
        "created": now,
        "currency": source["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [detail] if fee else [],
        "net": amount - fee,
        "reporting_category": _REPORTED_AS.get(kind, kind),
        "source": source["id"],
        "status": "pending" if kind == "charge" else "available",
        "type": kind,
    }


def new_refund(charge: Json, params: Json, *, amount: int, status: str, now: int) -> Json:
    """Build a refund of `amount` pence of a charge."""
    return {
        "id": new_id("re_3"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "destination_details": {
            "type": "card",
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
        },
        "metadata": params.get("metadata") or {},
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    } | ({"pending_reason": "processing"} if status == "pending" else {})


def new_dispute(charge: Json, *, amount: int, reason: str, now: int) -> Json:
    """Build a dispute that waits for evidence for nine days."""
    return {
        "id": new_id("du_1"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(resource_hints(stripe.Dispute.Evidence))
        | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + 9 * 24 * 3600,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "type": "card",
            "card": {
                "brand": "visa",
                "case_type": "chargeback",
                "network": "visa",
                "network_reason_code": "83",
            },
        },
        "reason": reason,
        "status": "needs_response",
    }


def new_payout(amount: int, currency: str, *, now: int) -> Json:
    """Build an automatic payout that has arrived."""
    return {
        "id": new_id("po_1"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": now,
        "automatic": True,
        "balance_transaction": None,
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": new_id("ba_1"),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid",
        "trace_id": None,
        "type": "bank_account",
    }


def new_balance(available: int, pending: int, currency: str) -> Json:
    """Build the balance, in pence."""

    def part(amount: int) -> list[Json]:
        return [{"amount": amount, "currency": currency, "source_types": {"card": amount}}]

    return {
        "object": "balance",
        "available": part(available),
        "livemode": False,
        "pending": part(pending),
        "refund_and_dispute_prefunding": {"available": part(0), "pending": part(0)},
    }
