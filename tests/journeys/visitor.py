"""A person at a browser without JavaScript: reads pages, fills in forms, follows redirects."""

from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask.testing import FlaskClient

REDIRECTS = 10


@dataclass
class Form:
    """A form as it stands on the page."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    #: The names of everything in it: unticked boxes and buttons too.
    names: set[str] = field(default_factory=set)


@dataclass
class Page:
    """An answer, read as a person would."""

    status: int
    path: str
    html: str
    forms: list[Form]
    links: list[tuple[str, str]]
    text: str

    def form(self, having: str) -> Form:
        """Return the form that has a field or a button of this name, or this action."""
        for form in self.forms:
            if having in form.names or form.action.endswith(having):
                return form
        raise AssertionError(f"{self.path} has no form with {having}: {self.text[:500]}")

    def link(self, words: str) -> str:
        """Return where the link with these words goes."""
        for text, address in self.links:
            if words in text:
                return address
        raise AssertionError(f"{self.path} has no link {words!r}: {self.links}")


class Visitor:
    """Somebody with a browser of his own."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def open(self, address: str) -> Page:
        """Open an address of this site and follow where it leads."""
        return self._follow("GET", address, None)

    def submit(self, page: Page, form: Form, **answers: Any) -> Page:
        """Send a form with what is typed into it; None unticks a box."""
        sent: dict[str, Any] = {name: list(values) for name, values in form.fields.items()}
        for name, answer in answers.items():
            if answer is None:
                sent.pop(name, None)
            else:
                typed = answer if isinstance(answer, list) else [answer]
                sent[name] = [str(one) for one in typed]
        address = urljoin(page.path, form.action) if form.action else page.path
        if form.method == "get":
            return self._follow("GET", address, None, query=sent)
        return self._follow("POST", address, sent)

    def _follow(
        self, method: str, address: str, sent: dict[str, Any] | None, query: Any = None
    ) -> Page:
        for _ in range(REDIRECTS):
            parts = urlsplit(address)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            if parts.netloc not in {"", "localhost"}:
                return Page(303, address, "", [], [], "")
            response = self.client.open(path, method=method, data=sent, query_string=query)
            if response.status_code not in {301, 302, 303, 307, 308}:
                return read(response.status_code, path, response.get_data(as_text=True))
            address = urljoin(path, response.headers["Location"])
            method, sent, query = "GET", None, None
        raise AssertionError(f"{address} redirects for ever")


def read(status: int, path: str, html: str) -> Page:
    """Read a page's forms, links and words."""
    reader = _Reader()
    reader.feed(html)
    text = " ".join(" ".join(reader.words).split())
    return Page(status, path, html, reader.forms, reader.links, text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.links: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._open: Form | None = None
        self._select: str | None = None
        self._first_option: tuple[str, str] | None = None
        self._textarea: tuple[str, list[str]] | None = None
        self._link: tuple[str, list[str]] | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take up forms, fields, links."""
        given = {name: value or "" for name, value in attrs}
        if tag in {"script", "style"}:
            self._silent += 1
        elif tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
        elif tag == "a" and "href" in given:
            self._link = (given["href"], [])
        elif tag in {"input", "button"}:
            self._take_input(tag, given, dict(attrs))
        elif tag == "select":
            self._select, self._first_option = given.get("name"), None
        elif tag == "option":
            self._take_option(given, dict(attrs))
        elif tag == "textarea":
            self._textarea = (given.get("name", ""), [])

    def handle_endtag(self, tag: str) -> None:
        """Let go of what ends."""
        if tag in {"script", "style"}:
            self._silent -= 1
        elif tag == "form":
            self._open = None
        elif tag == "a" and self._link:
            self.links.append((" ".join("".join(self._link[1]).split()), self._link[0]))
            self._link = None
        elif tag == "textarea" and self._textarea:
            self._add(self._textarea[0], "".join(self._textarea[1]).lstrip("\n"))
            self._textarea = None
        elif tag == "select":
            if self._first_option and self._open and self._first_option[0] not in self._open.fields:
                self._add(*self._first_option)
            self._select = None

    def handle_data(self, data: str) -> None:
        """Collect what is read."""
        if self._silent:
            return
        self.words.append(unescape(data))
        if self._link:
            self._link[1].append(data)
        if self._textarea:
            self._textarea[1].append(data)

    def _take_input(self, tag: str, given: dict[str, str], attrs: dict[str, str | None]) -> None:
        name = given.get("name", "")
        kind = given.get("type", "submit" if tag == "button" else "text")
        if self._open is None or not name or "disabled" in attrs:
            return
        self._open.names.add(name)
        is_box = kind in {"checkbox", "radio"}
        if kind not in {"submit", "button", "image"} and (not is_box or "checked" in attrs):
            self._add(name, given.get("value", "on" if is_box else ""))

    def _take_option(self, given: dict[str, str], attrs: dict[str, str | None]) -> None:
        if self._select is None:
            return
        if self._first_option is None:
            self._first_option = (self._select, given.get("value", ""))
        if "selected" in attrs:
            self._add(self._select, given.get("value", ""))

    def _add(self, name: str, value: str) -> None:
        if self._open is not None and name:
            self._open.names.add(name)
            self._open.fields.setdefault(name, []).append(value)
