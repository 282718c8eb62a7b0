"""An action on one row: rights and hindrance asked anew, done, and told in the trail."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import NotFound as RowMissing
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.accounts import audit
from rft_admin.admin.actions import Action, Done, Order
from rft_admin.core.database import db
from rft_admin.core.errors import ChangedMeanwhile, DomainError, NotAllowed, refusal_of

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView


class Gone(DomainError):
    """It is gone, or no longer among your rows."""

    status = 404


class Refused(DomainError):
    """The database refuses this."""


def do(
    view: "TableView", action: Action, row_id: int, order: Order, *, goes_on: bool = False
) -> Done | BaseResponse:
    """Do the action to one row, in whatever transaction is open.

    :param goes_on: it was broken off before; what it has done already is no hindrance then.
    :raises NotAllowed: if the person may not, by now.
    :raises Gone: if the row is out of reach, by now.
    :raises DomainError: as the use case refuses.
    """
    verb = f"action:{action.name}"
    if not view.may(verb):
        raise NotAllowed
    try:
        row = view.get_many([row_id], verb)[0]
    except RowMissing as missing:
        raise Gone from missing
    hindrance = action.hindrance(row)
    if hindrance is not None and not goes_on:
        raise DomainError(hindrance)
    return action.run(row, order)


def do_and_tell(view: "TableView", action: Action, row_id: int, order: Order) -> Done:
    """Do the action to one row; the row's own trail tells of it even if nothing of it changed."""
    with audit.noting() as noted:
        done = do(view, action, row_id, order)
        db.session.flush()
    tell_trail(view, action, row_id, order, noted)
    return as_done(done)


def tell_trail(
    view: "TableView",
    action: Action,
    row_id: int,
    order: Order,
    noted: set[tuple[str, int | None]],
) -> None:
    """Write the deed into the row's trail unless the use case has done so."""
    table = view.model.__tablename__
    if (table, row_id) not in noted:
        reason = order.values.get("reason") or None
        audit.record(action.name, by=order.by, entity_type=table, entity_id=row_id, reason=reason)


def as_done(outcome: Done | BaseResponse) -> Done:
    """Return what is told of a deed; a page instead of words has no place among many rows."""
    return outcome if isinstance(outcome, Done) else Done("Done.")


def attempt(view: "TableView", action: Action, row_id: int, order: Order) -> Done | DomainError:
    """Do the action to one row in a savepoint: a refusal takes back this row alone.

    Constraints that wait for the end of the transaction are asked here, so that the row which
    breaks them is the one that is refused.
    """
    try:
        with db.session.begin_nested():
            done = do_and_tell(view, action, row_id, order)
            db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            return done
    except DomainError as refusal:
        return refusal
    except StaleDataError:
        return ChangedMeanwhile()
    except DBAPIError as error:
        return refusal_for(error)


def refusal_for(error: DBAPIError) -> DomainError:
    """Return the sentence for the database's refusal.

    :raises DBAPIError: the error itself, where it is no refusal but a bug or a deadlock.
    """
    refusal = refusal_of(error)
    if refusal is not None:
        return refusal
    if isinstance(error, IntegrityError | DataError):
        return Refused()
    raise error


def values_of(form: Any) -> dict[str, Any]:
    """Return the form's values for an order; none without a form."""
    return dict(form.data) if form is not None else {}
