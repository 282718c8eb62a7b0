"""Tests of the page where a course material gets its file."""

import io

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from rft_admin.catalogue.models import CourseMaterial
from tests.admin.conftest import Office
from tests.factories import MaterialFactory

PDF = b"%PDF-1.7 a page"


def address_of(material: CourseMaterial) -> str:
    return f"/admin/course_materials/{material.id}/file"


class TestMaterialFile:
    def test_is_for_nobody_who_may_not_change_materials(
        self, classroom: Office, session: Session
    ) -> None:
        address = address_of(MaterialFactory())

        assert classroom.get(address).status_code == 403
        assert classroom.post(address, {"remove": "1"}).status_code == 403

    def test_is_not_found_for_no_material(self, office: Office) -> None:
        assert office.get("/admin/course_materials/999999/file").status_code == 404

    def test_is_refused_without_the_sessions_token(self, office: Office, session: Session) -> None:
        material = MaterialFactory()

        answer = office.client.post(address_of(material), data={"file": (io.BytesIO(PDF), "a.pdf")})

        session.refresh(material)
        assert answer.status_code in (400, 403)
        assert material.stored_file_id is None

    def test_says_beside_the_field_what_is_not_taken(
        self, office: Office, session: Session
    ) -> None:
        material = MaterialFactory()

        form = office.get(address_of(material))
        answer = office.post(address_of(material), {"file": (io.BytesIO(b"<p>"), "a.html")})

        assert (form.status_code, answer.status_code) == (200, 422)
        assert "Files of this kind are not taken." in answer.text
        assert 'aria-invalid="true"' in answer.text

    def test_stores_what_everybody_may_download_of_a_public_material(
        self, office: Office, client: FlaskClient, session: Session
    ) -> None:
        material = MaterialFactory(is_public=True)

        answer = office.post(address_of(material), {"file": (io.BytesIO(PDF), "Notes.pdf")})

        assert answer.status_code == 303
        given = client.get(f"/materials/{material.id}")
        assert (given.status_code, given.data) == (200, PDF)
        assert given.headers["Content-Type"] == "application/pdf"
        assert given.headers["Content-Disposition"] == "attachment; filename=Notes.pdf"
        details = office.get(f"/admin/course_materials/details/?id={material.id}").text
        assert "Replace the file" in details

    def test_takes_the_file_away_again(self, office: Office, session: Session) -> None:
        material = MaterialFactory()
        office.post(address_of(material), {"file": (io.BytesIO(PDF), "Notes.pdf")})

        office.post(address_of(material), {"remove": "1"})

        session.refresh(material)
        assert material.stored_file_id is None
