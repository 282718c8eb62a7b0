"""The visitor's steps: noted by a page, stored after its answer is made, without a cookie."""

from flask import Response, g, request

from rft_admin.core import clock
from rft_admin.public.blueprint import blueprint
from rft_admin.reporting import events

#: What a record keeps besides the step, by name.
Facts = int | str


def note(step: str, **facts: Facts) -> None:
    """Note that this visitor viewed, started, submitted or paid; a page counts each step once."""
    g.setdefault("funnel_steps", {})[step] = facts


@blueprint.after_request
def store(response: Response) -> Response:
    """Store the noted steps when the answer is ready: its own transaction is over by then."""
    if response.status_code < 500:
        for step, facts in g.pop("funnel_steps", {}).items():
            events.record(
                step,
                request.path,
                now=clock.now(),
                visitor=f"{request.remote_addr}|{request.user_agent.string}",
                event_data=dict(facts),
            )
    return response
