"""Door 1: the customer. Importing it joins every page to the blueprint."""

from rft_admin.public import (
    book,
    bookings,
    documents,
    health,
    inquire,
    maintenance,
    pages,
    quotes,
    transfer,
    verify,
    waiting,
    webhook,
)
from rft_admin.public.blueprint import blueprint

__all__ = [
    "blueprint",
    "book",
    "bookings",
    "documents",
    "health",
    "inquire",
    "maintenance",
    "pages",
    "quotes",
    "transfer",
    "verify",
    "waiting",
    "webhook",
]
