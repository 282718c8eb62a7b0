"""How somebody wants the office to look and to listen: kept in one cookie, so that no page flashes.

Nothing personal and nothing secret: light or dark, a narrow sidebar, no shortcuts of one key.
"""

from dataclasses import dataclass

from flask import Response, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.admin.choosing import safe_return
from rft_admin.core.web import wants_json

COOKIE = "rft_look"
YEAR_SECONDS = 31_536_000
#: What can be chosen, by field of the form; the first is what holds without a choice.
CHOICES = {
    "theme": ("device", "light", "dark"),
    "sidebar": ("wide", "narrow"),
    "keys": ("on", "off"),
}


@dataclass(frozen=True)
class Look:
    """What was chosen."""

    theme: str
    sidebar: str
    keys: str


def look() -> Look:
    """Return what this request's browser has chosen; what makes no sense is as without a choice."""
    return Look(**_chosen(request.cookies.get(COOKIE, "")))


def choose() -> BaseResponse:
    """Keep what a form has chosen, and go back to where it stood."""
    chosen = _chosen(request.cookies.get(COOKIE, ""))
    for name, choices in CHOICES.items():
        if request.form.get(name) in choices:
            chosen[name] = request.form[name]
    back = safe_return(request.form.get("url")) or url_for("admin.index")
    response = Response(status=204) if wants_json() else redirect(back, code=303)
    response.set_cookie(
        COOKIE,
        ".".join(chosen.values()),
        max_age=YEAR_SECONDS,
        path="/admin",
        secure=bool(current_app.config["RFT"].is_production),
        httponly=True,
        samesite="Lax",
    )
    return response


def _chosen(cookie: str) -> dict[str, str]:
    kept = cookie.split(".")
    return {
        name: next((choice for choice in choices if choice in kept), choices[0])
        for name, choices in CHOICES.items()
    }
