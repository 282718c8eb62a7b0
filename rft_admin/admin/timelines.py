"""What the timelines of bookings, people, dates and inquiries are made of."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import Select, String, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import joinedload

from rft_admin.accounts.models import AdminActivityLog
from rft_admin.admin import history
from rft_admin.admin.cells import badge, show, tone_of
from rft_admin.admin.registry import details_address
from rft_admin.admin.timeline import Source, Told, each
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    BookingInquiry,
    BookingSource,
    SpecialRequirement,
)
from rft_admin.bookings.note_models import OfficeNote
from rft_admin.core.database import db
from rft_admin.core.formats import format_short_date
from rft_admin.core.money import format_pounds
from rft_admin.delivery.models import AttendanceRecord, Certificate
from rft_admin.messaging.models import EmailLog
from rft_admin.payments.models import Invoice, InvoiceKind, PaymentTransaction, Refund

#: Fields whose change tells the office nothing that is not told by an event of its own.
BORING = (
    "certificate_issued",
    "confirmation_sent",
    "current_capacity",
    "decision_asked_at",
    "hold_expires_at",
    "last_login",
    "links_version",
    "reminder_sent",
)
#: So many fields stand in a line of the timeline; the history has them all.
MOST_FIELDS = 4
SOURCES = {
    BookingSource.PUBLIC: "on the website",
    BookingSource.ADMIN: "through the office",
    BookingSource.INQUIRY: "from an inquiry",
    BookingSource.IMPORT: "imported",
}
EMPTY = Markup('<span class="muted">empty</span>')


def of_bookings(bookings: Select[Any]) -> list[Source]:
    """Return the sources of what happened around some bookings.

    :param bookings: selects their ids.
    """
    return [
        Source(Booking, Booking.created_at, Booking.id.in_(bookings), each(_booked)),
        Source(
            BookingInquiry,
            BookingInquiry.created_at,
            BookingInquiry.booking_id.in_(bookings),
            each(_asked),
        ),
        *_money(bookings),
        letters(EmailLog.booking_id.in_(bookings)),
        Source(
            SpecialRequirement,
            SpecialRequirement.created_at,
            SpecialRequirement.booking_id.in_(bookings),
            each(_needed),
        ),
        marks(AttendanceRecord.booking_id.in_(bookings)),
        *certificates(Certificate.booking_id.in_(bookings)),
        notes(OfficeNote.booking_id.in_(bookings)),
        changes(_of(Booking, bookings)),
        changes(_of(BookingAttendee, _parts_of(BookingAttendee, bookings))),
    ]


def of_inquiries(inquiries: Select[Any]) -> list[Source]:
    """Return the sources of what happened around some inquiries.

    :param inquiries: selects their ids.
    """
    return [
        Source(
            BookingInquiry,
            BookingInquiry.created_at,
            BookingInquiry.id.in_(inquiries),
            each(_asked),
        ),
        notes(OfficeNote.inquiry_id.in_(inquiries)),
        changes(_of(BookingInquiry, inquiries)),
    ]


def letters(belongs: Any) -> Source:
    """Return the letters as a source: when they went out, else when they were queued."""
    at = func.coalesce(EmailLog.sent_at, EmailLog.created_at)
    return Source(EmailLog, at, belongs, each(_written))


def marks(belongs: Any) -> Source:
    """Return the register's marks as a source."""
    loads = (joinedload(AttendanceRecord.marked_by),)
    return Source(AttendanceRecord, AttendanceRecord.updated_at, belongs, each(_marked), loads)


def certificates(belongs: Any) -> list[Source]:
    """Return the certificates as sources: issued, and revoked."""
    return [
        Source(Certificate, Certificate.created_at, belongs, each(_issued)),
        Source(Certificate, Certificate.revoked_at, belongs, each(_revoked)),
    ]


def notes(belongs: Any) -> Source:
    """Return the office's notes as a source."""
    loads = (joinedload(OfficeNote.author),)
    return Source(OfficeNote, OfficeNote.created_at, belongs, each(_noted), loads)


def changes(belongs: Any) -> Source:
    """Return what people and jobs changed as a source: the audit without its trifles."""
    log = AdminActivityLog
    without = log.changes.op("-", return_type=JSONB())(literal(list(BORING), ARRAY(String)))
    worth = without != literal({}, JSONB())
    condition = belongs & worth & (log.action != "created")
    return Source(log, log.created_at, condition, _changed, (joinedload(log.user),))


def by_maker(tell: Callable[[Any], Told]) -> Callable[[Sequence[Any]], list[Told]]:
    """Let a source's rows be told one by one, with who made each, as the audit knows."""

    def told(rows: Sequence[Any]) -> list[Told]:
        makers = _makers(rows)
        return [replace(tell(row), by=makers.get(row.id, "")) for row in rows]

    return told


def _makers(rows: Sequence[Any]) -> dict[int | None, Markup]:
    if not rows:
        return {}
    log = AdminActivityLog
    first = (
        select(func.min(log.id))
        .where(log.entity_type == rows[0].__tablename__, log.entity_id.in_({r.id for r in rows}))
        .group_by(log.entity_id)
    )
    entries = select(log).where(log.id.in_(first)).options(joinedload(log.user))
    return {entry.entity_id: history.actor_of(entry) for entry in db.session.scalars(entries)}


def changes_of(model: Any, ids: Select[Any]) -> Source:
    """Return what was changed in some rows of a table as a source."""
    return changes(_of(model, ids))


def _of(model: Any, ids: Select[Any]) -> Any:
    log = AdminActivityLog
    return (log.entity_type == model.__tablename__) & log.entity_id.in_(ids)


def _parts_of(model: Any, bookings: Select[Any]) -> Select[Any]:
    return select(model.id).where(model.booking_id.in_(bookings))


def _money(bookings: Select[Any]) -> list[Source]:
    refunds = Refund.booking_id.in_(bookings)
    ids = select(Refund.id).where(refunds)
    named = AdminActivityLog.action.startswith("refund_")
    return [
        Source(
            PaymentTransaction,
            PaymentTransaction.created_at,
            PaymentTransaction.booking_id.in_(bookings),
            by_maker(_paid),
        ),
        Source(Invoice, Invoice.created_at, Invoice.booking_id.in_(bookings), each(_billed)),
        Source(Refund, Refund.requested_at, refunds, by_maker(_refund_requested)),
        Source(Refund, Refund.completed_at, refunds, each(_refunded)),
        changes(_of(Refund, ids) & named),
    ]


def _link(row: Any) -> Markup:
    return show(row, "reference")


def _places(number: int) -> str:
    return "1 place" if number == 1 else f"{number} places"


def _booked(booking: Any) -> Told:
    words = Markup("{} booked: {} for {}").format(
        _link(booking),
        _places(booking.number_of_places),
        format_pounds(booking.payment_amount),
    )
    return Told(
        "ticket", words, by=Markup("{}, {}").format(booking.contact_name, SOURCES[booking.source])
    )


def _asked(inquiry: Any) -> Told:
    people = f"{inquiry.number_of_people} people" if inquiry.number_of_people > 1 else "1 person"
    return Told(
        "question",
        Markup("Inquiry {} for {}").format(_link(inquiry), people),
        inquiry.questions,
        by=f"{inquiry.first_name} {inquiry.last_name}".strip(),
    )


def _paid(payment: Any) -> Told:
    words = Markup("{} by {} {}").format(
        _link_named(payment, f"Payment of {format_pounds(payment.amount)}"),
        payment.payment_method,
        badge(payment.status),
    )
    return Told("card", words, payment.failure_message or "", _tone(payment))


def _billed(invoice: Any) -> Told:
    kind = "Invoice" if invoice.kind is InvoiceKind.INVOICE else "Credit note"
    due = f", due {format_short_date(invoice.due_date)}" if invoice.due_date else ""
    words = Markup("{} {} of {}{}").format(kind, _link(invoice), format_pounds(invoice.total), due)
    return Told("file", words)


def _refund_requested(refund: Any) -> Told:
    words = Markup("Refund {} of {} asked for {}").format(
        _link(refund),
        format_pounds(refund.net_refund),
        badge(refund.status),
    )
    return Told("undo", words, refund.reason, _tone(refund))


def _refunded(refund: Any) -> Told:
    words = Markup("{} sent back, refund {}").format(
        format_pounds(refund.net_refund), _link(refund)
    )
    return Told("undo", words, tone="good")


def _written(letter: Any) -> Told:
    words = Markup("Letter {} {}").format(
        _link_named(letter, letter.subject or "without text"), badge(letter.status)
    )
    detail = Markup("to {}").format(show(letter.recipient_email, "email"))
    if letter.error_message:
        detail += Markup(": {}").format(letter.error_message)
    return Told("mail", words, detail, _tone(letter))


def _needed(requirement: Any) -> Told:
    words = Markup("{} told {}").format(_link(requirement), badge(requirement.severity))
    return Told("heart", words)


def _marked(record: Any) -> Told:
    words = Markup("{} on {}: {}").format(
        record.attendee,
        _link_named(record, format_short_date(record.session_date)),
        badge(record.status),
    )
    return Told("check", words, record.trainer_feedback, _tone(record), _by(record.marked_by))


def _issued(certificate: Any) -> Told:
    words = Markup("Certificate {} issued to {}").format(
        _link(certificate), certificate.holder_name
    )
    return Told("award", words, tone="good")


def _revoked(certificate: Any) -> Told:
    words = Markup("Certificate {} revoked").format(_link(certificate))
    return Told("award", words, certificate.revocation_reason or "", "bad")


def _noted(note: Any) -> Told:
    return Told("note", _link_named(note, "Note"), note.text, by=_by(note.author))


def _changed(entries: Sequence[Any]) -> list[Told]:
    """Tell of entries of the audit: what was done, to what, old to new, and why."""
    return [_act(act) for act in history.entries_in_words(entries)]


def _act(act: history.Act) -> Told:
    [row] = act.rows
    done = f"{act.words[:1].lower()}{act.words[1:]}"
    words = Markup("{}: {}").format(row.title, done) if row.title else escape(act.words)
    told = [field for field in row.fields if field.name not in BORING]
    shown = [field for field in told if not field.is_hidden][:MOST_FIELDS]
    lines = [_field(field) for field in shown]
    if act.reason:
        lines.insert(0, Markup("Reason: {}").format(act.reason))
    if len(told) > len(shown):
        more = len(told) - len(shown)
        lines.append(Markup("and {} more field{}").format(more, "" if more == 1 else "s"))
    return Told("edit", words, Markup("<br>").join(lines), by=act.by)


def _field(field: history.FieldChange) -> Markup:
    if field.both is not None:
        return Markup("{}: {}").format(field.label, field.both)
    if field.old is None:
        return Markup("{}: {}").format(field.label, EMPTY if field.new is None else field.new)
    return Markup("{}: {} → {}").format(
        field.label, field.old, EMPTY if field.new is None else field.new
    )


def _link_named(row: Any, words: str) -> Markup:
    """Return the row's link under other words than its title."""
    address = details_address(row)
    return (
        Markup('<a href="{}">{}</a>').format(address, words)
        if address
        else Markup("{}").format(words)
    )


def _by(user: Any) -> Markup | str:
    return _link(user) if user is not None else ""


def _tone(row: Any) -> str:
    tone = tone_of(row.status)
    return tone if tone in {"good", "bad", "warn"} else ""
