"""The screens of people: users, their office sessions and reset links, and the audit log."""

from typing import Any

from rft_admin.accounts import people, sessions
from rft_admin.accounts.models import AdminActivityLog, AdminSession, PasswordReset, Role, User
from rft_admin.admin import person_page
from rft_admin.admin.actions import Action, Consequences, Done, Order, letter_to
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.details import Figure, Notice
from rft_admin.admin.person_page import PERSON_PANELS
from rft_admin.admin.registry import details_address, register, screen, view_of
from rft_admin.admin.timeline import Source
from rft_admin.core import clock
from rft_admin.core.errors import DomainError
from rft_admin.messaging import account_letters


class EmailTaken(DomainError):
    """Somebody has this e-mail address already."""

    status = 409
    field = "email"


def _deactivate(user: Any, order: Order) -> Done:
    people.deactivate(user, now=order.now, by=order.by)
    return Done(f"{user} deactivated; open sessions ended.", details_address(user))


def _activate(user: Any, order: Order) -> Done:
    people.activate(user, by=order.by)
    return Done(f"{user} activated.", details_address(user))


def _unlock(user: Any, order: Order) -> Done:
    sessions.unlock(user, now=order.now, by=order.by)
    return Done(f"{user} may try to sign in again.", details_address(user))


def _send_reset(user: Any, order: Order) -> Done:
    letter = account_letters.send_reset(user, now=order.now, by=order.by)
    return Done(f"Reset link on its way to {user.email}.", details_address(letter))


def _end_session(session: Any, order: Order) -> Done:
    sessions.end(session, now=order.now, by=order.by)
    return Done("Session ended.", details_address(session))


def _not_in_office(user: Any) -> str | None:
    return None if user.may_enter_office else "Only active people of the office sign in."


@screen(User)
class UserView(TableView):
    """People: customers, instructors, admins."""

    group, icon, title, singular = "Learners", "people", "People", "person"
    question = "Who are our customers, trainers and colleagues, and how do we reach them?"
    column_list = ("full_name", "email", "phone", "company_name", "role", "is_active", "created_at")
    column_labels = {"full_name": "Name"}
    column_searchable_list = ("full_name", "email", "phone", "company_name")
    column_filters = ("role", "is_active", "last_login", "created_at")
    default_order = (("created_at", True),)
    scopes = {
        "customers": ListScope("Customers", lambda: User.role == Role.CUSTOMER),
        "office": ListScope("Office", lambda: User.role != Role.CUSTOMER),
        "inactive": ListScope("Deactivated", lambda: User.is_active.is_(False)),
    }
    form_groups = (
        ("Person", ("first_name", "last_name", "email", "phone", "company_name"), ""),
        ("Letters", ("reminders_opt_out", "marketing_consent_at"), ""),
        ("Sign-in", ("role", "must_change_password"), ""),
    )
    not_in_form = {
        "password_hash": "set by the person, by a reset link",
        "is_active": "changed by Activate and Deactivate, which end sessions",
        "last_login": "written at sign-in",
        "erased_at": "written by the erasure",
    }
    panels = PERSON_PANELS
    actions = (
        Action(
            name="deactivate",
            undone_by="activate",
            label="Deactivate",
            question="These people can no longer sign in; their open sessions end at once.",
            run=_deactivate,
            hindrance=lambda user: None if user.is_active else "Not active.",
            is_dangerous=True,
        ),
        Action(
            name="activate",
            undone_by="deactivate",
            label="Activate",
            question="These people may sign in again, as their role allows.",
            run=_activate,
            hindrance=lambda user: "Active already." if user.is_active else None,
        ),
        Action(
            name="unlock",
            label="Unlock sign-in",
            question="The lock after five wrong passwords ends at once.",
            run=_unlock,
            hindrance=_not_in_office,
        ),
        Action(
            name="send_password_reset",
            label="Send password reset",
            question="Each gets a letter with a link that works once, for one hour.",
            run=_send_reset,
            hindrance=_not_in_office,
            consequences=lambda users: Consequences(
                letters=[letter_to("password_reset", user.email) for user in users]
            ),
        ),
    )

    def headline(self, row: Any) -> list[Figure]:
        """Return the few numbers that tell where the row stands."""
        return person_page.figures_of(row)

    def notices(self, row: Any) -> list[Notice]:
        """Return what wants to be done with the row."""
        return person_page.notices_of(row)

    def timeline(self, row: Any) -> list[Source]:
        """Return what the row's timeline is made of."""
        return person_page.sources_of(row)

    def save_new(self, form: Any) -> Any:
        """Store a person; the address must be free.

        :raises EmailTaken: if somebody has it.
        """
        if sessions.find_user(form.email.data) is not None:
            raise EmailTaken
        return super().save_new(form)


@screen(AdminSession)
class AdminSessionView(TableView):
    """Open and past sessions, and failed attempts."""

    group, icon, title, singular = "System", "key", "Sessions", "session"
    question = "Who is signed in, from where, and who tried and failed?"
    read_only_because = "Written by sign-in; a session can only be ended."
    column_list = (
        "user_id",
        "ip_address",
        "is_active",
        "last_activity",
        "failed_attempts",
        "locked_until",
    )
    column_searchable_list = ("user.email", "ip_address")
    column_filters = ("user_id", "is_active", "last_activity")
    default_order = (("last_activity", True),)
    main_date = "last_activity"
    scopes = {
        "open": ListScope(
            "Open",
            lambda: AdminSession.is_active.is_(True) & (AdminSession.expires_at > clock.now()),
        ),
        "failed": ListScope("Failed attempts", lambda: AdminSession.failed_attempts > 0),
    }
    actions = (
        Action(
            name="end_session",
            label="End session",
            question="Whoever uses these sessions has to sign in again.",
            run=_end_session,
            hindrance=lambda row: None if row.is_active else "Ended already.",
            is_dangerous=True,
        ),
    )


@screen(AdminActivityLog)
class AuditView(TableView):
    """The audit log."""

    group, icon, title, singular = "System", "shield", "Audit log", "entry"
    question = "Who changed what, when, and why?"
    read_only_because = "The audit log is append-only: the database itself refuses changes."
    column_list = (
        "action",
        "entity_type",
        "entity_id",
        "user_id",
        "actor_label",
        "reason",
        "created_at",
    )
    column_labels = {"created_at": "When"}
    column_searchable_list = ("action", "entity_type", "actor_label", "request_id")
    column_filters = ("user_id", "action", "entity_type", "created_at")
    default_order = (("id", True),)
    main_date = "created_at"

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Lead to the row that it is about, if it has a screen and is still there."""
        view = view_of(row.entity_type)
        if view is None or row.entity_id is None or row.action == "deleted":
            return []
        return [(f"Open the {view.one}", view.details_url(row.entity_id))]


class PasswordResetView(TableView):
    """Reset links."""

    group, icon, singular = "System", "key", "password reset"
    question = "Who asked for a new password, and was the link used?"
    read_only_because = "Written by “Forgotten your password?”; the links themselves are secret."
    column_list = ("user_id", "created_at", "expires_at", "used", "used_at", "ip_address")
    column_searchable_list = ("user.email", "user.full_name")
    column_filters = ("user_id", "used", "created_at")
    default_order = (("created_at", True),)


register(PasswordReset, PasswordResetView)
