"""The business as `make run` starts it, and Chromium to use it with."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from sandbox.ports import free_port
from tests.conftest import PROJECT

READY = re.compile(r"Ready: (\S+?)/?  admin: (\S+)  mail: (\S+)")
START_SECONDS = 180
WAIT_SECONDS = 30
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
#: Quiet: no call leaves this machine.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FIRST_PASSWORD = "LexOnly321!"
PASSWORD = "a calm sentence about kettles"
ADMIN = "lex@reactfasttraining.co.uk"


@dataclass
class Business:
    """Where the running business is."""

    web: str
    mail: str
    directory: Path

    def letters(self) -> list[dict[str, Any]]:
        """Return what the mail catcher has, the newest first."""
        with urllib.request.urlopen(f"{self.mail}api/messages") as answer:  # noqa: S310 - ours
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def letter(self, address: str, subject: str) -> dict[str, Any]:
        """Wait until somebody has got a letter with these words in its subject."""

        def find() -> dict[str, Any] | None:
            for letter in self.letters():
                if address in str(letter["to"]) and subject.lower() in letter["subject"].lower():
                    return letter
            return None

        return wait_for(find, f"a letter to {address}: {subject}")


def wait_for(find: Callable[[], Any], what: str) -> Any:
    """Ask again until there is an answer.

    :raises AssertionError: after half a minute without one.
    """
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if found := find():
            return found
        time.sleep(0.2)
    raise AssertionError(f"There was no {what} within {WAIT_SECONDS} s.")


@pytest.fixture(scope="session")
def business(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """The whole business with its demo quarter, as `make run` starts it."""
    _require_chromium()
    directory = tmp_path_factory.mktemp("business")
    outside = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "SMTP_URL"}}
    environment = {**outside, "RFT_INSTANCE": str(directory), "PORT": str(free_port())}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.run", "--with-parent"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        web, _, mail = _wait_until_ready(process)
        yield Business(web, mail, directory)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="session")
def browser(business: Business) -> Iterator[Browser]:
    """A headless Chromium, the system's own."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_chromium(), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    """A page on a desk."""
    yield from _page(browser, DESKTOP)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page in a hand."""
    yield from _page(browser, PHONE, has_touch=True, is_mobile=True)


@pytest.fixture(scope="session")
def office_state(browser: Browser, business: Business) -> dict[str, Any]:
    """The cookies of the admin, signed in, with a password of his own."""
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{business.web}/admin/")
    page.fill("[name=email]", ADMIN)
    page.fill("[name=password]", FIRST_PASSWORD)
    page.press("[name=password]", "Enter")
    page.fill("[name=current_password]", FIRST_PASSWORD)
    page.fill("[name=new_password]", PASSWORD)
    page.fill("[name=confirm_password]", PASSWORD)
    page.press("[name=confirm_password]", "Enter")
    page.wait_for_url(f"{business.web}/admin/**")
    state = context.storage_state()
    context.close()
    return dict(state)


@pytest.fixture
def office(browser: Browser, office_state: dict[str, Any]) -> Iterator[Page]:
    """The admin at a desk."""
    yield from _page(browser, DESKTOP, storage_state=office_state)


@pytest.fixture
def office_phone(browser: Browser, office_state: dict[str, Any]) -> Iterator[Page]:
    """The admin on a phone."""
    yield from _page(browser, PHONE, storage_state=office_state, has_touch=True, is_mobile=True)


def accessibility_faults(page: Page) -> list[str]:
    """Return what axe-core finds on the page: WCAG 2.2 A and AA, and its best practices."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:200]})" for one in found]


def scrolls_sideways(page: Page) -> bool:
    """Return whether the page is wider than its window."""
    wide: bool = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return wide


def _page(browser: Browser, viewport: dict[str, int], **options: Any) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(viewport=viewport, **options)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: faults.append(message.text) if _is_fault(message) else None,
    )
    yield page
    context.close()
    assert not faults, faults


def _is_fault(message: Any) -> bool:
    """Tell a script's or the content policy's complaint from the echo of a refused form."""
    return message.type == "error" and "status of 4" not in message.text


def _wait_until_ready(process: "subprocess.Popen[str]") -> tuple[str, str, str]:
    printed = []
    assert process.stdout is not None
    until = time.monotonic() + START_SECONDS
    for line in process.stdout:
        printed.append(line)
        if ready := READY.search(line):
            return ready[1], ready[2], ready[3]
        if time.monotonic() > until:
            break
    process.kill()
    raise AssertionError("".join(printed))


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def _require_chromium() -> None:
    if _chromium() is None:
        assert os.environ.get("CI") != "true", "Chromium is missing; .ci/run installs it."
        pytest.skip("There is no Chromium on this machine.")
