"""The screen of what was confirmed: how far it is, and what became of each row."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import jsonify, request
from sqlalchemy import func, select

from rft_admin.accounts import action_runs
from rft_admin.accounts.models import ActionRun, ActionRunRow, RowOutcome, RunStatus
from rft_admin.admin.actions import Action, Done, Order
from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.choosing import MOST_ROWS, safe_return
from rft_admin.admin.exposing import Answer, expose
from rft_admin.admin.listing import load_rows
from rft_admin.admin.naming import label_of_table
from rft_admin.admin.registry import details_address, screen, view_of
from rft_admin.admin.rights import scoped
from rft_admin.core.database import db

if TYPE_CHECKING:
    from rft_admin.admin.base import TableView as View

ROWS_ON_A_PAGE = 100
#: The page's tabs, those that a person looks for first.
TABS = (
    ("", "All", ()),
    ("refused", "Not done", (RowOutcome.REFUSED, RowOutcome.SKIPPED)),
    ("done", "Done", (RowOutcome.DONE,)),
    ("waiting", "Waiting", (RowOutcome.WAITING,)),
)


@dataclass(frozen=True)
class Tab:
    """Rows of one outcome, and how many there are."""

    key: str
    label: str
    count: int


@dataclass(frozen=True)
class Line:
    """One row of the result: what it is, where it is shown, and what became of it."""

    title: str
    title_address: str | None
    row: ActionRunRow


@dataclass(frozen=True)
class Result:
    """All that the page of a run shows."""

    heading: str
    tabs: list[Tab]
    tab: str
    lines: list[Line]
    page: int
    has_next: bool
    #: The rows that could be tried again or taken back, by the actions named.
    retried: list[int]
    retry: Action | None
    undone: list[int]
    undo: Action | None


def _stop(run: Any, order: Order) -> Done:
    left = action_runs.stop(run.id, now=order.now)
    words = "1 row" if left == 1 else f"{left:,} rows"
    return Done(f"Stopped; {words} left as they were.", details_address(run))


def _carry_on(run: Any, order: Order) -> Done:
    action_runs.queue(run.id)
    return Done("The worker has it again.", details_address(run))


def _is_over(run: Any) -> str | None:
    return None if run.is_running else "It is over."


@screen(ActionRun)
class ActionRunView(TableView):
    """Actions that were confirmed, kept for a while; what they did stays in the activity log."""

    group, icon, title, singular = "System", "check", "Actions taken", "action taken"
    question = "Who did what with which rows, how far is it, and what became of each?"
    read_only_because = "Written when an action is confirmed; kept for 90 days."
    column_list = (
        "created_at",
        "action",
        "entity_type",
        "user_id",
        "status",
        "row_count",
        "done_count",
        "refused_count",
    )
    column_labels = {
        "created_at": "When",
        "entity_type": "Table",
        "user_id": "By",
        "row_count": "Rows",
        "done_count": "Done",
        "refused_count": "Not done",
        "is_together": "All or none",
    }
    column_filters = ("status", "user_id", "action", "entity_type", "created_at")
    column_searchable_list = ("action", "entity_type")
    default_order = (("id", True),)
    scopes = {
        "running": ListScope("Running", lambda: ActionRun.status == RunStatus.RUNNING),
        "many": ListScope("Several rows", lambda: ActionRun.row_count > 1),
        "refused": ListScope("Not all done", lambda: ActionRun.refused_count > 0),
    }
    empty_words = "What you do with chosen rows stands here afterwards, each row with its outcome."
    actions = (
        Action(
            name="stop",
            label="Stop",
            question="What is done stays done; the rows that are still waiting are left alone.",
            run=_stop,
            hindrance=_is_over,
            is_dangerous=True,
        ),
        Action(
            name="carry_on",
            label="Carry on",
            question="The worker takes the waiting rows up again; what is done is not repeated.",
            run=_carry_on,
            hindrance=_is_over,
        ),
    )

    @expose("/details/")
    def details_view(self) -> Answer:
        """How far it is while it runs, and what became of each row."""
        run = self.get_one(request.args.get("id", ""))
        return str(
            self.render(
                "admin/action_run.html",
                run=run,
                result=_result(run),
                back=safe_return(run.return_url) or self.address("index_view"),
            )
        )

    @expose("/progress/")
    def progress_view(self) -> Answer:
        """How far it is, for the bar."""
        run = self.get_one(request.args.get("id", ""))
        answer = jsonify(
            done=run.done_count,
            refused=run.refused_count,
            total=run.row_count,
            words=progress_words(run),
            is_over=not run.is_running,
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


def progress_words(run: ActionRun) -> str:
    """Return how far a run is as a sentence."""
    words = f"{run.settled_count:,} of {run.row_count:,} rows"
    return f"{words}, {run.refused_count:,} not done" if run.refused_count else words


def _result(run: ActionRun) -> Result:
    view = view_of(run.entity_type)
    action = view.actions_by_name.get(run.action) if view else None
    tab = request.args.get("outcome", "")
    chosen = {key: outcomes for key, _, outcomes in TABS}.get(tab, ())
    page = min(max(request.args.get("page", 0, type=int), 0), 10_000)
    rows = _rows(run.id, chosen, page)
    return Result(
        heading=_heading(run, view, action),
        tabs=_tabs(run.id),
        tab=tab if chosen else "",
        lines=_lines(view, rows[:ROWS_ON_A_PAGE]),
        page=page,
        has_next=len(rows) > ROWS_ON_A_PAGE,
        retried=_ids(run, (RowOutcome.REFUSED, RowOutcome.SKIPPED)),
        retry=_if_allowed(view, action),
        undone=_ids(run, (RowOutcome.DONE,)),
        undo=_undoing(view, action),
    )


def _heading(run: ActionRun, view: "View | None", action: Action | None) -> str:
    label = action.label if action else run.action.replace("_", " ").capitalize()
    one, many = (view.one, view.label.lower()) if view else ("row", label_of_table(run.entity_type))
    return f"{label}: {run.row_count:,} {one if run.row_count == 1 else many}"


def _tabs(run_id: int) -> list[Tab]:
    statement = (
        select(ActionRunRow.outcome, func.count())
        .where(ActionRunRow.action_run_id == run_id)
        .group_by(ActionRunRow.outcome)
    )
    counts: dict[RowOutcome, int] = dict(db.session.execute(statement).all())
    tabs = [
        Tab(key, label, sum(counts.get(one, 0) for one in outcomes or RowOutcome))
        for key, label, outcomes in TABS
    ]
    return [tab for tab in tabs if tab.count]


def _rows(run_id: int, outcomes: tuple[RowOutcome, ...], page: int) -> list[ActionRunRow]:
    statement = select(ActionRunRow).where(ActionRunRow.action_run_id == run_id)
    if outcomes:
        statement = statement.where(ActionRunRow.outcome.in_(outcomes))
    return list(
        db.session.scalars(
            statement.order_by(ActionRunRow.entity_id)
            .offset(page * ROWS_ON_A_PAGE)
            .limit(ROWS_ON_A_PAGE + 1)
        )
    )


def _lines(view: "View | None", rows: list[ActionRunRow]) -> list[Line]:
    """Return the rows with their titles; a row out of reach by now shows its number only."""
    if view is None:
        return [Line(f"#{row.entity_id}", None, row) for row in rows]
    ids = [row.entity_id for row in rows]
    allowed = select(view.model.id).where(view.model.id.in_(ids))
    reachable = list(db.session.scalars(scoped(view.model, allowed, "list")))
    titles = {one.id: str(one) for one in load_rows(view, reachable, [])}
    return [
        Line(
            titles.get(row.entity_id, f"#{row.entity_id}"),
            view.details_url(row.entity_id) if row.entity_id in titles else None,
            row,
        )
        for row in rows
    ]


def _ids(run: ActionRun, outcomes: tuple[RowOutcome, ...]) -> list[int]:
    """Return the ids of these outcomes for a button; none where they are too many to post."""
    if run.is_running:
        return []
    statement = (
        select(ActionRunRow.entity_id)
        .where(ActionRunRow.action_run_id == run.id, ActionRunRow.outcome.in_(outcomes))
        .order_by(ActionRunRow.entity_id)
        .limit(MOST_ROWS + 1)
    )
    ids = list(db.session.scalars(statement))
    return ids if len(ids) <= MOST_ROWS else []


def _undoing(view: "View | None", action: Action | None) -> Action | None:
    if view is None or action is None:
        return None
    return _if_allowed(view, view.actions_by_name.get(action.undone_by))


def _if_allowed(view: "View | None", action: Action | None) -> Action | None:
    is_allowed = view is not None and action is not None and view.may(f"action:{action.name}")
    return action if is_allowed else None
