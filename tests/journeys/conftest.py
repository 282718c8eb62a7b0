"""The whole house in one process: application, Stripe, mail server, and jobs on demand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from rft_admin.catalogue import schedules
from rft_admin.catalogue.models import Course, CourseSchedule, Trainer, Venue
from rft_admin.catalogue.schedules import DayTimes
from rft_admin.core import clock
from rft_admin.core.actor import Actor
from rft_admin.core.clock import LONDON
from rft_admin.core.database import db, transact
from rft_admin.jobs import worker
from sandbox.ports import free_port
from sandbox.stripe import StripeSandbox
from seeds import reference
from tests.journeys.visitor import Visitor
from tests.messaging.conftest import Mailbox

KEY, SECRET = "sk_test_journeys", "whsec_journeys"
OFFICE = Actor(label="journey")
LINK = re.compile(r"http://localhost(/\S+)")


@dataclass
class House:
    """The running business, and what stands around it."""

    app: Flask
    stripe: StripeSandbox
    mailbox: Mailbox

    def visitor(self) -> Visitor:
        """Return somebody with a browser of his own."""
        return Visitor(self.app.test_client())

    def run_jobs(self) -> None:
        """Let the worker do everything that is due."""
        worker.work(self.app, wait=False)

    def deliver_events(self) -> None:
        """Let Stripe's events arrive at the webhook, and do what they cause."""
        client = self.app.test_client()

        def post(body: bytes, headers: dict[str, str]) -> int:
            return client.post("/webhooks/stripe", data=body, headers=headers).status_code

        self.stripe.deliver_all(post=post)
        self.run_jobs()

    def letters_to(self, address: str) -> list[EmailMessage]:
        """Return what arrived in somebody's mailbox, the oldest first."""
        return [letter for letter in self.mailbox.letters if address in str(letter["To"])]

    def letter_to(self, address: str, subject: str) -> EmailMessage:
        """Return the last letter that somebody got with these words in its subject."""
        found = [
            x for x in self.letters_to(address) if subject.lower() in str(x["Subject"]).lower()
        ]
        assert found, [(str(x["To"]), str(x["Subject"])) for x in self.mailbox.letters]
        return found[-1]


def text_of(letter: EmailMessage) -> str:
    """Return a letter's words."""
    body = letter.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content


def link_in(letter: EmailMessage, part: str = "") -> str:
    """Return the path of the first link in a letter that contains `part`."""
    links = [path for path in LINK.findall(text_of(letter)) if part in path]
    assert links, text_of(letter)
    return links[0]


@pytest.fixture
def house(committed_app: Flask, tmp_path: Path) -> Iterator[House]:
    """A seeded business, open and empty."""
    mailbox, port = Mailbox(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    with StripeSandbox(tmp_path / "stripe", secret_key=KEY, webhook_secret=SECRET) as stripe:
        committed_app.config["RFT"] = replace(
            committed_app.config["RFT"],
            stripe_secret_key=KEY,
            stripe_webhook_secret=SECRET,
            stripe_api_base=stripe.base_url,
            smtp_url=f"smtp://127.0.0.1:{port}",
        )
        with committed_app.app_context():
            transact(lambda: reference.seed_reference(committed_app.config["RFT"]), by=OFFICE)
        yield House(committed_app, stripe, mailbox)
    controller.stop()


def open_date(app: Flask, *, days_ahead: int, max_capacity: int = 12) -> int:
    """Publish a one-day course so many days from today, 09:30 to 16:30; return its id."""
    with app.app_context():

        def create() -> int:
            day = clock.london_date(clock.now()) + timedelta(days=days_ahead)
            start = datetime.combine(day, time(9, 30), LONDON)
            schedule = schedules.create_schedule(
                values={
                    "course_id": db.session.query(Course).filter_by(course_type="EFAW").one().id,
                    "venue_id": db.session.query(Venue).filter_by(city="Leeds").one().id,
                    "trainer_id": _trainer_id(),
                    "max_capacity": max_capacity,
                },
                days=[
                    DayTimes(starts_at=start, ends_at=start + timedelta(hours=7), break_minutes=60)
                ],
                by=OFFICE,
            )
            if days_ahead > 0:
                schedules.publish(schedule, now=clock.now(), by=OFFICE)
            return schedule.id

        return transact(create, by=OFFICE)


def move_to_today(app: Flask, schedule_id: int) -> None:
    """Let the time pass: the course's one day is today, and has begun."""
    with app.app_context():

        def move() -> None:
            schedule = db.session.get(CourseSchedule, schedule_id)
            assert schedule is not None
            today = datetime.combine(clock.london_date(clock.now()), time(0, 5), LONDON)
            schedules.update_schedule(
                schedule,
                values={},
                days=[
                    DayTimes(starts_at=today, ends_at=today + timedelta(hours=7), break_minutes=60)
                ],
                by=OFFICE,
            )

        transact(move, by=OFFICE)


def _trainer_id() -> int:
    trainer = db.session.query(Trainer).first()
    if trainer is None:
        admin_id = db.session.query(reference.User).filter_by(email=reference.ADMIN_EMAIL).one().id
        trainer = Trainer(user_id=admin_id, trainer_code="LEX-1")
        db.session.add(trainer)
        db.session.flush()
    return trainer.id
