"""`python -m sandbox.stripe`: the Stripe sandbox as a process."""

import argparse
import signal
import threading
from pathlib import Path

from sandbox.stripe.server import StripeSandbox


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    options = _options()
    state: Path = options.state
    sandbox = StripeSandbox(
        state.parent,
        file_name=state.name,
        port=options.port,
        webhook_url=options.webhook_url,
        webhook_secret=options.webhook_secret,
        secret_key=options.secret_key,
        public_url=options.public_url,
        later_seconds=options.later,
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with sandbox:
        print(f"Stripe sandbox: {sandbox.base_url}/", flush=True)
        stopping.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stripe", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--webhook-url", help="where events go; none: they only wait")
    parser.add_argument("--webhook-secret", default="whsec_sandbox")
    parser.add_argument("--secret-key", default="sk_test_sandbox")
    parser.add_argument("--public-url", help="how browsers reach it, if not at 127.0.0.1:PORT")
    parser.add_argument(
        "--later", type=float, default=20, help="seconds until a test card's later trouble"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
