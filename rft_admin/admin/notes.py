"""The screen of the office's own notes; each is written on the page of what it is about."""

from typing import Any

from flask_admin.form import BaseForm
from wtforms.validators import InputRequired, Length, Optional

from rft_admin.admin.base import TableView
from rft_admin.admin.bookings import reference_to
from rft_admin.admin.fields import LongTextField
from rft_admin.admin.registry import screen
from rft_admin.bookings import notes
from rft_admin.bookings.note_models import ABOUT, OfficeNote


class NewNoteForm(BaseForm):  # type: ignore[misc] # Flask-Admin ships no types
    """A note and the one thing it is about."""

    text = LongTextField(
        "Note",
        description="For the office only: customers and trainers never see it.",
        validators=[InputRequired("Please write something."), Length(max=notes.LONGEST)],
    )
    booking_id = reference_to("bookings", "Booking", validators=[Optional()])
    user_id = reference_to("users", "Person", validators=[Optional()])
    course_schedule_id = reference_to("course_schedules", "Date", validators=[Optional()])
    inquiry_id = reference_to("booking_inquiries", "Inquiry", validators=[Optional()])


@screen(OfficeNote)
class NoteView(TableView):
    """What the office wrote down for itself; whoever wrote a note changes and deletes it."""

    group, icon, title, singular = "Bookings", "note", "Notes", "note"
    is_sought = False
    question = "What did one of us write down for the others?"
    column_list = (
        "text",
        "booking_id",
        "user_id",
        "course_schedule_id",
        "inquiry_id",
        "created_by_id",
        "created_at",
    )
    column_labels = {
        "created_by_id": "Written by",
        "created_at": "Written",
    }
    column_searchable_list = ("text", "booking.booking_reference", "user.full_name")
    column_filters = (*ABOUT, "created_by_id", "created_at")
    default_order = (("id", True),)
    new_form = NewNoteForm
    form_columns = ("text",)
    not_in_form = dict.fromkeys(ABOUT, "a note stays where it was written")
    reference_fields = {name: OfficeNote.__table__.c[name] for name in ABOUT}
    empty_words = "Write a note on the page of a booking, a person, a date or an inquiry."

    def may(self, verb: str, row: Any = None, field: str | None = None) -> bool:
        """Return whether the person may do it; another's note is only read."""
        if verb in {"edit", "delete"} and row is not None and not self._is_own(row):
            return False
        return super().may(verb, row, field)

    def get_many(self, ids: list[int], verb: str = "view") -> list[Any]:
        """Return the notes.

        :raises NotYours: where somebody would change another's.
        """
        rows = super().get_many(ids, verb)
        if verb in {"edit", "delete"} and not all(self._is_own(row) for row in rows):
            raise notes.NotYours
        return rows

    def save_new(self, form: BaseForm) -> Any:
        """Write the note."""
        return notes.add(about={name: form[name].data for name in ABOUT}, text=form.text.data)

    def save_changes(self, form: BaseForm, row: Any) -> None:
        """Correct one's own note."""
        notes.change(row, text=form.text.data or "", by=self.actor())

    def _is_own(self, row: Any) -> bool:
        return row.created_by_id in {None, self.actor().user_id}
