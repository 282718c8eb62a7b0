"""`python -m sandbox.postgres`: keep the development database running and print its address."""

import os
import signal
import sys
from pathlib import Path

from sandbox.postgres import PostgresServer, PostgresUnavailable


def main() -> int:
    """Keep the database running until interrupted."""
    instance = Path(os.environ.get("RFT_INSTANCE", "instance"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with PostgresServer(instance / "postgres") as server:
            print(server.url(), flush=True)
            signal.pause()
    except PostgresUnavailable as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
