"""Money going back and out: refunds, disputes, payouts, and the sum of it all."""

from sandbox.stripe.acts import Act, change, emit, later, total
from sandbox.stripe.checkout import check_metadata
from sandbox.stripe.errors import Json, conflict, invalid, missing
from sandbox.stripe.money import (
    DISPUTE_FEE,
    new_balance,
    new_balance_entry,
    new_dispute,
    new_payout,
    new_refund,
)


def create_refund(act: Act, params: Json) -> Json:
    """Refund a charge, in part or in full.

    :raises ApiError: 400 or 404, if Stripe would refuse it.
    """
    for name in sorted(set(params) - {"amount", "charge", "expand", "metadata", "payment_intent",
                                      "reason"}):  # fmt: skip
        raise invalid(f"The sandbox does not play this parameter: {name}", param=name)
    check_metadata(params)
    charge = _charge_to_refund(act, params)
    amount = params.get("amount", charge["amount"] - charge["amount_refunded"])
    _check_refundable(charge, amount)
    card = act.tx.hidden(charge["id"]).get("card")
    pending = card == "refund_pending" or _take_switch(act, "pending_refunds")
    status = "pending" if pending else "succeeded"
    refund = act.tx.add(new_refund(charge, params, amount=amount, status=status, now=act.now))
    entry = act.tx.add(new_balance_entry("refund", refund, -amount, now=act.now))
    change(act, refund, balance_transaction=entry["id"])
    _count_refunded(act, charge, amount)
    emit(act, "refund.created", refund)
    emit(act, "charge.refunded", charge)
    if card == "refund_fails":
        later(act, "fail_refund", refund)
    elif pending:
        later(act, "complete_refund", refund)
    return refund


def _take_switch(act: Act, name: str) -> bool:
    """Use up one of a counted switch, if any is left."""
    left = int(act.tx.switch(name, 0))
    if left:
        act.tx.set_switch(name, left - 1)
    return bool(left)


def _charge_to_refund(act: Act, params: Json) -> Json:
    charge_id = params.get("charge")
    if "payment_intent" in params:
        intent = act.tx.find("payment_intent", params["payment_intent"])
        if intent is None:
            raise missing("payment_intent", params["payment_intent"], param="payment_intent")
        if intent["status"] != "succeeded":
            raise conflict(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        if charge_id not in (None, intent["latest_charge"]):
            raise invalid("The charge is not of this payment_intent.", param="charge")
        charge_id = intent["latest_charge"]
    if charge_id is None:
        raise invalid(
            "One of the following params should be provided for this request: "
            "payment_intent or charge.",
            code="parameter_missing",
        )
    charge = act.tx.find("charge", charge_id)
    if charge is None:
        raise missing("charge", charge_id, param="charge")
    return charge


def _check_refundable(charge: Json, amount: int) -> None:
    if charge["status"] != "succeeded":
        raise conflict(f"Charge {charge['id']} was not successful.", code="charge_not_refundable")
    if charge["refunded"]:
        raise conflict(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if charge["disputed"]:
        raise conflict(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param="amount",
            code="parameter_invalid_integer",
        )
    rest = charge["amount"] - charge["amount_refunded"]
    if amount > rest:
        raise conflict(
            f"Refund amount (£{amount / 100:.2f}) is greater than unrefunded amount on charge "
            f"(£{rest / 100:.2f})",
            param="amount",
            code="amount_too_large",
        )


def _count_refunded(act: Act, charge: Json, amount: int) -> None:
    refunded = charge["amount_refunded"] + amount
    change(act, charge, amount_refunded=refunded, refunded=refunded == charge["amount"])


def settle_refund(act: Act, refund_id: str, *, succeeded: bool) -> Json:
    """End a refund: a pending one completes; a pending or completed one fails, even days later.

    :raises ApiError: 400, if its state does not allow it.
    """
    refund = act.tx.find("refund", refund_id)
    if refund is None:
        raise missing("refund", refund_id)
    if refund["status"] not in (("pending",) if succeeded else ("pending", "succeeded")):
        raise conflict(f"This refund is {refund['status']}.")
    refund.pop("pending_reason", None)
    if succeeded:
        previous = change(act, refund, status="succeeded")
        emit(act, "refund.updated", refund, previous=previous)
        return refund
    entry = act.tx.add(new_balance_entry("refund_failure", refund, refund["amount"], now=act.now))
    previous = change(
        act,
        refund,
        status="failed",
        failure_reason="expired_or_canceled_card",
        failure_balance_transaction=entry["id"],
    )
    _count_refunded(act, act.tx.get("charge", refund["charge"]), -refund["amount"])
    emit(act, "refund.updated", refund, previous=previous)
    emit(act, "refund.failed", refund)
    return refund


def open_dispute(act: Act, payment_id: str, *, reason: str = "fraudulent") -> Json:
    """Open a dispute over what is left of a charge, named by its id or its intent's.

    :raises ApiError: 400 or 404, if there is nothing to dispute.
    """
    intent = act.tx.find("payment_intent", payment_id)
    charge = act.tx.find("charge", intent["latest_charge"] if intent else payment_id)
    if charge is None:
        raise missing("charge", payment_id)
    amount = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"] or not charge["paid"] or not amount:
        raise conflict("There is nothing to dispute.")
    dispute = act.tx.add(new_dispute(charge, amount=amount, reason=reason, now=act.now))
    _move_disputed(act, dispute, -amount, fee=DISPUTE_FEE)
    change(act, charge, disputed=True)
    emit(act, "charge.dispute.created", dispute)
    emit(act, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def _move_disputed(act: Act, dispute: Json, amount: int, *, fee: int = 0) -> None:
    entry = act.tx.add(new_balance_entry("adjustment", dispute, amount, fee=fee, now=act.now))
    change(act, dispute, balance_transactions=[*dispute["balance_transactions"], entry])


def answer_dispute(act: Act, dispute_id: str) -> Json:
    """Hand in the evidence; the dispute is under review from then on.

    :raises ApiError: 400 or 404, if it waits for none.
    """
    dispute = _dispute_in(act, dispute_id, "needs_response")
    evidence = dispute["evidence_details"] | {
        "has_evidence": True,
        "submission_count": 1,
        "submission_method": "manual",
    }
    previous = change(act, dispute, status="under_review", evidence_details=evidence)
    emit(act, "charge.dispute.updated", dispute, previous=previous)
    return dispute


def close_dispute(act: Act, dispute_id: str, *, won: bool) -> Json:
    """Decide a dispute; won, its money comes back, the fee does not.

    :raises ApiError: 400 or 404, if it is not open.
    """
    dispute = _dispute_in(act, dispute_id, "needs_response", "under_review")
    change(act, dispute, status="won" if won else "lost")
    if won:
        _move_disputed(act, dispute, dispute["amount"])
        emit(act, "charge.dispute.funds_reinstated", dispute)
    emit(act, "charge.dispute.closed", dispute)
    return dispute


def _dispute_in(act: Act, dispute_id: str, *statuses: str) -> Json:
    dispute = act.tx.find("dispute", dispute_id)
    if dispute is None:
        raise missing("dispute", dispute_id)
    if dispute["status"] not in statuses:
        raise conflict(f"This dispute is {dispute['status']}.")
    return dispute


def make_payout(act: Act) -> Json:
    """Pay out everything not paid out yet.

    :raises ApiError: 400, if that is nothing.
    """
    entries = act.tx.every("balance_transaction", "json_extract(hidden, '$.payout') IS NULL")
    amount = total(entries, "net")
    if amount <= 0:
        raise conflict("You have insufficient funds.", code="balance_insufficient")
    payout = act.tx.add(new_payout(amount, entries[0]["currency"], now=act.now))
    own = act.tx.add(new_balance_entry("payout", payout, -amount, now=act.now))
    change(act, payout, balance_transaction=own["id"])
    for entry in [*entries, own]:
        change(act, entry, status="available")
        act.tx.hide(entry["id"], payout=payout["id"])
    emit(act, "payout.created", payout)
    emit(act, "payout.paid", payout)
    return payout


def balance(act: Act) -> Json:
    """Return the balance: what may be paid out, and what is still settling."""
    entries = act.tx.every("balance_transaction")
    pending = [e for e in entries if e["status"] == "pending" and e["available_on"] > act.now]
    waiting = total(pending, "net")
    return new_balance(total(entries, "net") - waiting, waiting, "gbp")


def ledger(act: Act) -> Json:
    """Return the sums to reconcile with, in pence; balance = everything that moved, net."""
    entries = act.tx.every("balance_transaction")

    def amount(*kinds: str) -> int:
        return total((entry for entry in entries if entry["type"] in kinds), "amount")

    return {
        "charges": amount("charge"),
        "refunds": -amount("refund", "refund_failure"),
        "fees": total(entries, "fee"),
        "disputes": -amount("adjustment"),
        "payouts": -amount("payout"),
        "balance": total(entries, "net"),
        "succeeded_charges": len(act.tx.every("charge", "json_extract(body, '$.paid')")),
        "refund_count": len(act.tx.every("refund", "json_extract(body, '$.status') != 'failed'")),
    }
