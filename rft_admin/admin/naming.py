"""The words of the screens: labels of columns, tables and statuses, derived from their names."""

import re
from enum import Enum

from rft_admin.core.formats import label_of

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
    """Return what people read above a column of this name: "joining_notes" is "Joining notes".

    Where that does not do, the model says it: `mapped_column(info={"label": "Starts"})`.
    """
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
