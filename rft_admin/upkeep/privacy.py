"""A person's rights: all that is stored of him, and its erasure (UK GDPR, articles 15 and 17)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from rft_admin.accounts import audit, sessions
from rft_admin.accounts.models import ERASED, Role, User
from rft_admin.bookings import requirements
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    BookingInquiry,
    SpecialRequirement,
)
from rft_admin.core.actor import Actor
from rft_admin.core.database import Model, db
from rft_admin.core.errors import DomainError
from rft_admin.core.files import StoredFile
from rft_admin.delivery.models import AttendanceRecord, Certificate
from rft_admin.messaging.models import EmailLog, Notification
from rft_admin.payments.models import Invoice, PaymentTransaction, Refund

#: Never in an export: what opens doors, and what belongs to the system.
SECRET_COLUMNS = frozenset({"password_hash", "row_version", "content", "personal_link"})

MONEY = "payments, refunds and invoices: six years after the tax year (Taxes Management Act 1970)"
CERTIFICATES = "certificates and attendance: three years after expiry (proof of qualification)"


class StillComing(DomainError):
    """This person has a booking that is still to come. Cancel it first."""


class WorksHere(DomainError):
    """This person works here. Deactivate the account and make it a customer's first."""


@dataclass(frozen=True)
class Export:
    """All that is stored of a person."""

    record: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)


def export(user: User, *, now: datetime, by: Actor) -> Export:
    """Return all that is stored of a person: rows by table, and PDFs."""
    rows = {name: [_plain(row) for row in found] for name, found in _rows_of(user).items()}
    for row, written in zip(
        _rows_of(user)["special_requirements"], rows["special_requirements"], strict=True
    ):
        written["details"] = requirements.read(row, by=by)  # type: ignore[arg-type] # that table's rows
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
    if _has_coming(user, now):
        raise StillComing
    kept = _kept(user)
    _blank_bookings(user)
    sessions.end_all(user, now=now, by=by)
    old_email = user.email
    _blank_user(user, now)
    _blank_letters(old_email, user)
    db.session.flush()
    _redact_audit(user)
    audit.record("erased", by=by, entity=user, changes={"kept": kept})
    return kept


def _rows_of(user: User) -> dict[str, list[Model]]:
    bookings = select(Booking.id).where(Booking.user_id == user.id)
    questions = {
        "bookings": select(Booking).where(Booking.user_id == user.id),
        "booking_attendees": select(BookingAttendee).where(
            (BookingAttendee.user_id == user.id) | BookingAttendee.booking_id.in_(bookings)
        ),
        "special_requirements": select(SpecialRequirement).where(
            SpecialRequirement.user_id == user.id
        ),
        "booking_inquiries": select(BookingInquiry).where(BookingInquiry.email == user.email),
        "payment_transactions": select(PaymentTransaction).where(
            PaymentTransaction.booking_id.in_(bookings)
        ),
        "refunds": select(Refund).where(Refund.user_id == user.id),
        "invoices": select(Invoice).where(Invoice.booking_id.in_(bookings)),
        "attendance_records": select(AttendanceRecord).where(AttendanceRecord.user_id == user.id),
        "certificates": select(Certificate).where(Certificate.user_id == user.id),
        "email_logs": select(EmailLog).where(EmailLog.recipient_email == user.email),
        "notifications": select(Notification).where(Notification.user_id == user.id),
    }
    return {name: list(db.session.scalars(query)) for name, query in questions.items()}


def _files_of(user: User) -> list[StoredFile]:
    certificates = select(Certificate.stored_file_id).where(Certificate.user_id == user.id)
    invoices = (
        select(Invoice.stored_file_id)
        .join(Booking, Booking.id == Invoice.booking_id)
        .where(Booking.user_id == user.id)
    )
    files = select(StoredFile).where(StoredFile.id.in_(certificates) | StoredFile.id.in_(invoices))
    return list(db.session.scalars(files.order_by(StoredFile.id)))


def _plain(row: Model) -> dict[str, Any]:
    return {
        column.key: getattr(row, column.key)
        for column in row.__mapper__.column_attrs
        if column.key not in SECRET_COLUMNS
    }


def _has_coming(user: User, now: datetime) -> bool:
    coming = text(
        "SELECT EXISTS (SELECT FROM bookings b JOIN course_schedules s"
        " ON s.id = b.course_schedule_id WHERE b.user_id = :user AND s.end_datetime > :now"
        " AND b.status IN ('pending', 'confirmed'))"
    )
    return bool(db.session.scalar(coming, {"user": user.id, "now": now}))


def _kept(user: User) -> list[str]:
    rows = _rows_of(user)
    kept = []
    if rows["payment_transactions"] or rows["invoices"]:
        kept.append(MONEY)
    if rows["certificates"] or rows["attendance_records"]:
        kept.append(CERTIFICATES)
    return kept


def _blank_bookings(user: User) -> None:
    for booking in db.session.scalars(select(Booking).where(Booking.user_id == user.id)):
        booking.contact_first_name = booking.contact_last_name = booking.contact_phone = ""
        booking.links_version += 1
        for attendee in booking.attendees:
            attendee.first_name = attendee.last_name = attendee.email = None
    for requirement in db.session.scalars(
        select(SpecialRequirement).where(SpecialRequirement.user_id == user.id)
    ):
        requirement.details = ""
    for inquiry in db.session.scalars(
        select(BookingInquiry).where(BookingInquiry.email == user.email)
    ):
        inquiry.first_name = inquiry.last_name = inquiry.phone = inquiry.questions = ""
        inquiry.email = _erased_email(user)


def _blank_user(user: User, now: datetime) -> None:
    user.email = _erased_email(user)
    user.first_name = ""
    user.last_name = user.password_hash = user.marketing_consent_at = None
    user.phone = user.company_name = ""
    user.is_active = False
    user.erased_at = now


def _blank_letters(old_email: str, user: User) -> None:
    for letter in db.session.scalars(select(EmailLog).where(EmailLog.recipient_email == old_email)):
        letter.recipient_email = _erased_email(user)
        letter.subject = letter.body_text = letter.body_html = ""


def _erased_email(user: User) -> str:
    return f"erased-{user.id}@invalid"


def _redact_audit(user: User) -> None:
    """Redact the trail of the person's own row: the digests stay, the names go."""
    db.session.execute(
        text(
            "UPDATE admin_activity_logs SET changes = '{\"erased\": true}', ip_address = :erased,"
            " user_agent = :erased, actor_label = :erased"
            " WHERE entity_type = 'users' AND entity_id = :user"
        ),
        {"erased": ERASED, "user": user.id},
    )
    db.session.expire_all()
