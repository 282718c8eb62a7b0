"""Absolute addresses for letters, PDFs and payments: from PUBLIC_URL, never from a request."""

from urllib.parse import urlencode

from flask import current_app


def absolute(path: str, **query: str) -> str:
    """Return the absolute address of a path of this site."""
    base: str = current_app.config["RFT"].public_url
    return base + path + (f"?{urlencode(query)}" if query else "")
