"""The public blueprint and what every public template may ask."""

from datetime import datetime
from decimal import Decimal

from flask import Blueprint, Response, request

from rft_admin.core.clock import to_london
from rft_admin.core.formats import format_number
from rft_admin.messaging import settings as words

blueprint = Blueprint("public", __name__)


#: Where pages and papers of one customer begin.
PERSONAL_PATHS = ("/bookings/", "/quotes/", "/attendees/", "/certificates/")


@blueprint.after_request
def keep_private(response: Response) -> Response:
    """Let no browser or proxy keep what is one customer's own."""
    if request.path.startswith(PERSONAL_PATHS):
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response


class Business:
    """How the business names itself; each word is read from the settings when it is printed."""

    @property
    def name(self) -> str:
        """The name on every page."""
        return words.business_name()

    @property
    def email(self) -> str:
        """Where customers write to."""
        return words.business_email()

    @property
    def phone(self) -> str:
        """The public number; empty when there is none."""
        return words.business_phone()

    @property
    def address(self) -> str:
        """The postal address; empty when there is none."""
        return words.business_address()


@blueprint.app_context_processor
def add_business() -> dict[str, Business]:
    """Give templates the business; an error page that prints none of it asks no database."""
    return {"business": Business()}


@blueprint.app_template_filter("london")
def london(moment: datetime) -> datetime:
    """Return the moment as London's wall clock shows it."""
    return to_london(moment)


@blueprint.app_template_filter("hours")
def hours(duration: Decimal) -> str:
    """Return for example 6 hours, 1 hour, 4.5 hours."""
    number = format_number(duration)
    return f"{number} hour" if duration == 1 else f"{number} hours"
