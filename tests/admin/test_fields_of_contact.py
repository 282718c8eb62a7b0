"""Tests of the fields for addresses, numbers and postcodes, in a form of a screen."""

import pytest
from flask_admin.form import BaseForm
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from rft_admin.accounts.models import User
from rft_admin.admin.fields_of_contact import EmailField, LinkField, PhoneField, PostcodeField
from tests import factories
from tests.admin.conftest import Office


class ContactForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """A form with one field of each kind."""

    email = EmailField("E-mail")
    phone = PhoneField("Phone")
    postcode = PostcodeField("Postcode")
    link = LinkField("Link")


@pytest.mark.usefixtures("app")
class TestFields:
    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("email", "ann@example"),
            ("phone", "12"),
            ("postcode", "LS1"),
            ("link", "javascript:alert(1)"),
            ("link", "//example.com"),
            ("link", "/\\example.com"),
        ],
    )
    def test_refuse_and_keep_what_was_typed(self, name: str, typed: str) -> None:
        form = ContactForm(MultiDict({name: typed}))

        assert not form.validate()
        assert "Please" in form[name].errors[0]
        assert typed.replace("\\", "\\") in form[name]._value()

    @pytest.mark.parametrize(
        ("name", "typed", "kept"),
        [
            ("email", " Ann@Example.com", "ann@example.com"),
            ("phone", "(0113) 496 0000", "+441134960000"),
            ("postcode", "ls14dy", "LS1 4DY"),
            ("link", "/courses/first-aid", "/courses/first-aid"),
            ("link", "https://example.com/a", "https://example.com/a"),
        ],
    )
    def test_keep_the_one_form(self, name: str, typed: str, kept: str) -> None:
        form = ContactForm(MultiDict({name: typed}))

        assert form.validate()
        assert form[name].data == kept

    def test_leave_what_was_not_touched(self) -> None:
        stored = {"phone": "ext. 12", "email": "old style@example", "postcode": "unknown"}

        form = ContactForm(MultiDict(stored), **stored)

        assert form.validate()
        assert {name: form[name].data for name in stored} == stored

    def test_tell_a_phone_which_keyboard_to_show(self) -> None:
        form = ContactForm(None)

        assert 'type="tel"' in form.phone()
        assert 'type="email"' in form.email()
        assert 'autocapitalize="characters"' in form.postcode()


class TestScreens:
    def test_read_and_show_a_persons_number(self, office: Office, session: Session) -> None:
        person = factories.UserFactory(phone="")
        factories.UserFactory(phone="+447700900999")
        session.commit()
        path = f"/admin/users/edit/?id={person.id}"
        said = {"email": person.email, "first_name": "Ann", "role": "customer"}

        refused = office.post(path, said | {"phone": "12"})
        answer = office.post(path, said | {"phone": "+44 (0)7700 900123"})

        session.refresh(person)
        assert refused.status_code == 422
        assert 'id="phone-fault"' in refused.text
        assert answer.status_code == 302
        assert person.phone == "+447700900123"
        assert 'value="07700 900123"' in office.get(path).text

    def test_save_around_a_number_from_elsewhere(self, office: Office, session: Session) -> None:
        person = factories.UserFactory(first_name="Ann")
        session.commit()
        session.execute(update(User).where(User.id == person.id).values(phone="ask at desk"))
        session.commit()

        answer = office.post(
            f"/admin/users/edit/?id={person.id}",
            {
                "email": person.email,
                "first_name": "Anna",
                "role": "customer",
                "phone": "ask at desk",
            },
        )

        session.refresh(person)
        assert answer.status_code == 302
        assert (person.first_name, person.phone) == ("Anna", "ask at desk")
