"""Encryption at rest: AES-256-GCM, bound to the row it belongs to, with key rotation."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

NONCE_BYTES = 12


class CannotDecrypt(Exception):
    """The text was moved, damaged, or its key is gone."""


def encrypt(plain: str, *, context: str) -> str:
    """Return `key id:base64` of the text under the current key.

    :param context: `table|column|row id`; the text opens only with the same.
    """
    key_id, key = next(iter(_keys().items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, plain.encode(), context.encode())
    return f"{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def decrypt(stored: str, *, context: str) -> str:
    """Return the text that :func:`encrypt` sealed for the same context.

    :raises CannotDecrypt: if it was sealed for another row, was damaged, or its key is gone.
    """
    key_id, _, encoded = stored.partition(":")
    if key_id not in _keys():
        raise CannotDecrypt(f"There is no key {key_id!r} in FIELD_ENCRYPTION_KEYS.")
    sealed = base64.b64decode(encoded)
    try:
        plain = AESGCM(_keys()[key_id]).decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode()
        )
    except InvalidTag as error:
        raise CannotDecrypt("The stored text does not belong to this row.") from error
    return plain.decode()


def is_under_current_key(stored: str) -> bool:
    """Return whether the text needs no re-encryption after a key rotation."""
    return stored.partition(":")[0] == next(iter(_keys()))


def _keys() -> dict[str, bytes]:
    keys: dict[str, bytes] = current_app.config["RFT"].field_encryption_keys
    return keys
