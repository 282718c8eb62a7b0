"""The public check of a certificate."""

from datetime import datetime

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rft_admin.core import clock
from rft_admin.delivery import verification
from rft_admin.public import visitor
from rft_admin.public.blueprint import blueprint
from rft_admin.public.forms import VerifyForm

NOT_FOUND = 404
LONGEST_NUMBER = 40


@blueprint.get("/verify")
def verify() -> ResponseReturnValue:
    """Ask for the number, or go to the page of the number that was typed."""
    typed = verification.normalise(request.args.get("number", ""))
    if typed:
        return redirect(url_for("public.verify_number", certificate_number=typed), 303)
    return _page(VerifyForm(formdata=None))


@blueprint.get("/verify/<certificate_number>")
def verify_number(certificate_number: str) -> ResponseReturnValue:
    """Show what the certificate of that number is worth today, or say that it is unknown."""
    now = clock.now()
    visitor.count_try("verify", now=now, limit=visitor.VERIFY_LIMIT)
    typed = verification.normalise(certificate_number)[:LONGEST_NUMBER]
    if not typed:
        return redirect(url_for("public.verify"), 303)
    form = VerifyForm(formdata=None)
    form.number.data = typed
    found = verification.look_up(typed, now=now)
    if found is None:
        mistyped = verification.looks_mistyped(typed)
        return _page(form, typed=typed, mistyped=mistyped), NOT_FOUND
    return _page(form, typed=typed, found=found, checked_at=now)


def _page(
    form: VerifyForm,
    *,
    typed: str = "",
    mistyped: bool = False,
    found: verification.Verification | None = None,
    checked_at: datetime | None = None,
) -> str:
    return render_template(
        "public/verify.html",
        form=form,
        typed=typed,
        mistyped=mistyped,
        found=found,
        checked_at=checked_at,
    )
