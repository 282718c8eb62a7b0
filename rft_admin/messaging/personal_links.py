"""The one link in a letter that opens something: made by the sending job, never stored."""

from collections.abc import Callable

from rft_admin.accounts import resets
from rft_admin.accounts.models import PasswordReset
from rft_admin.core import links, tokens
from rft_admin.core.database import Json, db

#: What the stored letter shows in its place.
PLACEHOLDER = "[personal link]"

#: Takes the row's id and the path; returns the absolute address with its secret.
Maker = Callable[[int, str], str]


class LinkGone(Exception):
    """What the link should open does not exist any more."""


def register(purpose: str, maker: Maker) -> None:
    """Let links of this purpose be made by the room that knows the row."""
    _makers[purpose] = maker


def make(personal_link: Json) -> str:
    """Return the absolute address for a letter's description of its link.

    :param personal_link: `path`, `purpose`, `row_id` and, for a signed link, `version`.
    :raises LinkGone: if there is nothing to open any more.
    """
    purpose, path = str(personal_link["purpose"]), str(personal_link.get("path", ""))
    row_id = int(personal_link["row_id"])
    if purpose in _makers:
        return _makers[purpose](row_id, path)
    version = int(personal_link.get("version", 0))
    return links.absolute(path, t=tokens.sign_row(purpose, row_id, version=version))


def _make_reset_link(reset_id: int, _path: str) -> str:
    reset = db.session.get(PasswordReset, reset_id)
    if reset is None:
        raise LinkGone("The password reset does not exist any more.")
    return resets.address_of(resets.issue_token(reset))


_makers: dict[str, Maker] = {"password_reset": _make_reset_link}
