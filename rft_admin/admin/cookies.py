"""The office's cookies: the open session's, and the one that knows the device."""

from flask import current_app
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.accounts import sessions

SESSION_COOKIE = "rft_session"
DEVICE_COOKIE = "rft_device"


def set_session_cookie(response: BaseResponse, token: str) -> None:
    """Give the browser the session's token, for as long as the session may last."""
    set_cookie(response, SESSION_COOKIE, token, int(sessions.LIFETIME.total_seconds()))


def set_cookie(response: BaseResponse, name: str, value: str, max_age_seconds: int) -> None:
    """Set one of the office's cookies, out of the reach of scripts and other sites."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=max_age_seconds,
        secure=is_secure(),
        httponly=True,
        samesite="Lax",
    )


def cookie_name(name: str) -> str:
    """Return a cookie's full name: in production browsers bind it to this very host."""
    return f"__Host-{name}" if is_secure() else name


def is_secure() -> bool:
    """Return whether cookies travel over TLS only."""
    return bool(current_app.config["RFT"].is_production)
