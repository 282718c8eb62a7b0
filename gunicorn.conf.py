"""How gunicorn serves the application, on Heroku and under `make run`."""

import gc
import os
from pathlib import Path
from typing import Any

bind = f"0.0.0.0:{os.environ.get('PORT', '5000')}"
# One process with threads: its memory, and the database's 20 connections, are shared by all.
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 8)
# Who has so many waiting leaves a crowd's next to the other process, if there is one: without it
# one took twice as many as the other. Heroku's router passes complete requests on, so that no
# visitor holds a place by saying nothing.
worker_connections = 4 * threads
# Heroku's router gives up after 30 seconds, and kills a process 30 seconds after SIGTERM.
timeout = 30
graceful_timeout = 20
keepalive = 5
# The workers' heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's advice
# Heroku's router is the only one that reaches the process; ProxyFix reads what it says.
forwarded_allow_ips = "*"
# The application logs requests itself, with ids and without addresses.
accesslog = None
errorlog = "-"
loglevel = os.environ.get("LOG_LEVEL", "info").lower()
control_socket_disable = True


def post_worker_init(_worker: Any) -> None:
    """Leave the application itself out of every later search for garbage: it stays to the end."""
    gc.collect()
    gc.freeze()
