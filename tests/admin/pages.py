"""What a browser would send for a form of a page, left as it is."""

from html.parser import HTMLParser

Sent = list[tuple[str, str]]


class _Form(HTMLParser):
    """Collects the fields of the forms with a certain method."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: Sent = []
        self._inside = False
        self._select = ""
        self._options: Sent = []
        self._textarea = ""
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a field."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = "data-guard" in given
        if not self._inside:
            return
        if tag == "input":
            self._note_input(given)
        elif tag == "select":
            self._select, self._options = given["name"], []
        elif tag == "option":
            place = 0 if "selected" in given else len(self._options)
            self._options.insert(place, (self._select, given["value"]))
        elif tag == "textarea":
            self._textarea, self._text = given["name"], ""

    def handle_data(self, data: str) -> None:
        """Keep a textarea's text."""
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        """Finish a field that has a body."""
        if tag == "form":
            self._inside = False
        elif tag == "select" and self._inside:
            self.sent += self._options[:1]
        elif tag == "textarea" and self._inside:
            # A browser drops the first line end of a textarea.
            text = self._text.replace("\r\n", "\n").removeprefix("\n")
            self.sent.append((self._textarea, text.replace("\n", "\r\n")))

    def _note_input(self, given: dict[str, str]) -> None:
        is_box = given.get("type") in {"checkbox", "radio"}
        if "name" in given and not (is_box and "checked" not in given):
            self.sent.append((given["name"], given.get("value", "on" if is_box else "")))


def sent_by(page: str) -> dict[str, str]:
    """Return the fields of the page's guarded form, as a browser sends them untouched."""
    form = _Form()
    form.feed(page)
    return dict(form.sent)
