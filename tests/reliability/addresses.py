"""Addresses and forms as nobody would write them, made by chance from a seed, over all screens."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask
from werkzeug.routing import Rule

#: What has broken such pages elsewhere; the last ones are no UTF-8 and go in as they stand.
HOSTILE = (
    "", " ", "'", '"', "%", "_", "\\", "\x00", "a\x00b", "\u202egnirts", "😀", "x" * 10_000,
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "';alert(1)//", "{{7*7}}",
    "=cmd|'/c calc'!A0", "%s%d%n", "${7*7}", "../../etc/passwd", "a\r\nSet-Cookie: b=c",
    "1 OR 1=1", "1;DROP TABLE users", "NaN", "Infinity", "-0", "1e309", "1e-400", "9" * 400, "-1",
    "0", "1", "2147483647", "2147483648", "9223372036854775808", "1.5", "١٢٣", "²", "1_000", "0x10",
    "2027-02-30", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2027-13", "9999-12",
    "2027-03-28T01:30", "2027-W05-1", "20270101", "//evil.example/", "/admin/../x", "/admin/\\evil",
    "javascript:alert(1)", "[]", "{}", "[" * 2000, '{"a": 1}', "null", "true", "(#1)",
    "(#99999999999)", "#", "#0", "Pat", "Pat Example (#1)", "csv", "xlsx", "confirmed", "id",
)  # fmt: skip
RAW = ("%ED%A0%80", "%FF%FE", "%", "%zz", "%00", "&&&", "=", "+", "%E2%80%AE")
#: In a page they would run; in plain text, JSON or a file they do nothing.
SCRIPTS = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>')
MARKERS = ("<script>alert(", '"><img src=x onerror=')
#: Where an argument of a page is read, in the office's own source.
ARGUMENT = re.compile(r'\b(?:args|values|form|arguments)\.(?:get|getlist|pop)\(\s*"(\w+)"')
#: Pages that would sign the person out, or in; they have tests of their own.
LEFT_OUT = ("office.", "admin.static", ".static")


@dataclass(frozen=True)
class Request:
    """An address, and what is posted to it; None is a GET."""

    address: str
    form: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.address[:300]} {str(self.form)[:300] if self.form else ''}"


@dataclass
class Addresses:
    """Makes requests over every page of the office, the same ones for the same seed."""

    app: Flask
    ids: dict[str, int]
    seed: int
    _chance: random.Random = field(init=False)
    _rules: list[Rule] = field(init=False)
    _names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._rules = sorted(
            (
                rule
                for rule in self.app.url_map.iter_rules()
                if rule.rule.startswith("/admin")
                and not any(part in rule.endpoint for part in LEFT_OUT)
            ),
            key=lambda rule: (rule.rule, rule.endpoint),
        )
        sources = sorted((Path(self.app.root_path) / "admin").glob("*.py"))
        read = {name for file in sources for name in ARGUMENT.findall(file.read_text())}
        self._names = sorted(read)

    @property
    def endpoints(self) -> set[str]:
        """The pages that are asked for."""
        return {rule.endpoint for rule in self._rules}

    def take(self, count: int) -> Iterator[tuple[str, Request]]:
        """Yield so many requests, each with the name of its page; every page comes in turn."""
        for number in range(count):
            rule = self._rules[number % len(self._rules)]
            yield rule.endpoint, self._request(rule)

    def _request(self, rule: Rule) -> Request:
        methods = rule.methods or set()
        is_post = "POST" in methods and ("GET" not in methods or self._chance.random() < 0.4)
        address = self._path(rule) + self._query(rule)
        return Request(address, self._form(rule) if is_post else None)

    def _path(self, rule: Rule) -> str:
        def fill(match: re.Match[str]) -> str:
            kind, _, name = match[1].rpartition(":")
            if kind == "int":
                return str(self._number())
            if name == "export_type":
                return self._chance.choice(("csv", "xlsx", "pdf", "x"))
            known = (*self.ids, self._value())
            return quote(self._chance.choice(known)[:200] or "x", safe="")

        return re.sub(r"<([^>]+)>", fill, rule.rule)

    def _query(self, rule: Rule) -> str:
        pairs = self._pairs(self._arguments(rule))
        if self._chance.random() < 0.7:
            pairs.append(("id", str(self._id(rule))))
        query = urlencode(pairs)
        if self._chance.random() < 0.1:
            query += self._chance.choice(RAW)
        return f"?{query}" if query else ""

    def _pairs(self, names: list[str]) -> list[tuple[str, str]]:
        """Return a few of the names with any values, or all of them with a script."""
        if self._chance.random() < 0.25:
            return [(name, self._chance.choice(SCRIPTS)) for name in names if name != "id"]
        return [(name, self._value()) for name in self._chance.sample(names, k=min(4, len(names)))]

    def _form(self, rule: Rule) -> dict[str, Any]:
        view = self._view(rule)
        names = [*self._names, *(self._fields(view) if view else ())]
        form: dict[str, Any] = dict(self._pairs(names))
        if view is not None and view.actions_by_name:
            form["action"] = self._chance.choice([*view.actions_by_name, "no_such"])
        form["rowid"] = [str(self._id(rule)) for _ in range(self._chance.randint(0, 3))]
        if self._chance.random() < 0.5:
            form["confirmed"] = "1"
        return form

    def _arguments(self, rule: Rule) -> list[str]:
        view = self._view(rule)
        if view is None:
            return [*self._names, "x"]
        filters = [f"flt_{argument}" for argument in view.all_filters]
        fields = self._fields(view) if rule.endpoint.endswith("create_view") else []
        return [*self._names, *filters, *fields, "flt2_x", "flt_", "x"]

    def _fields(self, view: Any) -> list[str]:
        forms = [view._create_form_class, view._edit_form_class]
        forms += [action.form for action in view.actions if action.form is not None]
        return sorted(
            {
                name
                for form in forms
                for name in dir(form)
                if hasattr(getattr(form, name), "field_class")
            }
        )

    def _view(self, rule: Rule) -> Any:
        parts = rule.rule.split("/")
        return self.app.extensions["rft_admin_views"].get(parts[2] if len(parts) > 2 else "")

    def _id(self, rule: Rule) -> object:
        parts = rule.rule.split("/")
        own = self.ids.get(parts[2] if len(parts) > 2 else "", 1)
        return own if self._chance.random() < 0.75 else self._value()

    def _number(self) -> int:
        return self._chance.choice((*self.ids.values(), 0, 1, 2**31 - 1, 2**31, 2**63, 10**30))

    def _value(self) -> str:
        if self._chance.random() < 0.8:
            return self._chance.choice(HOSTILE)
        size = self._chance.randint(1, 12)
        return "".join(chr(self._chance.randint(1, 0x2FFF)) for _ in range(size))
