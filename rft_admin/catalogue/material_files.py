"""Files of course materials: uploaded, checked, kept in the database, replaced and removed."""

from pathlib import PurePath

from rft_admin.accounts import audit
from rft_admin.catalogue.models import CourseMaterial
from rft_admin.core.database import db
from rft_admin.core.errors import DomainError
from rft_admin.core.files import StoredFile, store_file

#: By the name's ending: the media type it is given out as, and the bytes such a file begins with.
_OFFICE = "application/vnd.openxmlformats-officedocument"
KINDS: dict[str, tuple[str, bytes]] = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".docx": (f"{_OFFICE}.wordprocessingml.document", b"PK"),
    ".pptx": (f"{_OFFICE}.presentationml.presentation", b"PK"),
    ".xlsx": (f"{_OFFICE}.spreadsheetml.sheet", b"PK"),
    ".odt": ("application/vnd.oasis.opendocument.text", b"PK"),
    ".odp": ("application/vnd.oasis.opendocument.presentation", b"PK"),
    ".png": ("image/png", b"\x89PNG"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
}
LONGEST_NAME = 120


class NoFile(DomainError):
    """Please choose a file."""

    field = "file"


class KindNotTaken(DomainError):
    """Files of this kind are not taken. Please use PDF, Word, PowerPoint, Excel or a picture."""

    field = "file"


class NotWhatItSays(DomainError):
    """The file is not what its name says. Please save it again in the program it comes from."""

    field = "file"


def attach(material: CourseMaterial, *, file_name: str, content: bytes) -> StoredFile:
    """Store a file as the material's own, in place of an earlier one.

    What is said of its kind by the sender counts for nothing: name and first bytes decide.

    :raises NoFile: if there is none, or it is empty.
    :raises KindNotTaken: or NotWhatItSays, if its name or its bytes are not taken.
    :raises FileTooLarge: above 10 MB; StorageFull: if the store has no room.
    """
    name = PurePath(file_name.replace("\\", "/")).name.strip()
    if not name or not content:
        raise NoFile
    media_type, start = KINDS.get(PurePath(name).suffix.lower(), ("", b""))
    if not media_type:
        raise KindNotTaken
    if not content.startswith(start):
        raise NotWhatItSays
    earlier = material.stored_file
    with audit.acting("file_attached"):
        material.stored_file = store_file(
            file_name=_shortened(name), media_type=media_type, content=content
        )
        db.session.flush()
        _forget(earlier)
    return material.stored_file


def remove(material: CourseMaterial) -> None:
    """Take the material's file away; its link, if there is one, stays."""
    earlier = material.stored_file
    with audit.acting("file_removed"):
        material.stored_file = None
        db.session.flush()
        _forget(earlier)


def _forget(stored: StoredFile | None) -> None:
    if stored is not None:
        db.session.delete(stored)
        db.session.flush()


def _shortened(name: str) -> str:
    """Return the name without its middle where it is too long; the ending stays."""
    ending = PurePath(name).suffix
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - len(ending)] + ending
