"""The keeper of an embedded PostgreSQL: one directory, one server, gone when its owner is gone."""

from sandbox.postgres.faults import PostgresUnavailable
from sandbox.postgres.server import PostgresServer

__all__ = ["PostgresServer", "PostgresUnavailable"]
