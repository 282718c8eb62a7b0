"""Flask-Admin's `expose`, with types."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import flask_admin
from werkzeug.wrappers import Response as BaseResponse

#: What a page's function may return.
Answer = str | tuple[str, int] | BaseResponse
View = TypeVar("View", bound=Callable[..., Any])


def expose(url: str, methods: Iterable[str] = ("GET",)) -> Callable[[View], View]:
    """Return a decorator that gives a view's method its address below the view's own."""
    return cast(Callable[[View], View], flask_admin.expose(url, tuple(methods)))
