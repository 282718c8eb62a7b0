"""The field of a run: every peer as a running process, and somebody signed in to each."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks.browsing import Answer, Browser
from benchmarks.data import PROJECT, Database, Databases
from benchmarks.options import Options
from benchmarks.peers import COUNTLESS, EXACT, FEW, FLOOR, OURS, PEERS, ListAsk, Peer
from benchmarks.serving import Server, serving
from rft_admin.core.tokens import hash_token, new_token

REFERENCE = re.compile(r"TST-[0-9A-F]{8}")
PEERS_BY_NAME = {peer.name: peer for peer in PEERS}
EMAIL = "bench@example.com"


@dataclass(frozen=True)
class Field:
    """All that is asked in a run."""

    options: Options
    databases: Databases
    servers: dict[str, Server]
    browsers: dict[str, Browser]
    cookies: dict[str, str]

    def newcomer(self, name: str) -> Browser:
        """Return somebody else who is signed in to a peer."""
        return self.servers[name].browser(self.cookies.get(name, ""))

    def ask(self, name: str, address: str) -> Answer:
        """Return a peer's answer."""
        return self.browsers[name].get(address)

    def ask_list(self, name: str, ask: ListAsk) -> Answer:
        """Return a peer's list."""
        peer = PEERS_BY_NAME[OURS if name == FEW else name]
        return self.ask(name, peer.list_address(ask))


def references(answer: Answer) -> list[str]:
    """Return the bookings that a page shows, in its order."""
    return list(dict.fromkeys(REFERENCE.findall(answer.text)))


@contextmanager
def field(options: Options, databases: Databases) -> Iterator[Field]:
    """Start every peer on the large database, and ours on the small one as well."""
    logs = options.directory / "logs"
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for peer in PEERS:
            known = [servers[other.name] for other in PEERS if _shares(other, peer, servers)]
            servers[peer.name] = (
                known[0] if known else stack.enter_context(_serve(peer, databases.large, options))
            )
        small = databases.small.environment()
        servers[FEW] = stack.enter_context(
            serving(FEW, PEERS_BY_NAME[OURS].application, small, logs)
        )
        for server in servers.values():
            server.wait()
        cookies = _cookies(databases)
        browsers = {
            name: stack.enter_context(closing(server.browser(cookies.get(name, ""))))
            for name, server in servers.items()
        }
        yield Field(options, databases, servers, browsers, cookies)


def _shares(other: Peer, peer: Peer, servers: dict[str, Server]) -> bool:
    return other.name in servers and other.application == peer.application


def _serve(peer: Peer, database: Database, options: Options) -> AbstractContextManager[Server]:
    logs = options.directory / "logs"
    return serving(peer.name, peer.application, database.environment(), logs)


def _cookies(databases: Databases) -> dict[str, str]:
    django = f"sessionid={_sign_in_to_django(databases.large)}"
    ours = f"rft_session={sign_in(databases.large)}"
    return {
        OURS: ours,
        FLOOR: ours,
        FEW: f"rft_session={sign_in(databases.small)}",
        EXACT: django,
        COUNTLESS: django,
    }


def sign_in(database: Database) -> str:
    """Open a session of the office for an admin of the benchmarks and return its token."""
    token = new_token()
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "INSERT INTO users (email, first_name, role) VALUES (%s, 'Bench', 'admin')"
            " ON CONFLICT DO NOTHING",
            (EMAIL,),
        )
        connection.execute(
            "INSERT INTO admin_sessions (user_id, session_token, expires_at)"
            " SELECT id, %s, now() + interval '12 hours' FROM users WHERE email = %s",
            (hash_token(token), EMAIL),
        )
    return token


def _sign_in_to_django(database: Database) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers.django_admin.sign_in"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **database.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
