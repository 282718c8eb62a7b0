"""People: users, their office sessions, their reset links, and the trail of what was changed."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from rft_admin.core.database import (
    EmailAddress,
    Json,
    LongText,
    Model,
    PhoneNumber,
    Versioned,
    enum_column,
    phone_digits,
    search_index,
)


class Role(enum.StrEnum):
    """What a person may do."""

    CUSTOMER = "customer"
    ADMIN = "admin"
    INSTRUCTOR = "instructor"


class User(Versioned, Model):
    """A person: admin, instructor or customer. Erased field by field, never deleted."""

    __tablename__ = "users"
    titled_by = ("first_name", "last_name", "email")
    __table_args__ = (
        Index("ix_users_name", "first_name", "last_name", "id"),
        search_index(
            "users",
            "first_name",
            "COALESCE(last_name, ''::text)",
            "email::text",
            "company_name",
            phone_digits("phone"),
        ),
    )
    __searched__ = ("first_name", "last_name", "email", "company_name", "phone")

    email: Mapped[EmailAddress] = mapped_column(unique=True)
    #: bcrypt; None cannot sign in by password.
    password_hash: Mapped[str | None] = mapped_column(info={"sensitive": True})
    first_name: Mapped[str]
    last_name: Mapped[str | None]
    phone: Mapped[PhoneNumber] = mapped_column(default="", server_default="")
    role: Mapped[Role] = enum_column(
        "role",
        Role,
        default=Role.CUSTOMER,
        server_default=Role.CUSTOMER.value,
        index=True,
        info={"help": "Admins may do everything; instructors see their own dates."},
    )
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    last_login: Mapped[datetime | None] = mapped_column(index=True)
    must_change_password: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        info={"help": "Has to choose an own password at the next sign-in."},
    )
    company_name: Mapped[str] = mapped_column(default="", server_default="")
    #: When the person agreed to letters that offer something.
    marketing_consent_at: Mapped[datetime | None] = mapped_column(
        info={"help": "When the person agreed to letters that offer something."}
    )
    #: Wants no reminder of an expiring certificate.
    reminders_opt_out: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        info={"help": "Wants no reminder before a certificate expires."},
    )
    #: When the person's details were erased on request.
    erased_at: Mapped[datetime | None]

    @property
    def full_name(self) -> str:
        """First and last name, as far as known."""
        return " ".join(filter(None, (self.first_name, self.last_name)))

    @property
    def is_admin(self) -> bool:
        """Whether the person may do everything in the office."""
        return self.role is Role.ADMIN

    @property
    def may_enter_office(self) -> bool:
        """Whether the person may sign in to the admin at all."""
        return self.is_active and self.role is not Role.CUSTOMER

    def __str__(self) -> str:
        return self.full_name or self.email


class AdminSession(Model):
    """One signed-in browser, or the failed attempts of one device."""

    __tablename__ = "admin_sessions"
    __table_args__ = (CheckConstraint("failed_attempts >= 0", name="failed_attempts"),)

    #: None for the attempts on an address that nobody has.
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Person"}
    )
    #: SHA-256 of the cookie's token, never the token.
    session_token: Mapped[str] = mapped_column(unique=True, info={"sensitive": True})
    ip_address: Mapped[str | None] = mapped_column(index=True)
    user_agent: Mapped[LongText | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    last_activity: Mapped[datetime] = mapped_column(
        server_default=func.now(), index=True, info={"noise": True}
    )
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    failed_attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    #: Names the long-lived signed cookie of a known device; empty for an unknown one.
    device_fingerprint: Mapped[str] = mapped_column(default="", server_default="", index=True)
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True
    )
    locked_until: Mapped[datetime | None]

    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    revoked_by: Mapped[User | None] = relationship(foreign_keys=[revoked_by_id])

    def is_locked_at(self, now: datetime) -> bool:
        """Return whether sign-in from here is refused at that moment."""
        return self.locked_until is not None and now < self.locked_until

    def __str__(self) -> str:
        return f"Session {self.id}"


class PasswordReset(Model):
    """A link that lets a person choose a new password, once, for an hour."""

    __tablename__ = "password_resets"
    __table_args__ = (CheckConstraint("used = (used_at IS NOT NULL)", name="used"),)

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Person"}
    )
    #: SHA-256 of the link's token.
    token: Mapped[str] = mapped_column(unique=True, info={"sensitive": True})
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    used_at: Mapped[datetime | None]
    ip_address: Mapped[str | None]

    user: Mapped[User] = relationship(innerjoin=True)

    def is_valid_at(self, now: datetime) -> bool:
        """Return whether the link may still be used."""
        return not self.used and now < self.expires_at

    def __str__(self) -> str:
        return f"Password reset {self.id}"


#: What a redaction leaves of a person's entry; the database accepts no other text.
ERASED = "erased"
ERASED_CHANGES: dict[str, Any] = {"erased": True}


class AdminActivityLog(Model):
    """The audit log: who changed what, when and why. Append-only, by trigger."""

    __tablename__ = "admin_activity_logs"
    __table_args__ = (
        Index("ix_admin_activity_logs_entity", "entity_type", "entity_id", "id"),
        Index("ix_admin_activity_logs_created_at", "created_at"),
        search_index(
            "admin_activity_logs",
            "action",
            "entity_type",
            "actor_label",
            "COALESCE(request_id, ''::text)",
        ),
    )
    __searched__ = ("action", "entity_type", "actor_label", "request_id")

    #: None for a visitor, a job or a command: `actor_label` tells which.
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Person"}
    )
    action: Mapped[str] = mapped_column(index=True, info={"shown_as": "words"})
    #: The table's name.
    entity_type: Mapped[str] = mapped_column(info={"label": "Table", "shown_as": "words"})
    entity_id: Mapped[int | None] = mapped_column(info={"label": "Row"})
    #: `{"field": {"old": …, "new": …}}`; secrets never enter it.
    changes: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    ip_address: Mapped[str | None]
    user_agent: Mapped[LongText | None]
    actor_label: Mapped[str] = mapped_column(default="", server_default="", info={"label": "Actor"})
    reason: Mapped[LongText | None]
    request_id: Mapped[str | None] = mapped_column(index=True)
    #: Kept when the entry is redacted, so that the chain still verifies.
    changes_sha256: Mapped[str | None] = mapped_column(info={"label": "Digest of the changes"})
    chain_hash: Mapped[str | None]
    seal_number: Mapped[int | None] = mapped_column(unique=True)
    sealed_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship()

    def __str__(self) -> str:
        return f"{self.action} {self.entity_type} {self.entity_id or ''}".rstrip()


class RunStatus(enum.StrEnum):
    """How far an action on chosen rows is."""

    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"


class RowOutcome(enum.StrEnum):
    """What became of one row of an action."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    #: Left alone: the action was stopped, or all of its rows stay as they were.
    SKIPPED = "skipped"


class ActionRun(Model):
    """An action that somebody confirmed: on which rows, with which words, and how far it is."""

    __tablename__ = "action_runs"
    __table_args__ = (
        UniqueConstraint("user_id", "token"),
        CheckConstraint("row_count > 0", name="row_count"),
        CheckConstraint(
            "done_count >= 0 AND refused_count >= 0 AND done_count + refused_count <= row_count",
            name="counts",
        ),
        CheckConstraint("(status = 'running') = (finished_at IS NULL)", name="finished"),
        Index("ix_action_runs_created_at", "created_at"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    #: Of the confirmation page: sent twice, it is carried out once.
    token: Mapped[str] = mapped_column(info={"sensitive": True})
    #: The table's name.
    entity_type: Mapped[str] = mapped_column(index=True, info={"shown_as": "words"})
    action: Mapped[str] = mapped_column(info={"shown_as": "words"})
    #: What was typed into the action's form, as it was posted: `{"reason": ["Ill"]}`.
    fields: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    status: Mapped[RunStatus] = enum_column(
        "status",
        RunStatus,
        default=RunStatus.RUNNING,
        server_default=RunStatus.RUNNING.value,
        index=True,
    )
    #: All of the rows or none, in one transaction.
    is_together: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    row_count: Mapped[int]
    done_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    refused_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    #: The page that it was started from.
    return_url: Mapped[str] = mapped_column(default="", server_default="")
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    request_id: Mapped[str | None]
    finished_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(innerjoin=True)

    @property
    def settled_count(self) -> int:
        """How many of its rows are done or refused."""
        return self.done_count + self.refused_count

    @property
    def is_running(self) -> bool:
        """Whether rows are still waiting."""
        return self.status is RunStatus.RUNNING

    def __str__(self) -> str:
        return f"{self.action.replace('_', ' ').capitalize()} {self.id}"


class ActionRunRow(Model):
    """One row of an action, and what became of it."""

    __tablename__ = "action_run_rows"
    __table_args__ = (
        UniqueConstraint("action_run_id", "entity_id"),
        CheckConstraint("(outcome = 'waiting') = (finished_at IS NULL)", name="finished"),
        Index(
            "ix_action_run_rows_waiting",
            "action_run_id",
            "entity_id",
            postgresql_where=text("outcome = 'waiting'"),
        ),
    )

    action_run_id: Mapped[int] = mapped_column(
        ForeignKey("action_runs.id", ondelete="CASCADE"), index=True
    )
    #: The row's id in the run's table.
    entity_id: Mapped[int]
    outcome: Mapped[RowOutcome] = enum_column(
        "outcome",
        RowOutcome,
        default=RowOutcome.WAITING,
        server_default=RowOutcome.WAITING.value,
    )
    #: What was done, or why not.
    words: Mapped[str] = mapped_column(default="", server_default="")
    #: Where to see it: a path of the admin.
    address: Mapped[str] = mapped_column(default="", server_default="")
    #: Since when a worker is at it, where the deed has transactions of its own.
    claimed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"Row {self.entity_id}"
