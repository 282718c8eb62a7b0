"""Refusals that a person may read, and how the database's own refusals become sentences."""

from sqlalchemy.exc import DBAPIError


class DomainError(Exception):
    """That is not possible."""

    #: The HTTP status a door answers with.
    status = 422
    #: The form field the refusal belongs to, when there is one.
    field: str | None = None

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        super().__init__(message or sentence_of(type(self)))
        if field is not None:
            self.field = field

    @property
    def message(self) -> str:
        """The sentence shown to the person."""
        return str(self.args[0])


class NotFound(DomainError):
    """There is no such record."""

    status = 404


class NotAllowed(DomainError):
    """You may not do that."""

    status = 403


class Busy(DomainError):
    """The system is busy at the moment. Please try again in a few seconds."""

    status = 503


class ChangedMeanwhile(DomainError):
    """Somebody else has changed this record meanwhile. Please look at it again."""

    status = 409


class TooManyTries(DomainError):
    """Too many tries. Please wait a little and try again."""

    status = 429

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


_refusals: dict[str, type[DomainError]] = {}


def refuse_on(constraint: str, error: type[DomainError]) -> None:
    """Let the database's refusal by this constraint be read as that error's sentence."""
    _refusals[constraint] = error


def refusal_of(error: DBAPIError) -> DomainError | None:
    """Return the sentence for a database error, or None where it is a bug."""
    diagnostics = getattr(error.orig, "diag", None)
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate == "55P03":
        return Busy()
    refusal = _refusals.get(getattr(diagnostics, "constraint_name", None) or "")
    return refusal() if refusal else None


def sentence_of(error: type[DomainError]) -> str:
    """Return the first paragraph of the error's docstring as one line."""
    return " ".join((error.__doc__ or "").split("\n\n")[0].split())
