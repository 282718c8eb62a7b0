"""Passwords: bcrypt over a digest of the whole password, so that none is too long or cut off."""

import base64
import hashlib
import hmac
import unicodedata
from functools import cache
from pathlib import Path

import bcrypt

from config import Environment
from rft_admin.core.environment import config
from rft_admin.core.errors import DomainError

COST = 12
#: Tests hash often; nothing they hash is a secret.
TESTING_COST = 4
MIN_LENGTH = 8
RECOMMENDED_LENGTH = 12
MAX_LENGTH = 128
#: The seeded administrator's first password: public, so never one to choose.
FIRST_PASSWORD = "LexOnly321!"  # noqa: S105 - the specification publishes it

#: A public label, not a secret: no lost or rotated key can lock anyone out.
_LABEL = b"rft-admin password v1"
#: Marks our hashes; one without it is a plain bcrypt hash of an import.
_SCHEME = "$hmac-sha256"
#: bcrypt's own limit; older libraries cut there silently, so hashes of an import were made so.
_BCRYPT_BYTES = 72


class WeakPassword(DomainError):
    """Please choose another password."""

    field = "new_password"


def hash_password(plain: str) -> str:
    """Return the bcrypt hash to store; passwords of any length count whole."""
    return bcrypt.hashpw(_digest(plain), bcrypt.gensalt(_cost())).decode() + _SCHEME


def verify_password(plain: str, stored: str | None) -> bool:
    """Return whether the password belongs to the hash; takes as long where there is none."""
    if not stored:
        bcrypt.checkpw(_digest(plain), _dummy_hash(_cost()))
        return False
    if stored.endswith(_SCHEME):
        return bcrypt.checkpw(_digest(plain), stored.removesuffix(_SCHEME).encode())
    return _verify_imported(plain, stored)


def needs_renewal(stored: str) -> bool:
    """Return whether the hash is an import's or of another cost and should be made anew."""
    return not (stored.endswith(_SCHEME) and stored.split("$")[2] == f"{_cost():02}")


def check_new_password(plain: str) -> None:
    """Check a password that somebody wants to use from now on.

    :raises WeakPassword: if it is too short, too long, among the commonest, or the seeded one.
    """
    if len(plain) < MIN_LENGTH:
        raise WeakPassword(f"Please choose a password of at least {MIN_LENGTH} characters.")
    if len(plain) > MAX_LENGTH:
        raise WeakPassword(f"Please choose a password of at most {MAX_LENGTH} characters.")
    if plain == FIRST_PASSWORD:
        raise WeakPassword("That is the password the system came with. Please choose your own.")
    if plain.casefold() in _commonest() or len(set(plain)) < 3:
        raise WeakPassword("That password is among the commonest. Please choose another.")


def is_public_password(plain: str) -> bool:
    """Return whether everybody knows the password, so that production never accepts it."""
    return config().is_production and plain == FIRST_PASSWORD


def _digest(plain: str) -> bytes:
    # The same letters typed on another keyboard may arrive as other code points.
    text = unicodedata.normalize("NFKC", plain).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(_LABEL, text, hashlib.sha256))


def _verify_imported(plain: str, stored: str) -> bool:
    try:
        return bcrypt.checkpw(
            plain.encode("utf-8", "surrogatepass")[:_BCRYPT_BYTES], stored.encode()
        )
    except ValueError:
        return False


def _cost() -> int:
    return TESTING_COST if config().environment is Environment.TESTING else COST


@cache
def _dummy_hash(cost: int) -> bytes:
    return bcrypt.hashpw(_digest("nobody's password"), bcrypt.gensalt(cost))


@cache
def _commonest() -> frozenset[str]:
    file = Path(__file__).with_name("common_passwords.txt")
    return frozenset(file.read_text(encoding="utf-8").split())
