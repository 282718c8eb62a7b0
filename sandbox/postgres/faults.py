"""What the keeper says when there is no database to be had."""


class PostgresUnavailable(Exception):
    """No PostgreSQL could be started; the message is a sentence for the person at the keyboard."""
