"""Stripe's test cards (https://docs.stripe.com/testing), as far as the sandbox plays them."""

from dataclasses import dataclass

from sandbox.stripe.errors import ApiError


@dataclass(frozen=True)
class Card:
    """A test card and what comes of it."""

    number: str
    name: str
    label: str
    decline_code: str | None = None

    @property
    def last4(self) -> str:
        """Return the digits that may be shown."""
        return self.number[-4:]


CARDS = (
    Card("4242424242424242", "success", "Payment succeeds"),
    Card("4000000000000002", "declined", "Declined", "generic_decline"),
    Card("4000000000009995", "no_funds", "Declined: no money", "insufficient_funds"),
    Card("4000002500003155", "three_d_secure", "Asks for 3-D Secure"),
    Card("4000000000000259", "dispute", "Paid, disputed later"),
    Card("4000000000005126", "refund_fails", "Paid, a refund fails later"),
    Card("4000000000007726", "refund_pending", "Paid, a refund takes time"),
    Card("0000000000003456", "delayed", "A bank debit that takes days"),
)


def find_card(number_or_name: str) -> Card:
    """Return the test card of this number (spaces allowed) or name.

    :raises ApiError: 402, if it is no test card; nothing else is ever accepted here.
    """
    wanted = number_or_name.replace(" ", "").replace("-", "")
    for card in CARDS:
        if wanted in (card.number, card.name):
            return card
    raise ApiError(
        402,
        "Use one of the test cards listed below. Never type a real card here.",
        error_type="card_error",
        code="incorrect_number",
        param="number",
    )
