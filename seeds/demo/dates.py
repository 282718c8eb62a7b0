"""The life of a dated course: opened, booked, held, marked, certified."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy import select

from rft_admin.accounts import people
from rft_admin.bookings import letters as booking_letters
from rft_admin.bookings import service as bookings
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.bookings.orders import AttendeeDetails, BookingOrder
from rft_admin.catalogue import schedules as catalogue
from rft_admin.catalogue.models import Course, CourseSchedule, CourseScheduleDay, Trainer, Venue
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.delivery import certificates, register
from rft_admin.delivery.models import AttendanceStatus
from rft_admin.delivery.register import Mark
from rft_admin.payments import refunds, tariff
from seeds.demo import fates
from seeds.demo.people import Person
from seeds.demo.plan import Diary, Party, PlannedDate
from seeds.demo.story import CLOCK, VISITOR, Story

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
OPENED_BEFORE = 75 * DAY
#: The public books until three days before.
LATEST = 4 * DAY
#: How long ago the cancelled date was called off.
CALLED_OFF = 2 * DAY
GROUP_PRICE = Decimal("690.00")
REQUIREMENTS = {
    "dietary": "No nuts, please.",
    "accessibility": "I use a wheelchair and need step-free access.",
    "medical": "I have epilepsy and carry my medication with me.",
}
FEEDBACK = ("", "", "", "Calm and careful.", "Asked good questions.", "Sure with the AED.")


def open_date(
    story: Story, planned: PlannedDate, diary: Diary, trainers: dict[str, Trainer]
) -> None:
    """Let a planned date be entered, published, booked and held, each at its moment."""
    days = diary.days_of(planned)
    start = days[0].starts_at
    moment = min(start - OPENED_BEFORE, story.now - 10 * DAY)

    def enter(now: datetime) -> None:
        schedule = catalogue.create_schedule(
            values=_values(story, planned, trainers, now), days=days, by=story.office
        )
        if planned.kind in {"planned", "cancelled"}:
            catalogue.publish(schedule, now=now, by=story.office)
        _follow(story, planned, schedule, now)

    story.at(moment, enter, by=story.office)


def booked_at(
    story: Story, planned: PlannedDate, party: Party, schedule: CourseSchedule, opened: datetime
) -> datetime:
    """Return when a party books: while the date is open, and never after it was called off."""
    if party.fate == "held_now":
        return story.now - timedelta(minutes=3)
    if party.lead is not None:
        return max(opened + HOUR, schedule.start_datetime - party.lead * DAY)
    open_until = story.now - CALLED_OFF if planned.kind == "cancelled" else story.now
    latest = min(schedule.start_datetime - LATEST, open_until - HOUR)
    seconds = max(0, int((latest - opened - HOUR).total_seconds()))
    return opened + HOUR + timedelta(seconds=story.rng.randint(0, seconds))


def _values(
    story: Story, planned: PlannedDate, trainers: dict[str, Trainer], now: datetime
) -> dict[str, object]:
    course = db.session.scalars(select(Course).filter_by(slug=planned.course)).one()
    values: dict[str, object] = {
        "course_id": course.id,
        "venue_id": db.session.scalars(select(Venue.id).filter_by(name=planned.venue)).one(),
        "trainer_id": trainers[planned.trainer].id,
        "max_capacity": course.max_capacity,
        "min_places": planned.min_places,
    }
    if planned.kind == "private":
        person = story.people.person()
        client = people.get_or_create_customer(
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            phone=person.phone,
            now=now,
        )
        values |= {
            "private_for_user_id": client.id,
            "group_price": GROUP_PRICE,
            "site_address": "Unit 1, Fictional Park, Exampleton",
        }
    return values


def _follow(story: Story, planned: PlannedDate, schedule: CourseSchedule, opened: datetime) -> None:
    for party in planned.parties:
        moment = booked_at(story, planned, party, schedule, opened)
        story.at(moment, partial(_book, story, party, schedule))
    story.at(schedule.start_datetime - 2 * DAY, partial(_remind, schedule), by=CLOCK)
    if planned.kind == "cancelled":
        story.at(story.now - CALLED_OFF, partial(_call_off, story, schedule), by=story.office)
        return
    for day in schedule.days:
        story.at(day.ends_at, partial(_mark, story, schedule, day), by=story.office)
    story.at(
        schedule.end_datetime + HOUR, partial(_certify, story, planned, schedule), by=story.office
    )


def _book(story: Story, party: Party, schedule: CourseSchedule, now: datetime) -> None:
    order = _order(story, party, schedule, now)
    booking = bookings.place_booking(order, now=now, by=VISITOR)
    fates.meet(story, party, booking, now)


def _order(story: Story, party: Party, schedule: CourseSchedule, now: datetime) -> BookingOrder:
    booker = story.people.person()
    offline = party.fate == "offline_awaited"
    by_invoice = party.is_business and not offline
    kind = "business" if party.is_business else "individual"
    return BookingOrder(
        schedule_id=schedule.id,
        contact_first_name=booker.first_name,
        contact_last_name=booker.last_name,
        email=booker.email,
        phone=booker.phone,
        customer_type=kind,
        company_name=story.people.company() if party.is_business else "",
        purchase_order=f"PO-{story.rng.randint(1000, 9999)}" if by_invoice else "",
        payment_method="offline" if offline else "invoice" if by_invoice else "card",
        number_of_places=party.size,
        booker_attends=not party.is_business,
        attendees=_attendees(story, party),
        requirement_type=party.requirement,
        requirement_details=REQUIREMENTS.get(party.requirement, ""),
        health_consent=bool(party.requirement),
        discount_code=party.code,
        early_start_requested=bookings.needs_early_start(schedule, kind, now=now),
        accept_terms=True,
        source="admin" if offline or schedule.is_private else "public",
        terms=tariff.current_terms(private=schedule.is_private),
    )


def _attendees(story: Story, party: Party) -> list[AttendeeDetails]:
    others = party.size if party.is_business else party.size - 1
    return [_details(story.people.person()) for _ in range(others)]


def _details(person: Person) -> AttendeeDetails:
    return AttendeeDetails(
        first_name=person.first_name, last_name=person.last_name, email=person.email
    )


def _remind(schedule: CourseSchedule, now: datetime) -> None:
    for booking in _bookings_of(schedule):
        if booking.status is BookingStatus.CONFIRMED:
            bookings.send_reminder(booking, now=now, by=CLOCK)


def _call_off(story: Story, schedule: CourseSchedule, now: datetime) -> None:
    reason = "The venue has a burst pipe."
    catalogue.mark_cancelled(schedule, reason=reason, by=story.office)
    for booking in _bookings_of(schedule):
        if booking.can_become(BookingStatus.CANCELLED):
            refunds.cancel_and_refund(
                booking=booking, reason=reason, now=now, by=story.office, by_us=True
            )
            booking_letters.schedule_cancelled(booking, reason=reason, now=now)
            story.at(now + DAY, partial(fates.pay_back, story, booking), by=story.office)


def _mark(story: Story, schedule: CourseSchedule, day: CourseScheduleDay, now: datetime) -> None:
    marks = [
        _absent(attendee.id)
        if attendee.booking_id in story.absent_bookings
        else _attended(story, attendee.id, day, is_last=day is schedule.days[-1])
        for attendee in register.list_class(schedule.id)
    ]
    register.save_marks(
        schedule_id=schedule.id,
        session_date=london_date(day.starts_at),
        marks=marks,
        now=now,
        by=story.office,
    )


def _absent(attendee_id: int) -> Mark:
    return Mark(attendee_id=attendee_id, status=AttendanceStatus.ABSENT)


def _attended(story: Story, attendee_id: int, day: CourseScheduleDay, *, is_last: bool) -> Mark:
    is_late = story.rng.random() < 0.08
    # Who came late made up for it in the break.
    return Mark(
        attendee_id=attendee_id,
        status=AttendanceStatus.LATE if is_late else AttendanceStatus.PRESENT,
        check_in_time=day.starts_at + timedelta(minutes=25 if is_late else 0),
        check_out_time=day.ends_at,
        minutes_attended=register.contact_minutes(day),
        identity_checked=True,
        passed_assessment=story.rng.random() < 0.95 if is_last else None,
        participation_score=story.rng.randint(70, 100),
        trainer_feedback=story.rng.choice(FEEDBACK),
    )


def _certify(story: Story, planned: PlannedDate, schedule: CourseSchedule, now: datetime) -> None:
    register.complete(schedule_id=schedule.id, now=now, by=story.office)
    issued = [
        certificates.issue(
            attendee_id=attendee.id, schedule_id=schedule.id, now=now, by=story.office
        )
        for attendee in certificates.list_waiting(schedule_id=schedule.id)
    ]
    if planned.afterwards:
        act = {"reissue": _reissue, "revoke": _revoke}[planned.afterwards]
        story.at(now + 2 * DAY, partial(act, story, issued[0].id), by=story.office)


def _reissue(story: Story, certificate_id: int, now: datetime) -> None:
    certificates.reissue(
        certificate_id=certificate_id, reason="The name was misspelt.", now=now, by=story.office
    )


def _revoke(story: Story, certificate_id: int, now: datetime) -> None:
    certificates.revoke(
        certificate_id=certificate_id,
        reason="Issued to the wrong person of the party.",
        now=now,
        by=story.office,
    )


def _bookings_of(schedule: CourseSchedule) -> list[Booking]:
    return list(
        db.session.scalars(
            select(Booking).filter_by(course_schedule_id=schedule.id).order_by(Booking.id)
        )
    )
