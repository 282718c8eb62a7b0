"""What the palette offers beside the search: screens, new rows, today's registers."""

from flask import current_app, url_for

from rft_admin.admin.chrome import groups
from rft_admin.admin.classes import list_next_classes
from rft_admin.admin.rights import can
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock
from rft_admin.core.formats import format_time

Command = dict[str, str]


def list_commands() -> list[Command]:
    """Return every command that the signed-in person may use: group, words and address."""
    return [*_registers(), *_screens(), *_new_rows()]


def _screens() -> list[Command]:
    items = [item for group in groups() for item in group.items]
    return [_command("Go to", item.words, item.address) for item in items]


def _new_rows() -> list[Command]:
    return [
        _command("New", view.new_words or f"New {view.one}", view.address("create_view"))
        for view in current_app.extensions["rft_admin_views"].values()
        if view.is_accessible() and view.may("create")
    ]


def _registers() -> list[Command]:
    now = clock.now()
    if not can("list", CourseSchedule):
        return []
    return [
        _command(
            "Today's registers",
            f"Register: {one.schedule.course}, {format_time(one.day.starts_at)}",
            url_for("admin.register", schedule_id=one.schedule.id),
        )
        for one in list_next_classes(now)
        if one.is_on(now)
    ]


def _command(group: str, words: str, address: str) -> Command:
    return {"group": group, "words": words, "address": address}
