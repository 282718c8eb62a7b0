"""Who does it: built by a door, carried by `by=`, read by the audit."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The person or program that causes a change."""

    #: The user's id, or None for a visitor, a job or a command.
    user_id: int | None = None
    #: What the trail shows when there is no user, for example "customer" or "job send_email".
    label: str
    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    #: Why, when the action asks for a reason.
    reason: str | None = None


SYSTEM = Actor(label="system")
