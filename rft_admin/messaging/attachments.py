"""What a letter carries: kept as references, made into bytes when it is sent."""

from collections.abc import Callable
from dataclasses import dataclass

from rft_admin.core.database import Json, db
from rft_admin.core.files import StoredFile


@dataclass(frozen=True)
class Attachment:
    """A file as the letter carries it."""

    name: str
    media_type: str
    content: bytes


#: Takes the id of the reference; returns the name, the media type and the bytes.
Maker = Callable[[int], tuple[str, str, bytes]]


class AttachmentGone(Exception):
    """What the letter should carry does not exist any more, or nobody makes its kind."""


def register(kind: str, maker: Maker) -> None:
    """Let references of this kind be made into bytes by the room that knows how."""
    _makers[kind] = maker


def load(references: list[Json]) -> list[Attachment]:
    """Return the files that the references name.

    :param references: for example `[{"kind": "calendar", "booking_id": 1}]`.
    :raises AttachmentGone: if one of them cannot be made.
    """
    return [_load(reference) for reference in references]


def _load(reference: Json) -> Attachment:
    kind = str(reference.get("kind"))
    ids = [value for key, value in reference.items() if key != "kind"]
    if kind not in _makers or len(ids) != 1:
        raise AttachmentGone(f"Nobody makes the attachment {kind}.")
    return Attachment(*_makers[kind](int(ids[0])))


def _load_stored_file(file_id: int) -> tuple[str, str, bytes]:
    stored = db.session.get(StoredFile, file_id)
    if stored is None:
        raise AttachmentGone(f"The stored file {file_id} does not exist any more.")
    return stored.file_name, stored.media_type, stored.content


_makers: dict[str, Maker] = {"stored_file": _load_stored_file}
