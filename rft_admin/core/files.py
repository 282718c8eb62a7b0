"""Stored files: bytes in the database, because the platform's disk does not last."""

import hashlib
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, func, select
from sqlalchemy.orm import Mapped, deferred, mapped_column

from rft_admin.core.database import Model, db
from rft_admin.core.errors import DomainError

MEGABYTE = 1024 * 1024
MAX_FILE_BYTES = 10 * MEGABYTE
#: All files together: a quarter of the smallest plan's gigabyte.
MAX_TOTAL_BYTES = 256 * MEGABYTE


class FileTooLarge(DomainError):
    """The file is larger than 10 MB. Please store it elsewhere and enter its link."""


class StorageFull(DomainError):
    """The file store is full. Please delete reports or materials that are no longer needed."""


class StoredFile(Model):
    """The bytes of a certificate, an invoice, a report or an uploaded material."""

    __tablename__ = "stored_files"
    __table_args__ = (
        CheckConstraint("size = octet_length(content)", name="size"),
        CheckConstraint(f"size <= {MAX_FILE_BYTES}", name="size_limit"),
        Index("ix_stored_files_expires_at", "expires_at"),
    )

    file_name: Mapped[str]
    media_type: Mapped[str]
    #: Bytes.
    size: Mapped[int]
    #: SHA-256 of the content, hexadecimal.
    sha256: Mapped[str]
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary, info={"unquoted": True}))
    #: When the retention job may delete it; None is kept.
    expires_at: Mapped[datetime | None]


def store_file(
    *, file_name: str, media_type: str, content: bytes, expires_at: datetime | None = None
) -> StoredFile:
    """Store the bytes and return their row.

    :raises FileTooLarge: above 10 MB.
    :raises StorageFull: if all files together would pass the store's limit.
    """
    if len(content) > MAX_FILE_BYTES:
        raise FileTooLarge
    if total_bytes() + len(content) > MAX_TOTAL_BYTES:
        raise StorageFull
    stored = StoredFile(
        file_name=file_name,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        expires_at=expires_at,
    )
    db.session.add(stored)
    db.session.flush()
    return stored


def total_bytes() -> int:
    """Return the size of all stored files in bytes."""
    return int(db.session.scalar(select(func.coalesce(func.sum(StoredFile.size), 0))) or 0)
