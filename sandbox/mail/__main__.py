"""`python -m sandbox.mail`: catch letters until told to stop."""

import argparse
import contextlib
import signal
from pathlib import Path

from sandbox.mail import MailCatcher


def main() -> None:
    """Run the mail catcher."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.mail", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=0, help="0: a free one")
    parser.add_argument("--web-port", type=int, default=0, help="0: a free one")
    parser.add_argument("--directory", type=Path, default=Path("instance/mail"))
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        contextlib.suppress(KeyboardInterrupt),
        MailCatcher(
            chosen.directory, smtp_port=chosen.smtp_port, web_port=chosen.web_port
        ) as catcher,
    ):
        print(f"SMTP on 127.0.0.1:{catcher.smtp_port}, pages on {catcher.url}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
