"""Tests of stored files: whole, capped one by one and in all."""

import hashlib

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.core import files
from rft_admin.core.files import FileTooLarge, StorageFull, StoredFile, store_file


class TestStoreFile:
    def test_refuses_more_than_ten_megabytes(self, session: Session) -> None:
        with pytest.raises(FileTooLarge):
            _store(b"x" * (files.MAX_FILE_BYTES + 1))

        assert session.scalars(select(StoredFile)).all() == []

    def test_refuses_what_the_store_has_no_room_for(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "MAX_TOTAL_BYTES", 10)
        _store(b"123456")

        with pytest.raises(StorageFull):
            _store(b"12345")

        assert files.total_bytes() == 6

    def test_keeps_the_bytes_with_size_and_digest(self, session: Session) -> None:
        stored = _store(b"%PDF-\x00\xff")
        session.expire_all()

        assert stored.content == b"%PDF-\x00\xff"
        assert stored.size == 7
        assert stored.sha256 == hashlib.sha256(b"%PDF-\x00\xff").hexdigest()
        assert stored.expires_at is None


def _store(content: bytes) -> StoredFile:
    return store_file(file_name="a.pdf", media_type="application/pdf", content=content)
