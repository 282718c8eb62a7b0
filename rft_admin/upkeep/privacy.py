"""A person's rights: all that is stored of him, and its erasure (UK GDPR, articles 15 and 17)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, text

from rft_admin.accounts import audit, sessions
from rft_admin.accounts.models import Role, User
from rft_admin.bookings import requirements
from rft_admin.bookings.models import Booking, BookingInquiry, SpecialRequirement
from rft_admin.core.actor import Actor
from rft_admin.core.database import Model, db
from rft_admin.core.errors import DomainError
from rft_admin.core.files import StoredFile
from rft_admin.delivery.models import AttendanceRecord, Certificate
from rft_admin.messaging.models import EmailLog, Notification
from rft_admin.payments.models import Invoice, PaymentTransaction, Refund
from rft_admin.upkeep import erasure

#: Never in an export: what opens doors, and what the system keeps for itself.
LEFT_OUT = frozenset({"password_hash", "row_version", "personal_link", "idempotency_key"})

MONEY = "payments, refunds and invoices: six years after the tax year (Taxes Management Act 1970)"
CERTIFICATES = "certificates and attendance: three years after expiry (proof of qualification)"

_COMING = text("""
    SELECT EXISTS (
        SELECT FROM bookings b JOIN course_schedules s ON s.id = b.course_schedule_id
        WHERE b.user_id = :user AND s.end_datetime > :now AND b.status IN ('pending', 'confirmed')
    )
""")


class StillComing(DomainError):
    """This person has a booking that is still to come. Cancel it first."""


class WorksHere(DomainError):
    """This person works here. Deactivate the account and make it a customer's first."""


@dataclass(frozen=True)
class Export:
    """All that is stored of a person."""

    record: dict[str, Any]
    #: PDFs by their file names.
    files: dict[str, bytes] = field(default_factory=dict)


def export(user: User, *, now: datetime, by: Actor) -> Export:
    """Return all that is stored of a person: rows by table, and PDFs."""
    rows = {name: [_plain(row) for row in found] for name, found in _rows_of(user).items()}
    rows["special_requirements"] = [
        _plain_requirement(row, by=by) for row in erasure.requirements_of(user)
    ]
    files = {file.file_name: file.content for file in _files_of(user)}
    audit.record("exported", by=by, entity=user)
    return Export({"exported_at": now.isoformat(), "user": _plain(user), **rows}, files)


def erase(user: User, *, now: datetime, by: Actor) -> list[str]:
    """Blank a person's details everywhere; return what is kept, each with its reason.

    :raises WorksHere: for an admin or instructor.
    :raises StillComing: while a booking is still to come.
    """
    if user.role is not Role.CUSTOMER:
        raise WorksHere
    if db.session.scalar(_COMING, {"user": user.id, "now": now}):
        raise StillComing
    kept = _kept(user)
    sessions.end_all(user, now=now, by=by)
    erasure.blank(user, now=now)
    audit.record("erased", by=by, entity=user, changes={"kept": kept})
    return kept


def _rows_of(user: User) -> dict[str, Sequence[Model]]:
    bookings = select(Booking.id).where(Booking.user_id == user.id)
    places = [place.id for place in erasure.places_of(user)]
    questions = {
        "bookings": select(Booking).where(Booking.user_id == user.id),
        "booking_inquiries": select(BookingInquiry).where(BookingInquiry.email == user.email),
        "payment_transactions": select(PaymentTransaction).where(
            PaymentTransaction.booking_id.in_(bookings)
        ),
        "refunds": select(Refund).where(Refund.user_id == user.id),
        "invoices": select(Invoice).where(Invoice.booking_id.in_(bookings)),
        "attendance_records": select(AttendanceRecord).where(
            or_(AttendanceRecord.user_id == user.id, AttendanceRecord.attendee_id.in_(places))
        ),
        "certificates": select(Certificate).where(
            or_(Certificate.user_id == user.id, Certificate.attendee_id.in_(places))
        ),
        "email_logs": select(EmailLog).where(EmailLog.recipient_email == user.email),
        "notifications": select(Notification).where(Notification.user_id == user.id),
    }
    rows: dict[str, Sequence[Model]] = {
        name: db.session.scalars(question).all() for name, question in questions.items()
    }
    return rows | {
        "booking_attendees": erasure.places_of(user),
        "office_notes": erasure.notes_of(user),
    }


def _files_of(user: User) -> Sequence[StoredFile]:
    rows = _rows_of(user)
    documents: list[Any] = [*rows["certificates"], *rows["invoices"]]
    ids = {document.stored_file_id for document in documents} - {None}
    files = select(StoredFile).where(StoredFile.id.in_(ids)).order_by(StoredFile.id)
    return db.session.scalars(files).all()


def _plain(row: Model) -> dict[str, Any]:
    return {
        column.key: getattr(row, column.key)
        for column in row.__mapper__.column_attrs
        if column.key not in LEFT_OUT
    }


def _plain_requirement(requirement: SpecialRequirement, *, by: Actor) -> dict[str, Any]:
    """Return the requirement with its details in plain text; the look is logged."""
    details = requirements.read(requirement, by=by) if requirement.details else ""
    return _plain(requirement) | {"details": details}


def _kept(user: User) -> list[str]:
    rows = _rows_of(user)
    kept = []
    if rows["payment_transactions"] or rows["invoices"]:
        kept.append(MONEY)
    if rows["certificates"] or rows["attendance_records"]:
        kept.append(CERTIFICATES)
    return kept
