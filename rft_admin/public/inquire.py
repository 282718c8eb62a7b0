"""Questions before a booking, about a date or in general."""

from datetime import datetime

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from rft_admin.bookings import inquiries, settings
from rft_admin.bookings.orders import InquiryOrder
from rft_admin.catalogue import service as catalogue
from rft_admin.catalogue.models import CourseSchedule
from rft_admin.core import clock
from rft_admin.core.database import transact
from rft_admin.core.errors import Busy, DomainError, NotFound
from rft_admin.core.formats import format_moment
from rft_admin.public import visitor
from rft_admin.public.blueprint import blueprint
from rft_admin.public.book import UNPROCESSABLE
from rft_admin.public.dates import list_cards
from rft_admin.public.forms import InquiryForm


@blueprint.route("/inquire", methods=["GET", "POST"], defaults={"schedule_id": None})
@blueprint.route("/inquire/<int:schedule_id>", methods=["GET", "POST"])
def inquire(schedule_id: int | None) -> ResponseReturnValue:
    """Show the inquiry form; store what is sent."""
    now = clock.now()
    if request.method == "POST":
        visitor.count_try("inquire", now=now)
    schedule = catalogue.get_schedule_on_show(schedule_id, now=now) if schedule_id else None
    form = _form(schedule)
    if request.method == "GET":
        return _page(form, schedule, now)
    if not form.validate():
        return _page(form, schedule, now), UNPROCESSABLE
    try:
        sent = _place(form, schedule_id, now)
    except (NotFound, Busy):
        raise
    except DomainError as refusal:
        if not form.refuse(refusal):
            form.form_errors = [*form.form_errors, refusal.message]
        fresh = catalogue.get_schedule(schedule_id) if schedule_id else None
        return _page(form, fresh, now), UNPROCESSABLE
    session["inquiry"] = sent
    return redirect(url_for("public.inquiry_sent"), 303)


@blueprint.get("/inquire/sent")
def inquiry_sent() -> ResponseReturnValue:
    """Say that the question has arrived, to the browser that sent it."""
    sent = session.get("inquiry")
    if not sent:
        return redirect(url_for("public.inquire"))
    return render_template("public/inquiry_sent.html", sent=sent)


def _form(schedule: CourseSchedule | None) -> InquiryForm:
    form = InquiryForm()
    courses = catalogue.list_courses()
    form.course_id.choices = {
        "": "Not sure yet, or something else",
        **{str(course.id): course.name for course in courses},
    }
    if request.method == "GET" and schedule is None:
        wanted = request.args.get("course")
        form.course_id.data = next((str(c.id) for c in courses if c.slug == wanted), "")
    return form


def _place(form: InquiryForm, schedule_id: int | None, now: datetime) -> dict[str, str]:
    order = InquiryOrder(
        first_name=form.first_name.data,
        last_name=form.last_name.data,
        email=form.email.data,
        phone=form.phone.data or "",
        company_name=form.company_name.data or "",
        schedule_id=schedule_id,
        course_id=int(form.course_id.data) if form.course_id.data else None,
        number_of_people=form.number_of_people.data,
        questions=form.questions.data or "",
    )
    by = visitor.actor()

    def use_case() -> dict[str, str]:
        inquiry = inquiries.place_inquiry(order, now=now, by=by)
        words = ""
        if inquiry.hold_expires_at:
            words = f"We keep the places for you until {format_moment(inquiry.hold_expires_at)}."
        elif schedule_id:
            words = "We do not keep places for you meanwhile: book to be sure of them."
        return {"reference": inquiry.inquiry_reference, "hold_words": words}

    return transact(use_case, by=by)


def _page(form: InquiryForm, schedule: CourseSchedule | None, now: datetime) -> str:
    card = list_cards([schedule], now=now)[0] if schedule else None
    has_room = card is not None and not card.is_full
    return render_template(
        "public/inquire.html",
        form=form,
        schedule=schedule,
        card=card,
        hold_hours=settings.inquiry_hold_hours() if has_room else 0,
    )
