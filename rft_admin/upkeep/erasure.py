"""Blanking a person: what the law lets us keep stays, without a name where it can."""

from datetime import datetime

from sqlalchemy import or_, select, text, update

from rft_admin.accounts.models import ERASED, User
from rft_admin.bookings.models import (
    Booking,
    BookingAttendee,
    BookingInquiry,
    SpecialRequirement,
)
from rft_admin.bookings.note_models import OfficeNote
from rft_admin.core.database import Model, db
from rft_admin.messaging.models import EmailLog, Notification

#: Customers of whom nothing is left but their own row.
_FORGOTTEN = text("""
    SELECT u.id FROM users u
    WHERE u.role = 'customer' AND u.erased_at IS NULL
    AND u.created_at < :before AND u.updated_at < :before
    AND NOT EXISTS (SELECT FROM bookings b WHERE b.user_id = u.id)
    AND NOT EXISTS (SELECT FROM booking_attendees a WHERE a.user_id = u.id)
    AND NOT EXISTS (SELECT FROM booking_inquiries i WHERE i.email = u.email)
    AND NOT EXISTS (SELECT FROM certificates c WHERE c.user_id = u.id)
    AND NOT EXISTS (SELECT FROM course_schedules s WHERE s.private_for_user_id = u.id)
    ORDER BY u.id LIMIT 500
""")
_REDACT = text("""
    UPDATE admin_activity_logs
    SET changes = '{"erased": true}', ip_address = :erased, user_agent = :erased,
        actor_label = :erased
    WHERE entity_type = :table AND entity_id = ANY(:ids) AND changes <> '{"erased": true}'
""")
#: What was said of these rows when an action took them, and the letter or reason typed for it.
_BLANK_RUNS = text("""
    WITH touched AS (
        UPDATE action_run_rows r SET words = '' FROM action_runs a
        WHERE a.id = r.action_run_id AND a.entity_type = :table AND r.entity_id = ANY(:ids)
        RETURNING a.id
    )
    UPDATE action_runs SET fields = '{}' WHERE status <> 'running'
    AND id IN (SELECT id FROM touched)
""")
#: Entries of other rows, an invoice's for instance, that quote the address.
_REDACT_QUOTES = text("""
    UPDATE admin_activity_logs SET changes = '{"erased": true}'
    WHERE strpos(lower(changes::text), lower(:email)) > 0
""")
_BLANK_EVENTS = text("""
    UPDATE stripe_events SET payload = '{}'
    WHERE processed_at IS NOT NULL AND strpos(lower(payload::text), lower(:email)) > 0
""")


def blank(user: User, *, now: datetime) -> None:
    """Blank a customer's details wherever they stand, and redact the trail of those rows.

    Other people of a party keep theirs: they have rights of their own.
    """
    old_email = user.email
    bookings = list(db.session.scalars(select(Booking).where(Booking.user_id == user.id)))
    touched: list[Model] = [user, *bookings, *_delete_notes(user)]
    touched += _blank_places(user)
    touched += _blank_inquiries(user)
    touched += _blank_letters(user, [booking.id for booking in bookings])
    for booking in bookings:
        _blank_booking(booking)
    _blank_user(user, now)
    db.session.execute(_BLANK_EVENTS, {"email": old_email})
    db.session.flush()
    _redact(touched)
    db.session.execute(_REDACT_QUOTES, {"email": old_email})


def blank_forgotten(*, before: datetime, now: datetime) -> int:
    """Blank customers of whom nothing is left since that moment; return how many."""
    users = [
        db.session.get_one(User, user_id)
        for user_id in db.session.scalars(_FORGOTTEN, {"before": before}).all()
    ]
    for user in users:
        blank(user, now=now)
    return len(users)


def places_of(user: User) -> list[BookingAttendee]:
    """Return the places on which the person sits, in whoever's booking."""
    own = or_(BookingAttendee.user_id == user.id, BookingAttendee.email == user.email)
    return list(db.session.scalars(select(BookingAttendee).where(own).order_by(BookingAttendee.id)))


def requirements_of(user: User) -> list[SpecialRequirement]:
    """Return what the person told of needs, and what was told for his own places."""
    places = [place.id for place in places_of(user)]
    own = or_(SpecialRequirement.user_id == user.id, SpecialRequirement.attendee_id.in_(places))
    return list(
        db.session.scalars(select(SpecialRequirement).where(own).order_by(SpecialRequirement.id))
    )


def notes_of(user: User) -> list[OfficeNote]:
    """Return what the office wrote down about the person, his bookings and his inquiries.

    And, on whatever it stands, what quotes his address.
    """
    bookings = select(Booking.id).where(Booking.user_id == user.id)
    inquiries = select(BookingInquiry.id).where(BookingInquiry.email == user.email)
    about = or_(
        OfficeNote.user_id == user.id,
        OfficeNote.booking_id.in_(bookings),
        OfficeNote.inquiry_id.in_(inquiries),
        OfficeNote.text.icontains(user.email, autoescape=True),
    )
    return list(db.session.scalars(select(OfficeNote).where(about).order_by(OfficeNote.id)))


def _delete_notes(user: User) -> list[OfficeNote]:
    notes = notes_of(user)
    for note in notes:
        db.session.delete(note)
    return notes


def _blank_booking(booking: Booking) -> None:
    booking.contact_first_name = booking.contact_last_name = booking.contact_phone = ""
    booking.company_name = booking.purchase_order = ""
    # Links that were sent open nothing any more.
    booking.links_version += 1
    db.session.execute(
        update(Notification).where(Notification.booking_id == booking.id).values(message="")
    )


def _blank_places(user: User) -> list[Model]:
    needs = requirements_of(user)
    places = places_of(user)
    for requirement in needs:
        requirement.details = ""
    for place in places:
        place.first_name = place.last_name = place.email = None
    return [*needs, *places]


def _blank_inquiries(user: User) -> list[BookingInquiry]:
    inquiries = list(
        db.session.scalars(select(BookingInquiry).where(BookingInquiry.email == user.email))
    )
    for inquiry in inquiries:
        inquiry.email = _erased_email(user)
        inquiry.first_name = inquiry.last_name = inquiry.phone = ""
        inquiry.company_name = inquiry.questions = ""
        inquiry.response = None
    return inquiries


def _blank_letters(user: User, booking_ids: list[int]) -> list[EmailLog]:
    own = or_(EmailLog.recipient_email == user.email, EmailLog.booking_id.in_(booking_ids))
    letters = list(db.session.scalars(select(EmailLog).where(own)))
    for letter in letters:
        if letter.recipient_email.lower() == user.email.lower():
            letter.recipient_email = _erased_email(user)
        letter.subject = letter.body_text = letter.body_html = ""
        letter.personal_link = {}
        letter.attachments = []
    return letters


def _blank_user(user: User, now: datetime) -> None:
    user.email = _erased_email(user)
    user.first_name = user.phone = user.company_name = ""
    user.last_name = user.password_hash = user.marketing_consent_at = None
    user.is_active = False
    user.erased_at = now


def _erased_email(user: User) -> str:
    return f"erased-{user.id}@invalid"


def _redact(rows: list[Model]) -> None:
    """Redact the trail of these rows: that something happened stays, and its digest."""
    ids: dict[str, list[int]] = {}
    for row in rows:
        ids.setdefault(row.__tablename__, []).append(row.id)
    for table, row_ids in ids.items():
        db.session.execute(_REDACT, {"erased": ERASED, "table": table, "ids": row_ids})
        db.session.execute(_BLANK_RUNS, {"table": table, "ids": row_ids})
