"""Tokens: random ones kept as hashes, signed ones that carry a row and its version."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

RANDOM_BYTES = 32


@dataclass(frozen=True)
class SignedRow:
    """What a signed link says: which row, and at which version of its links."""

    row_id: int
    version: int


def new_token() -> str:
    """Return an unguessable token for a cookie or a link."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def hash_token(token: str) -> str:
    """Return what the database keeps of a token: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign(purpose: str, content: Any) -> str:
    """Return a signed token that says something for one purpose: plain values, readable by all."""
    token: str = _serializer(purpose).dumps(content)
    return token


def read_signed(purpose: str, token: str, *, max_age_seconds: int) -> Any:
    """Return what the token says, or None if it is forged, expired or of another purpose."""
    try:
        return _serializer(purpose).loads(token, max_age=max_age_seconds)
    except (BadSignature, ValueError, TypeError):
        return None


def sign_row(purpose: str, row_id: int, *, version: int = 0) -> str:
    """Return a signed token for one row and one purpose."""
    return sign(purpose, [row_id, version])


def read_row(purpose: str, token: str, *, max_age_seconds: int) -> SignedRow | None:
    """Return what the token says, or None if it is forged, expired or of another purpose."""
    match read_signed(purpose, token, max_age_seconds=max_age_seconds):
        case [int(row_id), int(version)]:
            return SignedRow(row_id=row_id, version=version)
    return None


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    # itsdangerous signs with the last key of the list and accepts them all.
    keys = list(reversed(current_app.config["RFT"].secret_keys))
    return URLSafeTimedSerializer(keys, salt=f"rft|{purpose}")
