"""Answering a posted action: the confirmation page, or the deed and what became of it."""

import re
from typing import TYPE_CHECKING, Any

from flask import abort, flash, redirect, request
from flask_admin.form import BaseForm
from markupsafe import Markup
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response as BaseResponse

from rft_admin.accounts import action_runs, audit
from rft_admin.accounts.action_runs import SentAlready
from rft_admin.accounts.models import RowOutcome
from rft_admin.admin.actions import Action, Done, Order
from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.choosing import Choice, digest_of, read_choice, safe_return
from rft_admin.admin.confirming import ask, is_as_seen, willing_ids
from rft_admin.admin.doing import as_done, do, do_and_tell, refusal_for, tell_trail, values_of
from rft_admin.admin.interrupted import is_shown_again
from rft_admin.admin.running import carry_on
from rft_admin.admin.saving import tell
from rft_admin.core import clock
from rft_admin.core.database import Json, transact
from rft_admin.core.errors import DomainError
from rft_admin.core.tokens import new_token

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView

Page = BaseResponse | tuple[str, int] | str

#: More rows than these are left to the worker, with a bar that tells how far it is.
MOST_AT_ONCE = 50
#: One transaction holds so many rows at most.
MOST_TOGETHER = 500
#: The list has changed since the confirmation page was made.
CHANGED_STATUS = 409
CHANGED_MEANWHILE = (
    "This has changed since the page was made. Nothing was done yet: look at it again."
)
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")


def handle(view: "TableView") -> Page:
    """Answer a posted action: the confirmation page, or the deed and the way to it."""
    action = view.actions_by_name.get(request.form.get("action", ""))
    if action is None:
        abort(400)
    if not view.may(f"action:{action.name}"):
        abort(403)
    try:
        choice = read_choice(view, action)
    except DomainError as refusal:
        flash(refusal.message, "error")
        return redirect(_way_back(view), code=303)
    if not choice.ids:
        flash("Please choose at least one row.", "warning")
        return redirect(_way_back(view), code=303)
    if action.is_immediate and not is_shown_again():
        return _do_immediately(view, action, choice)
    return _ask_or_do(view, action, choice)


def _ask_or_do(view: "TableView", action: Action, choice: Choice) -> Page:
    is_confirmed = request.form.get("confirmed") == "1"
    form = action.form(request.form if is_confirmed else None) if action.form else None
    is_confirmed = is_confirmed and not is_shown_again()
    too_many = _too_many(view, action, len(choice.ids))
    if too_many:
        flash(too_many, "warning")
        return redirect(_way_back(view), code=303)
    if not is_confirmed:
        return ask(view, action, choice, form)
    if form is not None and not form.validate():
        return ask(view, action, choice, form), 422
    able = willing_ids(view, action, choice)
    if choice.is_everything and (not able or request.form.get("digest") != digest_of(able)):
        return ask(view, action, choice, form, _what_changed(len(able))), CHANGED_STATUS
    if not is_as_seen(view, action, choice) and _find_run() is None:
        return ask(view, action, choice, form, CHANGED_MEANWHILE), CHANGED_STATUS
    try:
        if len(choice.ids) == 1:
            return _do_one(view, action, choice, form)
        return _do_many(view, action, able if choice.is_everything else choice.ids)
    except SentAlready:
        return _show_what_was_done(view)


def _too_many(view: "TableView", action: Action, count: int) -> str:
    if action.is_for_one and count > 1:
        return f"“{action.label}” is for one row at a time. Please choose one."
    if view.does_together(action) and count > MOST_TOGETHER:
        return f"At most {MOST_TOGETHER} rows at once here: it is all of them or none."
    return ""


def _what_changed(count: int) -> str:
    before = request.form.get("count", type=int)
    words = "Other rows can take it now"
    if before is not None and before != count:
        words = f"{before:,} rows could take it then, {count:,} can now"
    return f"The list has changed since this page was made: {words}. Nothing was done yet."


def _do_immediately(view: "TableView", action: Action, choice: Choice) -> Page:
    order = Order(values={}, by=current_actor_from_request(), now=clock.now())
    try:
        outcomes = [do(view, action, row_id, order) for row_id in choice.ids]
    except DomainError as refusal:
        return ask(view, action, choice, None, refusal.message), refusal.status
    found = outcomes[0]
    return found if isinstance(found, BaseResponse) else redirect(_way_back(view), code=303)


def _do_one(view: "TableView", action: Action, choice: Choice, form: BaseForm | None) -> Page:
    """Do it to one row and come back to it; a refusal stands on the page that asked."""
    row_id = choice.ids[0]
    order = Order(values=values_of(form), by=current_actor_from_request(), now=clock.now())
    step = _do_own_work if action.is_own_work else _do_in_one_transaction
    try:
        done = step(view, action, row_id, order)
    except SentAlready:
        raise
    except DomainError as refusal:
        return _asked_again(view, action, choice, form, refusal)
    except DBAPIError as error:
        return _asked_again(view, action, choice, form, refusal_for(error))
    flash(_linked(done), "success")
    return redirect(safe_return(request.form.get("url")) or view.details_url(row_id), code=303)


def _do_in_one_transaction(view: "TableView", action: Action, row_id: int, order: Order) -> Done:
    """Write down the confirmation, do it and settle it: all of it, or nothing."""

    def use_case() -> Done:
        run_id = _open_run(view, action, [row_id])
        done = do_and_tell(view, action, row_id, order)
        _settle(run_id, row_id, done)
        return done

    return transact(use_case, by=order.by)


def _do_own_work(view: "TableView", action: Action, row_id: int, order: Order) -> Done:
    """Do what has transactions of its own, the confirmation written down before."""

    def open_and_claim() -> int:
        run_id = _open_run(view, action, [row_id])
        now = clock.now()
        action_runs.claim_next(run_id, now=now)
        # If this request is cut off in the middle, the worker goes on with it.
        action_runs.queue(run_id, at=now + action_runs.GRACE)
        return run_id

    run_id = transact(open_and_claim, by=order.by)
    try:
        with audit.noting() as noted:
            done = as_done(do(view, action, row_id, order))
    except DomainError as refusal:
        failure = refusal
        transact(lambda: _settle(run_id, row_id, failure), by=order.by)
        raise

    def settle() -> None:
        tell_trail(view, action, row_id, order, noted)
        _settle(run_id, row_id, done)

    transact(settle, by=order.by)
    return done


def _settle(run_id: int, row_id: int, outcome: Done | DomainError) -> None:
    now = clock.now()
    row = action_runs.get_row(run_id, row_id)
    if isinstance(outcome, Done):
        words, address = outcome.words, outcome.address
        action_runs.settle(row, RowOutcome.DONE, words=words, address=address, now=now)
    else:
        action_runs.settle(row, RowOutcome.REFUSED, words=outcome.message, address=None, now=now)
    action_runs.finish(run_id, now=now)


def _do_many(view: "TableView", action: Action, ids: list[int]) -> Page:
    """Write down what was confirmed; do a few rows at once, leave many to the worker."""
    is_job = action.is_long or len(ids) > MOST_AT_ONCE

    def open_and_queue() -> int:
        run_id = _open_run(view, action, ids)
        # For few rows the job only looks after what a request that was cut off has left.
        action_runs.queue(run_id, at=None if is_job else clock.now() + action_runs.GRACE)
        return run_id

    run_id = transact(open_and_queue, by=current_actor_from_request())
    if not is_job:
        carry_on(run_id)
    return redirect(_page_of(run_id), code=303)


def _open_run(view: "TableView", action: Action, ids: list[int]) -> int:
    token = request.form.get("token", "")
    return action_runs.open_run(
        token=token if TOKEN.fullmatch(token) else new_token(),
        entity_type=view.model.__tablename__,
        action=action.name,
        fields=_posted_fields(action),
        entity_ids=ids,
        is_together=view.does_together(action) and len(ids) > 1,
        return_url=_way_back(view),
        by=current_actor_from_request(),
    ).id


def _posted_fields(action: Action) -> Json:
    """Return what was typed into the action's form, and nothing else that was posted."""
    names = [field.name for field in action.form()] if action.form else []
    return {
        # A JSON document of the database holds no NUL.
        key: [value.replace("\x00", "") for value in values]
        for key, values in request.form.lists()
        if any(key == name or key.startswith(f"{name}-") for name in names)
    }


def _show_what_was_done(view: "TableView") -> Page:
    """Lead to what became of this confirmation when it was sent the first time."""
    run = _find_run()
    if run is None:
        abort(409)
    flash("This was sent twice and done once.", "info")
    return redirect(_page_of(run.id), code=303)


def _find_run() -> Any:
    """Return what became of this very confirmation, if it was sent before."""
    actor = current_actor_from_request()
    return action_runs.find_run(user_id=actor.user_id, token=request.form.get("token", ""))


def _asked_again(
    view: "TableView", action: Action, choice: Choice, form: BaseForm | None, error: DomainError
) -> tuple[str, int]:
    if form is not None and error.field:
        form.refusal = None
        tell(form, error.field, error.message)
        return ask(view, action, choice, form, form.refusal or ""), error.status
    return ask(view, action, choice, form, error.message), error.status


def _way_back(view: "TableView") -> str:
    return safe_return(request.form.get("url")) or view.address("index_view")


def _page_of(run_id: int) -> Any:
    return f"/admin/action_runs/details/?id={run_id}"


def _linked(done: Done) -> Markup:
    if done.address is None:
        return Markup("{}").format(done.words)
    return Markup('{} <a href="{}">Show</a>').format(done.words, done.address)
