"""Files of course materials: what is taken, what is refused, what becomes of an earlier one."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rft_admin.catalogue import material_files
from rft_admin.catalogue.models import CourseMaterial
from rft_admin.core.files import MAX_FILE_BYTES, FileTooLarge, StoredFile
from tests.factories import MaterialFactory

PDF = b"%PDF-1.7 a page"


@pytest.fixture
def material(session: Session) -> CourseMaterial:
    """A material that is a link so far, beside another."""
    MaterialFactory()
    material: CourseMaterial = MaterialFactory()
    return material


class TestAttach:
    @pytest.mark.parametrize(("name", "content"), [("", PDF), ("a.pdf", b""), ("..", PDF)])
    def test_refuses_nothing(self, material: CourseMaterial, name: str, content: bytes) -> None:
        with pytest.raises((material_files.NoFile, material_files.KindNotTaken)):
            material_files.attach(material, file_name=name, content=content)

    @pytest.mark.parametrize("name", ["a.html", "a.svg", "a.exe", "pdf", "a.pdf.js"])
    def test_refuses_kinds_that_a_browser_would_run(
        self, material: CourseMaterial, name: str
    ) -> None:
        with pytest.raises(material_files.KindNotTaken):
            material_files.attach(material, file_name=name, content=PDF)

    @pytest.mark.parametrize("name", ["a.png", "a.docx", "a.JPG"])
    def test_refuses_what_is_not_what_its_name_says(
        self, material: CourseMaterial, name: str
    ) -> None:
        with pytest.raises(material_files.NotWhatItSays):
            material_files.attach(material, file_name=name, content=PDF)

    def test_refuses_more_than_ten_megabytes(self, material: CourseMaterial) -> None:
        content = PDF + bytes(MAX_FILE_BYTES)

        with pytest.raises(FileTooLarge):
            material_files.attach(material, file_name="a.pdf", content=content)

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("Notes.PDF", "Notes.PDF"),
            ("C:\\papers\\notes.pdf", "notes.pdf"),
            ("../../etc/notes.pdf", "notes.pdf"),
            ("n" * 300 + ".pdf", "n" * 116 + ".pdf"),
        ],
    )
    def test_keeps_the_name_alone(self, material: CourseMaterial, name: str, kept: str) -> None:
        stored = material_files.attach(material, file_name=name, content=PDF)

        assert (stored.file_name, stored.media_type) == (kept, "application/pdf")
        assert material.stored_file is stored
        assert stored.expires_at is None

    def test_takes_the_place_of_an_earlier_one(
        self, material: CourseMaterial, session: Session
    ) -> None:
        material_files.attach(material, file_name="old.pdf", content=PDF)

        new = material_files.attach(material, file_name="new.pdf", content=PDF + b" more")

        assert session.scalars(select(StoredFile)).all() == [new]


class TestRemove:
    def test_leaves_the_material_with_its_link(
        self, material: CourseMaterial, session: Session
    ) -> None:
        link = material.file_url
        material_files.attach(material, file_name="old.pdf", content=PDF)

        material_files.remove(material)

        assert (material.stored_file, material.file_url) == (None, link)
        assert session.scalars(select(StoredFile)).all() == []
