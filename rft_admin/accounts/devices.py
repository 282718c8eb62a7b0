"""Known devices: a long-lived signed cookie, set when somebody signs in there."""

import secrets

from rft_admin.core import tokens

#: As long as browsers keep a cookie.
MAX_AGE_SECONDS = 400 * 24 * 3600

_PURPOSE = "device"
#: The office may share a computer: the cookie remembers so many people.
_PEOPLE = 4
_SEPARATOR = "~"


def fingerprint_of(*, user_id: int | None, device_token: str | None) -> str:
    """Return the name of the device as known for this user, or "" for an unknown one."""
    for token in _split(device_token):
        signed = tokens.read_row(_PURPOSE, token, max_age_seconds=MAX_AGE_SECONDS)
        if signed is not None and signed.row_id == user_id:
            return f"{signed.version:016x}"
    return ""


def remember(*, user_id: int, device_token: str | None) -> str:
    """Return the device's cookie with this user in it, the others of the device kept."""
    others = [
        token
        for token in _split(device_token)
        if not fingerprint_of(user_id=user_id, device_token=token)
    ]
    newest = tokens.sign_row(_PURPOSE, user_id, version=secrets.randbits(63))
    return _SEPARATOR.join([newest, *others][:_PEOPLE])


def _split(device_token: str | None) -> list[str]:
    return (device_token or "").split(_SEPARATOR)[:_PEOPLE]
