"""How often people may try to sign in, to ask for a link and to use one, in whole windows."""

from datetime import datetime

from sqlalchemy import delete

from rft_admin.core.database import db
from rft_admin.core.limits import Limit, RateLimit, hit

SIGN_INS_PER_IP = Limit(hits=60, seconds=600)
SIGN_INS_PER_EMAIL = Limit(hits=20, seconds=600)
LINKS_PER_IP = Limit(hits=20, seconds=3600)
LINKS_PER_EMAIL = Limit(hits=5, seconds=3600)
RESETS_PER_IP = Limit(hits=30, seconds=3600)
CHANGES_PER_USER = Limit(hits=10, seconds=600)

_SIGN_IN_EMAIL = "sign-in-email"
_LINK_EMAIL = "forgot-email"


def count_sign_in(*, ip_address: str, email: str, device: str, now: datetime) -> None:
    """Count a try to sign in.

    :param device: the fingerprint of a device known for this address, else empty: strangers
        who use up the address's tries leave its owner's devices theirs.
    :raises TooManyTries: above the limit of the network address or the e-mail address.
    """
    hit("sign-in-ip", ip_address, SIGN_INS_PER_IP, now=now)
    hit(_SIGN_IN_EMAIL, _email_key(email) + device, SIGN_INS_PER_EMAIL, now=now)


def count_link_request(*, ip_address: str, email: str, now: datetime) -> None:
    """Count a request for a reset link, whether or not the address exists.

    :raises TooManyTries: above the limit of the network address or the e-mail address.
    """
    hit("forgot-ip", ip_address, LINKS_PER_IP, now=now)
    hit(_LINK_EMAIL, _email_key(email), LINKS_PER_EMAIL, now=now)


def count_reset(*, ip_address: str, now: datetime) -> None:
    """Count a look at, or a use of, a reset link.

    :raises TooManyTries: above the limit of the network address.
    """
    hit("reset-ip", ip_address, RESETS_PER_IP, now=now)


def count_change(*, user_id: int, now: datetime) -> None:
    """Count a try to change the own password: whoever finds a screen open cannot guess on.

    :raises TooManyTries: above the limit.
    """
    hit("password-change", str(user_id), CHANGES_PER_USER, now=now)


def forgive(email: str) -> None:
    """Forget the tries counted against an e-mail address, because it was unlocked."""
    keys = [f"{name}|{_email_key(email)}" for name in (_SIGN_IN_EMAIL, _LINK_EMAIL)]
    db.session.execute(delete(RateLimit).where(RateLimit.key.in_(keys)))


def _email_key(email: str) -> str:
    return email.strip().casefold()[:150] + "|"
