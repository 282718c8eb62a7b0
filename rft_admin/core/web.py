"""What every answer of the application carries: a request id, security headers, plain errors."""

import logging
import re
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.middleware.proxy_fix import ProxyFix

from config import STRIPE_API, Config
from rft_admin.core.errors import Busy, DomainError, TooManyTries, refusal_of
from rft_admin.core.formats import FILTERS

logger = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
CHECKOUT_HOST = "https://checkout.stripe.com"
YEAR_SECONDS = 31_536_000
RETRY_AFTER_SECONDS = 5

TITLES = {
    400: "That request could not be read",
    403: "You may not do that",
    404: "There is nothing here",
    405: "That is not possible here",
    409: "Something has changed meanwhile",
    413: "That is too large",
    422: "That is not possible",
    429: "Too many tries",
    500: "Something went wrong on our side",
    503: "We are busy at the moment",
}
MESSAGES = {
    400: "Please go back, reload the page and try again.",
    404: "The address may be mistyped, or the page is gone.",
    500: "The fault was recorded. Nothing you had saved before is lost. Please try again.",
    503: "Please try again in a few seconds.",
}


def init_web(app: Flask) -> None:
    """Give every request an id and every answer its headers; turn errors into pages."""
    config: Config = app.config["RFT"]
    if config.is_production:
        # Heroku's router appends exactly one address and one scheme; its host header is ours.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)  # type: ignore[method-assign] # Flask's documented way
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.before_request(_name_request)
    app.after_request(_add_headers)
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DBAPIError, _database_error)
    app.register_error_handler(PoolTimeout, _pool_exhausted)


def csp_nonce() -> str:
    """Return this request's nonce for its scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def wants_json() -> bool:
    """Return whether the caller prefers JSON to a page."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == (
        "application/json"
    )


def error_page(
    status: int, message: str | None = None, *, retry_after_seconds: int | None = None
) -> Response:
    """Return the plain page, or the JSON, for an error."""
    title = TITLES.get(status, TITLES[400] if status < 500 else TITLES[500])
    words = message or MESSAGES.get(status, "")
    if wants_json():
        response = jsonify(error=title, message=words, request_id=g.get("request_id"))
    else:
        template = "admin/error.html" if _is_office() else "public/error.html"
        page = render_template(template, status=status, title=title, message=words)
        response = Response(page)
    response.status_code = status
    if retry_after_seconds is not None:
        response.headers["Retry-After"] = str(retry_after_seconds)
    return response


def _is_office() -> bool:
    return request.path == "/admin" or request.path.startswith("/admin/")


def _name_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _add_headers(response: Response) -> Response:
    config: Config = current_app.config["RFT"]
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _content_security_policy(config))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers["X-Request-ID"] = g.get("request_id", "")
    if config.is_production:
        headers["Strict-Transport-Security"] = f"max-age={YEAR_SECONDS}; includeSubDomains"
    return response


def _content_security_policy(config: Config) -> str:
    nonce = f"'nonce-{csp_nonce()}'"
    # A form's POST is redirected to the payment page, which form-action must therefore allow.
    base = config.stripe_api_base
    payment = CHECKOUT_HOST if base == STRIPE_API else _origin(base)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {nonce}",
            f"style-src 'self' {nonce}",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            f"form-action 'self' {payment}",
        )
    )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _refused(error: DomainError) -> Response:
    retry_after = RETRY_AFTER_SECONDS if isinstance(error, Busy) else None
    if isinstance(error, TooManyTries):
        retry_after = error.retry_after_seconds
    return error_page(error.status, error.message, retry_after_seconds=retry_after)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        return make_response(error.get_response(request.environ))
    status = error.code or 500
    if isinstance(error, InternalServerError):
        logger.error("Unhandled error in request %s", g.get("request_id"))
    return error_page(status)


def _database_error(error: DBAPIError) -> Response:
    refusal = refusal_of(error)
    if refusal is not None:
        return _refused(refusal)
    if isinstance(error, OperationalError):
        logger.error("The database did not answer: %s", type(error.orig).__name__)
        return error_page(503, retry_after_seconds=RETRY_AFTER_SECONDS)
    raise error


def _pool_exhausted(_error: PoolTimeout) -> Response:
    return error_page(503, retry_after_seconds=RETRY_AFTER_SECONDS)
