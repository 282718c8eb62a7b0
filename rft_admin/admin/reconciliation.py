"""The screens of our books beside Stripe's: differences to work through, and Stripe's events."""

from typing import Any

from rft_admin.admin.actions import Action, Consequences, Done, Order
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.fields_of_actions import ReasonForm
from rft_admin.admin.registry import details_address, screen
from rft_admin.payments import differences, webhook
from rft_admin.payments.models import DifferenceStatus, ReconciliationDifference, StripeEvent


def _resolve(difference: Any, order: Order) -> Done:
    differences.resolve(difference, reason=order.values["reason"], now=order.now, by=order.by)
    return Done(f"“{difference}” is resolved.", details_address(difference))


def _replay(event: Any, order: Order) -> Done:
    webhook.replay(event, now=order.now, by=order.by)
    return Done(f"{event.event_type} is read again.", details_address(event))


@screen(ReconciliationDifference)
class DifferenceView(TableView):
    """What the nightly comparison found."""

    group, icon, title, singular = "Money", "filter", "Differences with Stripe", "difference"
    is_sought = False
    question = "Where do our books and Stripe's differ, and what was it?"
    read_only_because = "The nightly comparison writes these rows; people resolve them."
    column_list = (
        "created_at",
        "kind",
        "status",
        "our_amount",
        "stripe_amount",
        "payment_transaction_id",
        "refund_id",
        "stripe_object_id",
    )
    column_labels = {"created_at": "Found"}
    column_searchable_list = ("stripe_object_id", "explanation")
    column_filters = ("kind", "status", "payment_transaction_id", "refund_id", "created_at")
    default_order = (("created_at", True),)
    scopes = {
        "open": ListScope("Open", lambda: ReconciliationDifference.status == DifferenceStatus.OPEN),
        "resolved": ListScope(
            "Resolved", lambda: ReconciliationDifference.status == DifferenceStatus.RESOLVED
        ),
    }
    empty_words = "Every movement at Stripe is in our books, to the penny."
    actions = (
        Action(
            name="resolve",
            label="Resolve",
            question="Say what it was and what you did. The books themselves stay as they are.",
            run=_resolve,
            form=ReasonForm,
            hindrance=lambda row: None if row.is_open else "Resolved already.",
            consequences=lambda rows: Consequences(notes=[row.explanation for row in rows]),
        ),
    )


@screen(StripeEvent)
class StripeEventView(TableView):
    """Every event that Stripe told us of."""

    group, icon, title, singular = "Money", "pulse", "Stripe's events", "event"
    is_sought = False
    question = "What did Stripe tell us, when, and did it take its effect?"
    read_only_because = "Events are kept as Stripe sent them; they can be read again."
    column_list = (
        "created_at",
        "event_type",
        "object_id",
        "processed_at",
        "error_message",
        "livemode",
    )
    column_labels = {"created_at": "Received"}
    column_searchable_list = ("stripe_event_id", "event_type", "object_id")
    column_filters = ("event_type", "processed_at", "livemode", "created_at")
    default_order = (("created_at", True),)
    scopes = {
        "failed": ListScope("Came to nothing", lambda: StripeEvent.error_message.is_not(None)),
        "waiting": ListScope("Waiting", lambda: StripeEvent.processed_at.is_(None)),
    }
    not_in_details = ("payload",)
    empty_words = "Payments, refunds and disputes at Stripe are told here."
    actions = (
        Action(
            name="replay",
            label="Read again",
            question="What the event is about is fetched from Stripe anew; what has taken effect "
            "already does not take it twice.",
            run=_replay,
        ),
    )
