"""The page where a course material gets its file, another one, or none."""

from flask import abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from rft_admin.admin.actor import current_actor_from_request
from rft_admin.admin.registry import details_address, list_address, view_of
from rft_admin.catalogue import material_files
from rft_admin.catalogue.models import CourseMaterial
from rft_admin.core.database import db, unit_of_work
from rft_admin.core.errors import DomainError

UNPROCESSABLE = 422


def show_or_save(material_id: int) -> ResponseReturnValue:
    """Show the page; store or remove the file when it is sent."""
    view = view_of(CourseMaterial.__tablename__)
    if view is None or not view.may("edit"):
        abort(403)
    material = view.get_one(material_id)
    if request.method == "GET":
        return _page(material)
    title, address = str(material), details_address(material)
    try:
        with unit_of_work(by=current_actor_from_request()):
            words = _change(db.session.get_one(CourseMaterial, material_id))
    except DomainError as refusal:
        return _page(view.get_one(material_id), refusal.message), UNPROCESSABLE
    flash(words.format(title), "success")
    return redirect(address or list_address(CourseMaterial.__tablename__), 303)


def _change(material: CourseMaterial) -> str:
    if request.form.get("remove") == "1":
        material_files.remove(material)
        return "{} has no file any more."
    sent = request.files.get("file")
    material_files.attach(
        material,
        file_name=(sent.filename if sent else None) or "",
        content=sent.read() if sent else b"",
    )
    return "{} has a new file."


def _page(material: CourseMaterial, refusal: str = "") -> str:
    return render_template(
        "admin/material_file.html",
        material=material,
        list_url=list_address(CourseMaterial.__tablename__),
        refusal=refusal,
        endings=", ".join(material_files.KINDS),
    )
