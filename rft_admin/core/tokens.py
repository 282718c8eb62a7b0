"""Tokens: random ones kept as hashes, signed ones that carry a row and its version."""

import hashlib
import secrets
from dataclasses import dataclass

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


def sign_row(purpose: str, row_id: int, *, version: int = 0) -> str:
    """Return a signed token for one row and one purpose."""
    token: str = _serializer(purpose).dumps([row_id, version])
    return token


def read_row(purpose: str, token: str, *, max_age_seconds: int) -> SignedRow | None:
    """Return what the token says, or None if it is forged, expired or of another purpose."""
    try:
        row_id, version = _serializer(purpose).loads(token, max_age=max_age_seconds)
    except (BadSignature, ValueError, TypeError):
        return None
    return SignedRow(row_id=int(row_id), version=int(version))


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    # itsdangerous signs with the last key of the list and accepts them all.
    keys = list(reversed(current_app.config["RFT"].secret_keys))
    return URLSafeTimedSerializer(keys, salt=f"rft|{purpose}")
