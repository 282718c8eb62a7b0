"""Files for the customer: calendar, invoice, certificate, materials; and an attendee's own page."""

from typing import TypeVar

from flask import Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from rft_admin.bookings import calendar as calendars
from rft_admin.bookings import links, requirements
from rft_admin.bookings import settings as booking_settings
from rft_admin.bookings.models import BookingAttendee
from rft_admin.catalogue.models import CourseMaterial
from rft_admin.catalogue.service import LARGEST_ID
from rft_admin.core import clock, tokens
from rft_admin.core.database import Model, db, transact
from rft_admin.core.errors import DomainError
from rft_admin.core.files import StoredFile
from rft_admin.delivery import verification
from rft_admin.delivery.models import Certificate
from rft_admin.payments.models import Invoice, InvoiceKind
from rft_admin.public import access, visitor
from rft_admin.public.blueprint import blueprint
from rft_admin.public.forms import NeedsForm

#: What a link to one certificate is signed for.
CERTIFICATE_LINK = "certificate"
CERTIFICATE_LINK_SECONDS = 4 * 366 * 24 * 3600
UNPROCESSABLE = 422

Row = TypeVar("Row", bound=Model)


@blueprint.get("/bookings/<reference>/calendar.ics")
def booking_calendar(reference: str) -> Response:
    """Give the booking's days as a calendar file."""
    opened = access.open_booking(reference)
    return _file(
        calendars.booking_ics(opened),
        f"{opened.booking_reference}.ics",
        "text/calendar; charset=utf-8",
    )


@blueprint.get("/bookings/<reference>/invoice.pdf")
def invoice(reference: str) -> Response:
    """Give the booking's latest invoice."""
    opened = access.open_booking(reference)
    found = db.session.scalar(
        select(Invoice)
        .where(Invoice.booking_id == opened.id, Invoice.kind == InvoiceKind.INVOICE)
        .order_by(Invoice.id.desc())
        .limit(1)
    )
    return _stored(found.stored_file if found else None)


@blueprint.get("/bookings/<reference>/invoices/<int:invoice_id>.pdf")
def document(reference: str, invoice_id: int) -> Response:
    """Give one of the booking's invoices or credit notes."""
    opened = access.open_booking(reference)
    found = _get(Invoice, invoice_id)
    return _stored(found.stored_file if found and found.booking_id == opened.id else None)


@blueprint.get("/bookings/<reference>/materials/<int:material_id>")
def booking_material(reference: str, material_id: int) -> ResponseReturnValue:
    """Give a course material to somebody who has booked the course."""
    opened = access.open_booking(reference)
    found = _get(CourseMaterial, material_id)
    if found is None or found.course_id != opened.course_schedule.course_id:
        abort(404)
    return _material(found)


@blueprint.get("/materials/<int:material_id>")
def material(material_id: int) -> ResponseReturnValue:
    """Give a course material that is for everybody."""
    found = _get(CourseMaterial, material_id)
    if found is None or not found.is_public or not found.course.is_active:
        abort(404)
    return _material(found)


@blueprint.get("/certificates/<certificate_number>.pdf")
def certificate(certificate_number: str) -> Response:
    """Give a certificate as it was issued, by its own link or to the booking's browser."""
    number = verification.normalise(certificate_number)
    found = db.session.scalar(select(Certificate).where(Certificate.certificate_number == number))
    if found is None or not _may_read(found):
        abort(404)
    return _stored(found.stored_file)


@blueprint.route("/attendees/<int:attendee_id>/details", methods=["GET", "POST"])
def attendee_details(attendee_id: int) -> ResponseReturnValue:
    """Let an attendee say, by his own link, what he needs; with his consent it is kept."""
    now = clock.now()
    if request.method == "POST":
        visitor.count_try("details", now=now)
    token = request.args.get("t", "")
    attendee = links.find_attendee_by_link(attendee_id, token)
    if attendee is None:
        abort(404)
    form = NeedsForm()
    if request.method == "GET":
        return _details_page(form, attendee, token)
    if not form.validate():
        return _details_page(form, attendee, token), UNPROCESSABLE
    by = visitor.actor()

    def use_case() -> None:
        requirements.give_details(
            db.session.get_one(BookingAttendee, attendee_id),
            requirement_type=form.requirement_type.data,
            details=form.requirement_details.data,
            consent=form.health_consent.data,
            now=now,
            by=by,
        )

    try:
        transact(use_case, by=by)
    except DomainError as refusal:
        form.refuse(refusal)
        return _details_page(form, attendee, token), UNPROCESSABLE
    return render_template("public/details_saved.html")


def _details_page(form: NeedsForm, attendee: BookingAttendee, token: str) -> str:
    return render_template(
        "public/details.html",
        form=form,
        attendee=attendee,
        token=token,
        schedule=attendee.booking.course_schedule,
        requirements_days=booking_settings.requirements_retention_days(),
    )


def _may_read(found: Certificate) -> bool:
    booking = found.booking
    if visitor.may_open(booking.id, booking.links_version):
        return True
    signed = tokens.read_row(
        CERTIFICATE_LINK,
        request.args.get("t", ""),
        max_age_seconds=CERTIFICATE_LINK_SECONDS,
    )
    return signed is not None and signed.row_id == found.id


def _material(found: CourseMaterial) -> ResponseReturnValue:
    if found.stored_file is not None:
        return _stored(found.stored_file)
    if not found.file_url.startswith(("https://", "http://")):
        abort(404)
    return redirect(found.file_url)


def _get(model: type[Row], row_id: int) -> Row | None:
    return db.session.get(model, row_id) if 0 < row_id <= LARGEST_ID else None


def _stored(stored: StoredFile | None) -> Response:
    if stored is None:
        abort(404)
    return _file(stored.content, stored.file_name, stored.media_type)


def _file(content: bytes, name: str, media_type: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response
