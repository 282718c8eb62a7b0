"""Templates without a request: letters and PDFs render outside the web as well."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from rft_admin.core.formats import FILTERS

TEMPLATES = Path(__file__).parent.parent / "templates"


def render(template: str, **context: Any) -> str:
    """Render a template of `rft_admin/templates`; `.html` escapes, `.txt` and `.typ` do not."""
    return environment().get_template(template).render(**context)


@cache
def environment() -> Environment:
    """Return the one Jinja environment of letters and PDFs, strict about missing values."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = dict(FILTERS)
    jinja.filters.update(filters)
    return jinja
