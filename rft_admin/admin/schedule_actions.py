"""What the office can do with dated courses."""

from typing import Any

from rft_admin.admin.actions import Action, Consequences, Done, Order, letter_to
from rft_admin.admin.fields_of_actions import (
    LetterForm,
    PublicationForm,
    SeriesForm,
    StartForm,
    ToldReasonForm,
)
from rft_admin.admin.registry import details_address
from rft_admin.admin.schedule_page import hours_words
from rft_admin.bookings import places
from rft_admin.catalogue import schedules, series
from rft_admin.catalogue.models import ScheduleStatus
from rft_admin.core import clock
from rft_admin.core.errors import DomainError
from rft_admin.core.formats import format_short_date
from rft_admin.core.money import ZERO, format_pounds
from rft_admin.delivery import certificates, register
from rft_admin.messaging import service as letters
from rft_admin.payments import schedules as payments

OVER = frozenset({ScheduleStatus.COMPLETED, ScheduleStatus.CANCELLED})


class NobodyToWriteTo(DomainError):
    """Nobody on this date has an e-mail address."""

    status = 409


def _publish(schedule: Any, order: Order) -> Done:
    schedules.publish(
        schedule, hours_override_reason=order.values["reason"] or "", now=order.now, by=order.by
    )
    return Done(f"{schedule} is on sale.", details_address(schedule))


def _unpublish(schedule: Any, order: Order) -> Done:
    schedules.unpublish(schedule, by=order.by)
    return Done(f"{schedule} is no longer on sale.", details_address(schedule))


def _complete(schedule: Any, order: Order) -> Done:
    register.complete(schedule_id=schedule.id, now=order.now, by=order.by)
    return Done(f"{schedule} completed.", details_address(schedule))


def _duplicate(schedule: Any, order: Order) -> Done:
    again = schedules.duplicate(schedule, starts_at=order.values["starts_at"], by=order.by)
    return Done("Repeated, not yet published.", details_address(again))


def _make_series(schedule: Any, order: Order) -> Done:
    made = series.make_series(
        schedule,
        every_weeks=order.values["every_weeks"],
        weekday=int(order.values["weekday"]),
        until=order.values["until"],
        by=order.by,
    )
    words = "1 date" if len(made) == 1 else f"{len(made)} dates"
    last = format_short_date(made[-1].start_datetime)
    return Done(f"{words} made, not yet published, the last on {last}.", details_address(made[0]))


def _decide_to_run(schedule: Any, order: Order) -> Done:
    schedules.change_status(schedule, ScheduleStatus.CONFIRMED, by=order.by)
    return Done(f"{schedule} will run.", details_address(schedule))


def _issue(schedule: Any, order: Order) -> Done:
    count = certificates.queue_for_schedule(schedule_id=schedule.id)
    if not count:
        raise DomainError("Nobody of this class has earned a certificate that is not issued yet.")
    words = "certificate is" if count == 1 else "certificates are"
    return Done(f"{count} {words} being issued.", details_address(schedule))


def addresses_of(schedule: Any) -> list[str]:
    """Return the e-mail addresses of a class: the attendees', else their bookers'."""
    return sorted(
        {
            attendee.email or attendee.booking.user.email
            for attendee in register.list_class(schedule.id)
        }
    )


def _write_to_class(schedule: Any, order: Order) -> Done:
    addresses = addresses_of(schedule)
    if not addresses:
        raise NobodyToWriteTo
    for address in addresses:
        letters.queue_letter(
            template="office_message",
            to=address,
            subject=order.values["subject"],
            context={"message": order.values["message"], "course": str(schedule)},
            now=order.now,
        )
    return Done(f"{len(addresses)} letters queued.", details_address(schedule))


def _cancel(schedule: Any, order: Order) -> Done:
    count = payments.cancel_schedule(
        schedule_id=schedule.id, reason=order.values["reason"], now=order.now, by=order.by
    )
    return Done(f"Date cancelled, {count} bookings with it.", details_address(schedule))


def _what_goes_back(rows: list[Any]) -> Consequences:
    previews = [payments.preview(schedule_id=row.id, now=clock.now()) for row in rows]
    return Consequences(
        sums=[
            ("Bookings", str(sum(len(one.bookings) for one in previews))),
            ("People", str(sum(one.people for one in previews))),
            ("Goes back", format_pounds(sum((one.refund_total for one in previews), ZERO))),
        ],
        letters=[
            letter_to("schedule_cancelled", booking.user.email)
            for one in previews
            for booking in one.bookings
        ],
    )


def _over(schedule: Any) -> str | None:
    return "It is over or cancelled." if schedule.status in OVER else None


def _cannot_complete(schedule: Any) -> str | None:
    if schedule.status not in OVER and schedules.is_still_to_be_held(schedule, now=clock.now()):
        return "Its last day is still to come."
    return _over(schedule)


def _cannot_publish(schedule: Any) -> str | None:
    if schedule.is_published:
        return "Published already."
    if schedule.is_private:
        return "A private course is never published."
    if not schedule.is_open or schedule.start_datetime <= clock.now():
        return "Only a date that is still to come can be published."
    return None


def _hours(rows: list[Any]) -> Consequences:
    return Consequences(sums=[(f"Contact hours of {row}", hours_words(row)) for row in rows])


def _people(rows: list[Any]) -> Consequences:
    taken = sum(places.availability_of(row.id).taken for row in rows)
    return Consequences(sums=[("Places taken", str(taken))])


def _letters(rows: list[Any]) -> Consequences:
    return Consequences(
        letters=[
            letter_to("office_message", address) for row in rows for address in addresses_of(row)
        ]
    )


def _waiting(rows: list[Any]) -> Consequences:
    names = [str(one) for row in rows for one in certificates.list_waiting(schedule_id=row.id)]
    return Consequences(
        sums=[("Certificates to issue", str(len(names)))],
        letters=[letter_to("certificate_issued", str(name)) for name in names],
    )


SCHEDULE_ACTIONS = (
    Action(
        name="publish",
        is_primary=True,
        undone_by="unpublish",
        label="Publish",
        question="These dates appear on the website and can be booked.",
        run=_publish,
        form=PublicationForm,
        hindrance=_cannot_publish,
        consequences=_hours,
    ),
    Action(
        name="unpublish",
        undone_by="publish",
        label="Unpublish",
        question="These dates leave the website; who has booked keeps the place.",
        run=_unpublish,
        hindrance=lambda row: None if row.is_published else "Not published.",
        consequences=_people,
    ),
    Action(
        name="decide_to_run",
        label="Decide to run",
        question="The course runs, however few people come; nobody is asked again.",
        run=_decide_to_run,
        hindrance=lambda row: (
            None if row.status is ScheduleStatus.SCHEDULED else "It is decided already."
        ),
        consequences=_people,
    ),
    Action(
        name="complete",
        is_primary=True,
        label="Complete",
        question="The course is over: bookings become completed or no-show by the register.",
        run=_complete,
        hindrance=_cannot_complete,
        consequences=_people,
    ),
    Action(
        name="issue_certificates",
        label="Issue certificates",
        question="Everybody who has earned a certificate and has none gets it by letter.",
        run=_issue,
        hindrance=lambda row: (
            "It was cancelled." if row.status is ScheduleStatus.CANCELLED else None
        ),
        consequences=_waiting,
    ),
    Action(
        name="email_attendees",
        is_primary=True,
        label="Write to the class",
        question="Everybody with a place gets the same letter.",
        run=_write_to_class,
        form=LetterForm,
        consequences=_letters,
    ),
    Action(
        name="duplicate",
        is_for_one=True,
        label="Repeat",
        question="The same course again, beginning at another time; not published at once.",
        run=_duplicate,
        form=StartForm,
    ),
    Action(
        name="make_series",
        is_for_one=True,
        label="Make a series",
        question="The same course again and again on one weekday: all of the dates, or none.",
        run=_make_series,
        form=SeriesForm,
    ),
    Action(
        name="cancel_schedule",
        is_long=True,
        label="Cancel date",
        question="The date is cancelled with all its bookings; what was paid goes back in full.",
        run=_cancel,
        form=ToldReasonForm,
        hindrance=_over,
        consequences=_what_goes_back,
        is_dangerous=True,
        is_own_work=True,
    ),
)
