"""References of bookings and inquiries: unguessable, and each given once."""

from collections.abc import Callable

from rft_admin.core.references import random_reference


def new_reference(
    prefix: str,
    *,
    is_taken: Callable[[str], bool],
    make: Callable[[str], str] = random_reference,
) -> str:
    """Return a reference that nobody has; the unique key judges a race for the same one."""
    reference = make(prefix)
    while is_taken(reference):
        reference = make(prefix)
    return reference
