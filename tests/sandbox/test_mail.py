"""The mail catcher: what is sent by SMTP is seen as sent, and harms nobody who looks at it."""

import json
import smtplib
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from sandbox.mail import MailCatcher
from sandbox.mail.letters import LetterBox


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    """Run a mail catcher on free ports."""
    with MailCatcher(tmp_path / "mail") as running:
        yield running


def a_letter(subject: str = "Booking confirmed") -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = "React Fast Training <bookings@example.com>"
    letter["To"] = "Ada <ada@example.org>"
    letter["Subject"] = subject
    letter["Date"] = "Sun, 22 Nov 2026 10:00:00 +0000"
    letter.set_content("Your place is booked: £75.00\n")
    letter.add_alternative(
        "<html><head></head><body><p>Your place is booked: £75.00</p></body></html>", subtype="html"
    )
    letter.add_attachment(b"BEGIN:VCALENDAR", "text", "calendar", filename="course.ics")
    return letter


def send(catcher: MailCatcher, letter: EmailMessage, *also_to: str) -> None:
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port, timeout=5) as smtp:
        smtp.send_message(letter, to_addrs=["ada@example.org", *also_to])


def fetch(
    catcher: MailCatcher, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[HTTPResponse, str]:
    with closing(HTTPConnection("127.0.0.1", catcher.web_port, timeout=5)) as connection:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer, answer.read().decode()


def status_of(
    catcher: MailCatcher, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
) -> int:
    return fetch(catcher, path, method=method, headers=headers)[0].status


def messages(catcher: MailCatcher) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(fetch(catcher, "/api/messages")[1])
    return listed


class TestCatching:
    """From SMTP to the API."""

    def test_shows_programs_what_was_sent(self, catcher: MailCatcher) -> None:
        send(catcher, a_letter(), "hidden@example.org")

        (letter,) = messages(catcher)
        assert letter["from"] == "React Fast Training <bookings@example.com>"
        assert letter["to"] == ["ada@example.org", "hidden@example.org"]
        assert letter["subject"] == "Booking confirmed"
        assert letter["date"] == "2026-11-22T10:00:00+00:00"
        assert letter["text"] == "Your place is booked: £75.00\n"
        assert "<p>Your place is booked: £75.00</p>" in str(letter["html"])
        assert letter["attachments"] == [
            {"name": "course.ics", "type": "text/calendar", "size": len(b"BEGIN:VCALENDAR")}
        ]

    def test_lists_the_newest_first_and_keeps_only_so_many(self, tmp_path: Path) -> None:
        box = LetterBox(tmp_path, keep=2)
        for number in range(4):
            box.put(b"Subject: %d\r\n\r\n" % number, sender="a@example.com", recipients=[])

        assert [letter.subject for letter in box.list_letters()] == ["3", "2"]

    def test_keeps_letters_over_a_restart(self, tmp_path: Path) -> None:
        with MailCatcher(tmp_path) as first:
            send(first, a_letter())

        with MailCatcher(tmp_path) as second:
            assert [letter["subject"] for letter in messages(second)] == ["Booking confirmed"]

    def test_forgets_all_when_told_to(self, catcher: MailCatcher) -> None:
        send(catcher, a_letter())

        assert status_of(catcher, "/api/messages", method="DELETE") == 204
        assert messages(catcher) == []

    def test_reads_what_is_not_well_formed(self, catcher: MailCatcher) -> None:
        catcher.letters.put(
            b"Subject: =?x?q?\xff\r\nDate: never\r\n"
            b"Content-Type: text/plain; charset=nonsense\r\n\r\ncaf\xc3\xa9 \xff",
            sender="a@example.com",
            recipients=["b@example.com"],
        )

        (letter,) = messages(catcher)
        assert "café" in str(letter["text"])
        assert letter["date"] == ""
        assert status_of(catcher, f"/messages/{letter['id']}") == 200


class TestPages:
    """What a person sees."""

    @pytest.mark.parametrize(
        "path",
        ["/nowhere", "/messages/1", "/messages/00000000000000000001", "/messages/../password"],
    )
    def test_an_unknown_address_is_not_found(self, catcher: MailCatcher, path: str) -> None:
        assert status_of(catcher, path) == 404

    def test_refuses_another_host_name(self, catcher: MailCatcher) -> None:
        assert status_of(catcher, "/", headers={"Host": "evil.example.com"}) == 403

    def test_refuses_another_sites_form(self, catcher: MailCatcher) -> None:
        send(catcher, a_letter())

        from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
        assert status_of(catcher, "/delete", method="POST", headers=from_elsewhere) == 403
        assert len(messages(catcher)) == 1

    def test_the_button_deletes_all(self, catcher: MailCatcher) -> None:
        send(catcher, a_letter())

        assert status_of(catcher, "/delete", method="POST") == 303
        assert "No letters yet" in fetch(catcher, "/")[1]

    def test_escapes_what_a_letter_says_of_itself(self, catcher: MailCatcher) -> None:
        send(catcher, a_letter(subject="<script>alert(1)</script>"))
        (letter,) = messages(catcher)

        for path in ("/", f"/messages/{letter['id']}"):
            _answer, page = fetch(catcher, path)
            assert "<script>" not in page
            assert "&lt;script&gt;alert(1)" in page

    def test_shows_the_html_part_where_it_can_do_no_harm(self, catcher: MailCatcher) -> None:
        send(catcher, a_letter())
        (letter,) = messages(catcher)

        _answer, page = fetch(catcher, f"/messages/{letter['id']}")
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
        answer, html = fetch(catcher, f"/messages/{letter['id']}/html")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox ")
        assert '<base target="_blank">' in html

    def test_gives_out_attachments_and_the_raw_source(self, catcher: MailCatcher) -> None:
        send(catcher, a_letter())
        (letter,) = messages(catcher)

        answer, content = fetch(catcher, f"/messages/{letter['id']}/attachments/0")
        assert content == "BEGIN:VCALENDAR"
        assert "course.ics" in answer.headers["Content-Disposition"]
        assert "Subject: Booking confirmed" in fetch(catcher, f"/messages/{letter['id']}/raw")[1]
        assert status_of(catcher, f"/messages/{letter['id']}/attachments/1") == 404
