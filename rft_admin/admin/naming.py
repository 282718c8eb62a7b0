"""The words of the screens: labels of columns, tables and statuses, derived from their names."""

import re
from enum import Enum

from rft_admin.core.formats import label_of

#: Words that a column's name does not give by itself.
LABELS = {
    "id": "No.",
    "accepted_at": "Accepted",
    "action_url": "Link",
    "address_line1": "Address line 1",
    "address_line2": "Address line 2",
    "allows_concurrent": "Several courses at once",
    "body_html": "HTML text",
    "body_text": "Text",
    "bookings_count": "Bookings",
    "changes_sha256": "Digest of the changes",
    "confirmation_sent": "Confirmation sent",
    "course_schedule_id": "Schedule",
    "course_session_id": "Schedule",
    "created_at": "Created",
    "created_by_id": "Created by",
    "current_capacity": "Places taken",
    "certificate_eligible": "Eligible for a certificate",
    "certification_validity_years": "Certificate valid (years)",
    "contact_hours": "Contact hours",
    "cv_url": "Link",
    "duration_hours": "Contact hours",
    "email": "E-mail",
    "recipient_email": "Recipient",
    "end_datetime": "Ends",
    "expires_at": "Expires",
    "external_number": "Awarding body's number",
    "file_url": "Link",
    "hold_expires_at": "Held until",
    "ip_address": "IP address",
    "issue_date": "Issued",
    "expiry_date": "Expires",
    "learners_per_trainer": "Learners per trainer",
    "livemode": "Live",
    "max_capacity": "Places on sale",
    "min_places": "Places needed to run",
    "net_refund": "Sent back",
    "number_of_places": "Places",
    "payment_amount": "Total",
    "payment_method_chosen": "Pays by",
    "pdf_sha256": "Digest of the PDF",
    "pdf_url": "PDF link",
    "price_per_place": "Price per place",
    "processing_fee": "Fee",
    "purge_after": "Deleted after",
    "resend_of_id": "Resend of",
    "share_with_trainer": "Shared with the trainer",
    "site_address": "Client's site",
    "start_datetime": "Starts",
    "stored_file_id": "Stored file",
    "superseded_by_id": "Replaced by",
    "updated_at": "Changed",
    "updated_by_id": "Changed by",
    "user_id": "Person",
}
#: Endings that tell the type, not the meaning.
SUFFIXES = ("_id", "_at")
#: Words written otherwise than in lower case.
SPELLINGS = {
    "stripe": "Stripe",
    "pdf": "PDF",
    "url": "link",
    "ip": "IP",
    "id": "ID",
    "html": "HTML",
    "json": "JSON",
    "sms": "SMS",
    "vat": "VAT",
    "email": "e-mail",
    "sha256": "SHA-256",
}


def label_of_column(name: str) -> str:
    """Return what people read above a column: "start_datetime" is "Starts"."""
    if name in LABELS:
        return LABELS[name]
    stem = name.removeprefix("is_") if name.startswith("is_") else name
    if not stem.startswith("stripe_"):
        for suffix in SUFFIXES:
            stem = stem.removesuffix(suffix)
    words = [SPELLINGS.get(word, word) for word in stem.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def label_of_table(name: str) -> str:
    """Return the words for a table: "course_schedule_days" is "Course schedule days"."""
    return name.replace("_", " ").capitalize()


def words_of(member: Enum | str) -> str:
    """Return a status in words; a proper name keeps its capitals: "CPR_AED" is "CPR AED"."""
    text = str(member.value if isinstance(member, Enum) else member)
    if text.islower():
        return label_of(member)
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text)
