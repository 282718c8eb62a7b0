"""A believable, plainly fictional quarter."""

from datetime import datetime


def seed_demo(*, now: datetime) -> list[str]:
    """Add the fictional quarter."""
    return []
