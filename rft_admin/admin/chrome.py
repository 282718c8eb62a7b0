"""What surrounds every page: the sidebar, the bell, the worker's banner."""

from dataclasses import dataclass

from flask import current_app, g, render_template, request, url_for
from markupsafe import Markup

from rft_admin.accounts.models import User
from rft_admin.admin.actor import signed_in
from rft_admin.admin.looks import look
from rft_admin.admin.registry import GROUPS, all_views, list_address
from rft_admin.admin.rights import can
from rft_admin.core import clock
from rft_admin.messaging.models import Notification
from rft_admin.payments.models import PaymentTransaction
from rft_admin.upkeep import worker


@dataclass(frozen=True)
class Item:
    """A link of the sidebar."""

    words: str
    icon: str
    address: str
    is_current: bool


@dataclass(frozen=True)
class Group:
    """Links that belong to one kind of work."""

    name: str
    items: list[Item]


@dataclass(frozen=True)
class Chrome:
    """All that surrounds a page, for the signed-in person."""

    user: User
    #: The sidebar's links, as HTML.
    nav: Markup
    unread: int
    notifications_url: str
    worker_is_silent: bool


def chrome() -> Chrome:
    """Return what surrounds this request's page."""
    if "chrome" not in g:
        g.chrome = _build()
    built: Chrome = g.chrome
    return built


def _build() -> Chrome:
    found = signed_in()
    if found is None:
        raise RuntimeError("A page of the office needs somebody who is signed in.")
    user, around = found.user, found.around
    return Chrome(
        user=user,
        nav=_nav(),
        unread=around.unread,
        notifications_url=list_address(Notification.__tablename__, scope="unread"),
        worker_is_silent=user.is_admin and worker.is_silence(around.worker_seen, now=clock.now()),
    )


def groups() -> list[Group]:
    """Return the links that the signed-in person may follow, by kind of work."""
    return [Group("", _fixed()), *_of_tables()]


def _nav() -> Markup:
    """Return the sidebar's links; they are the same for all who may see the same, and made once."""
    seen = tuple(view.endpoint for view in all_views() if view.is_accessible())
    place = request.endpoint if request.blueprint == "admin" else request.blueprint
    key = (seen, can("list", PaymentTransaction), place, look().sidebar)
    made: dict[object, Markup] = current_app.extensions.setdefault("rft_admin_nav", {})
    if key not in made:
        page = render_template(
            "admin/_nav.html", groups=groups(), is_narrow=look().sidebar == "narrow"
        )
        made[key] = Markup(page)  # noqa: S704 - the template escapes
    return made[key]


def _fixed() -> list[Item]:
    pages = [("Today", "today", "admin.index"), ("Calendar", "calendar", "admin.calendar")]
    if can("list", PaymentTransaction):
        pages.append(("Owed", "coins", "admin.owed"))
    return [
        Item(words, icon, url_for(endpoint), request.endpoint == endpoint)
        for words, icon, endpoint in pages
    ]


def _of_tables() -> list[Group]:
    groups: dict[str, list[Item]] = {name: [] for name in GROUPS}
    for view in all_views():
        if view.is_accessible():
            is_current = request.blueprint == view.endpoint
            item = Item(view.label, view.icon, view.address("index_view"), is_current)
            groups[view.group].append(item)
    return [Group(name, items) for name, items in groups.items() if items]
