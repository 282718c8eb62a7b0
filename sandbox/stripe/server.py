"""The sandbox as one thing: started in a test, or as a process by `python -m sandbox.stripe`."""

import logging
import sqlite3
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.stripe.acts import Config
from sandbox.stripe.api import Api
from sandbox.stripe.control_routes import control_routes
from sandbox.stripe.controls import Controls
from sandbox.stripe.deliveries import Outbox
from sandbox.stripe.page import pages
from sandbox.stripe.state import Store

logger = logging.getLogger(__name__)
_SWEEP_SECONDS = 1.0


class _QuietHandler(WSGIRequestHandler):
    #: Head and body are two writes; with Nagle's delay each answer would cost 40 ms.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: /_control/requests tells."""


class StripeSandbox(Controls):
    """A Stripe of one's own on 127.0.0.1, with the controls as methods.

    `directory` holds its one file; `port` 0 takes a free one; `public_url` defaults to the
    address it listens on; `later_seconds` None: what test cards do later waits for a control.
    """

    def __init__(
        self,
        directory: Path,
        *,
        webhook_url: str | None = None,
        webhook_secret: str = "whsec_sandbox",  # noqa: S107 - a sandbox's secret is no secret
        secret_key: str = "sk_test_sandbox",  # noqa: S107
        port: int = 0,
        public_url: str | None = None,
        later_seconds: float | None = None,
        file_name: str = "stripe.sqlite3",
    ) -> None:
        store = Store(directory / file_name)
        app = Flask("stripe_sandbox", static_folder=None)
        self._server = make_server(
            "127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler
        )
        self.base_url = f"http://127.0.0.1:{self._server.port}"
        config = Config(
            secret_key, webhook_secret, (public_url or self.base_url).rstrip("/"), later_seconds
        )
        outbox = Outbox(store, secret=webhook_secret, url=webhook_url)
        super().__init__(store, config, outbox)
        for blueprint in (Api(store, config).blueprint(), control_routes(self), pages(self)):
            app.register_blueprint(blueprint)
        self.app = app
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._server.serve_forever,
                kwargs={"poll_interval": 0.05},
                name="stripe-api",
                daemon=True,
            ),
            threading.Thread(target=self._sweep_on, name="stripe-sweeper", daemon=True),
        ]

    def start(self) -> Self:
        """Listen, deliver and sweep in the background."""
        for thread in self._threads:
            thread.start()
        self.outbox.start()
        return self

    def stop(self) -> None:
        """End all of it and close the file."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()
        self.outbox.stop()
        self.store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _sweep_on(self) -> None:
        while not self._stopping.wait(_SWEEP_SECONDS):
            try:
                self.sweep()
            except sqlite3.OperationalError:
                logger.exception("sweep failed; trying again")
