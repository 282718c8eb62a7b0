"""Form fields for how people are reached, each read in any usual writing and kept in one."""

from collections.abc import Callable
from typing import Any

from wtforms import StringField

from rft_admin.core.contacts import read_email, read_phone, read_postcode, show_phone

LONGEST_EMAIL = 254


class _ReadField(StringField):  # type: ignore[misc] # WTForms ships no types
    """A line of text that is read into its one form; what is left as it was stays as it is.

    So a value that came from elsewhere and would be refused today hinders nobody from saving the
    rest.
    """

    #: What a browser or a phone is told about the input.
    attributes: dict[str, str] = {}
    read: Callable[[str], str]
    fault = ""

    def __init__(self, label: str = "", **options: Any) -> None:
        super().__init__(label, **{"render_kw": self.attributes, **options})

    def shown(self, kept: str) -> str:
        """Return how a kept value stands in the field."""
        return kept

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.shown(self.data) if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed.

        :raises ValueError: if it cannot be read.
        """
        if not valuelist:
            return
        typed = valuelist[0].replace("\x00", "").strip()
        if self.object_data and typed == self.shown(self.object_data):
            self.data = self.object_data
            return
        self.data = typed
        if typed:
            self.data = self._read(typed)

    def _read(self, typed: str) -> str:
        try:
            return type(self).read(typed)
        except ValueError as error:
            raise ValueError(self.fault) from error


class EmailField(_ReadField):
    """An e-mail address that letters could reach."""

    attributes = {"type": "email", "autocapitalize": "none", "spellcheck": "false"}
    read = staticmethod(read_email)
    fault = "Please check the e-mail address: letters could not reach it."


class PhoneField(_ReadField):
    """A telephone number; one without a country is British."""

    attributes = {"type": "tel"}
    read = staticmethod(read_phone)
    fault = "Please check the phone number, for example 07700 900123."

    def shown(self, kept: str) -> str:
        """Return the number as people here write it."""
        return show_phone(kept)


class PostcodeField(_ReadField):
    """A British postcode, kept with its space."""

    attributes = {"autocapitalize": "characters", "spellcheck": "false"}
    read = staticmethod(read_postcode)
    fault = "Please check the postcode, for example LS1 4DY."


def read_link(typed: str) -> str:
    """Return a web address or a path of this site.

    :raises ValueError: if it is neither: a browser would run `javascript:`.
    """
    is_path = typed.startswith("/") and not typed.startswith(("//", "/\\"))
    if not typed.isprintable() or not (is_path or typed.startswith(("https://", "http://"))):
        raise ValueError(typed)
    return typed


class LinkField(_ReadField):
    """A web address, or a path of this site."""

    attributes = {"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}
    read = staticmethod(read_link)
    fault = "Please enter an address that begins with https:// or with a slash."
