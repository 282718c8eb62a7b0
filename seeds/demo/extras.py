"""What surrounds the bookings: trainers, codes, materials, inquiries, needs, visits, a report."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy import insert, select

from rft_admin.accounts.models import Role, User
from rft_admin.bookings import inquiries, requirements
from rft_admin.bookings.models import (
    Booking,
    BookingInquiry,
    BookingStatus,
    ConsentBy,
    RequirementType,
    Severity,
)
from rft_admin.bookings.orders import InquiryOrder
from rft_admin.catalogue.models import (
    Course,
    CourseMaterial,
    CourseSchedule,
    DiscountCode,
    DiscountType,
    MaterialType,
    Trainer,
)
from rft_admin.core.clock import london_date
from rft_admin.core.database import db
from rft_admin.payments import tariff
from rft_admin.reporting import reports
from rft_admin.reporting.models import AnalyticsEvent, Report, ReportFormat
from seeds.demo.story import VISITOR, Story

DAY = timedelta(days=1)
INSTRUCTOR_EMAIL = "robin.fable@example.com"
QUARTER_DAYS = 90
VISITS_A_DAY = 14
#: Of a hundred visitors so many go on to the next step.
STEPS = (("viewed", 100), ("started", 22), ("submitted", 55), ("paid", 80))


def add_trainers(lex: User) -> dict[str, Trainer]:
    """Let Lex teach, and one fictional instructor; no qualification is invented."""
    robin = User(
        email=INSTRUCTOR_EMAIL, first_name="Robin", last_name="Fable", role=Role.INSTRUCTOR
    )
    db.session.add(robin)
    db.session.flush()
    trainers = {
        "lex": Trainer(user=lex, trainer_code="LEX-1", can_travel=True, max_travel_miles=60),
        "robin": Trainer(user=robin, trainer_code="DEMO-2", specializations=["Paediatric"]),
    }
    db.session.add_all(trainers.values())
    db.session.flush()
    return trainers


def add_codes(now: datetime) -> None:
    """Add discount codes: one in use, one that is over, one for later."""
    begun = now - 120 * DAY
    db.session.add_all(
        (
            _code("DEMO10", "Ten per cent, for the demo", Decimal(10), begun, None),
            _code("DEMOSPRING", "Was for spring", Decimal(15), begun, now - 60 * DAY),
            _code("DEMONEWYEAR", "For the new year", Decimal(12), now + 30 * DAY, now + 90 * DAY),
        )
    )
    db.session.flush()


def _code(
    code: str, description: str, percent: Decimal, begins: datetime, ends: datetime | None
) -> DiscountCode:
    return DiscountCode(
        code=code,
        description=description,
        discount_type=DiscountType.PERCENTAGE,
        discount_value=percent,
        valid_from=begins,
        valid_until=ends,
        usage_limit=20,
    )


def add_materials() -> None:
    """Add what people may read before the course: links to the bodies that publish it."""
    for course in db.session.scalars(select(Course).order_by(Course.id)):
        db.session.add_all(
            (
                CourseMaterial(
                    course=course,
                    title="First aid at work: the law and guidance",
                    description="What the Health and Safety Executive says.",
                    material_type=MaterialType.LINK,
                    file_url="https://www.hse.gov.uk/firstaid/",
                    is_public=True,
                    display_order=1,
                ),
                CourseMaterial(
                    course=course,
                    title="CPR: learn it before you come",
                    description="The Resuscitation Council UK's page for everybody.",
                    material_type=MaterialType.LINK,
                    file_url="https://www.resus.org.uk/public-resource",
                    display_order=2,
                ),
            )
        )
    db.session.flush()


def plan_inquiries(story: Story) -> None:
    """Let people ask: answered, waiting, with a live hold, closed, and become a booking."""
    story.at(story.now - 30 * DAY, partial(_ask_and_answer, story))
    story.at(story.now - 21 * DAY, partial(_ask_and_close, story))
    story.at(story.now - 14 * DAY, partial(_ask_and_book, story))
    story.at(story.now - 3 * DAY, partial(_ask_about_site, story))
    story.at(story.now - timedelta(hours=2), partial(_ask_with_hold, story))


def _ask(story: Story, now: datetime, questions: str, **details: object) -> BookingInquiry:
    person = story.people.person()
    order = InquiryOrder(
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        phone=person.phone,
        questions=questions,
        **details,  # type: ignore[arg-type] # the order checks them
    )
    return inquiries.place_inquiry(order, now=now, by=VISITOR)


def _ask_and_answer(story: Story, now: datetime) -> None:
    inquiry = _ask(story, now, "Do you also teach on Saturdays?")

    def answer(later: datetime) -> None:
        words = "Not at present, but tell us your dates and we shall see what we can do."
        inquiries.respond(inquiry, words, now=later, by=story.office)

    story.at(now + timedelta(hours=5), answer, by=story.office)


def _ask_and_close(story: Story, now: datetime) -> None:
    inquiry = _ask(story, now, "Is there a car park?", number_of_people=2)
    story.at(now + DAY, lambda later: _close(inquiry, story, later), by=story.office)


def _close(inquiry: BookingInquiry, story: Story, now: datetime) -> None:
    inquiries.close(inquiry, now=now, by=story.office)


def _ask_and_book(story: Story, now: datetime) -> None:
    schedule = _roomy_schedule(now)
    inquiry = _ask(
        story,
        now,
        "May two of us come on account?",
        schedule_id=schedule.id,
        number_of_people=2,
        company_name=story.people.company(),
    )

    def convert(later: datetime) -> None:
        inquiries.convert_to_booking(
            inquiry,
            terms=tariff.current_terms(),
            payment_method="invoice",
            now=later,
            by=story.office,
        )

    story.at(now + DAY, convert, by=story.office)


def _ask_about_site(story: Story, now: datetime) -> None:
    _ask(
        story,
        now,
        "Could you come to us for twelve people in January?",
        number_of_people=12,
        company_name=story.people.company(),
    )


def _ask_with_hold(story: Story, now: datetime) -> None:
    schedule = _roomy_schedule(now)
    _ask(story, now, "Is there a hearing loop?", schedule_id=schedule.id, number_of_people=2)


def _roomy_schedule(now: datetime) -> CourseSchedule:
    """Return the published date furthest ahead: nobody is crowded out there."""
    return db.session.scalars(
        select(CourseSchedule)
        .where(CourseSchedule.is_published, CourseSchedule.start_datetime > now)
        .order_by(CourseSchedule.start_datetime.desc())
        .limit(1)
    ).one()


def plan_requirements(story: Story) -> None:
    """Let the office write down what some attendees said by telephone."""
    story.at(story.now - DAY, partial(_write_requirements_down, story), by=story.office)


def _write_requirements_down(story: Story, now: datetime) -> None:
    coming = db.session.scalars(
        select(Booking)
        .join(Booking.course_schedule)
        .where(Booking.status == BookingStatus.CONFIRMED, CourseSchedule.start_datetime > now)
        .order_by(Booking.id)
        .limit(3)
    ).all()
    told = (
        (RequirementType.LANGUAGE, Severity.LOW, "Speaks English as a second language."),
        (RequirementType.LEARNING, Severity.MEDIUM, "Dyslexia: please give papers in large print."),
        (
            RequirementType.MEDICAL,
            Severity.HIGH,
            "A heart condition: breaks during floor work.",
        ),
    )
    for booking, (kind, severity, words) in zip(coming, told, strict=False):
        requirement = requirements.add(
            booking,
            requirement_type=kind.value,
            details=words,
            consent_by=ConsentBy.OFFICE,
            attendee=booking.attendees[0],
            severity=severity,
            share_with_trainer=True,
            now=now,
            by=story.office,
        )
        if severity is Severity.MEDIUM:
            requirements.mark_handled(requirement, by=story.office)


def plan_report(story: Story) -> None:
    """Let the office ask for last month's bookings."""

    def ask(now: datetime) -> None:
        reports.request_report(
            report_type="bookings_by_date",
            report_format=ReportFormat.EXCEL,
            start_date=london_date(now - QUARTER_DAYS * DAY),
            end_date=london_date(now),
            now=now,
            by=story.office,
        )

    story.at(story.now - timedelta(hours=3), ask, by=story.office)


def finish_report(now: datetime) -> None:
    """Make the report that was asked for; it opens its own units of work."""
    report_id = db.session.scalars(select(Report.id).order_by(Report.id.desc()).limit(1)).one()
    db.session.rollback()
    reports.run(report_id, now=now)


def add_visits(story: Story) -> None:
    """Add a quarter's visits to the public pages, fewer at each step."""
    schedules = list(db.session.scalars(select(CourseSchedule.id).order_by(CourseSchedule.id)))
    events = [
        event
        for day in range(QUARTER_DAYS)
        for _ in range(story.rng.randint(VISITS_A_DAY // 2, VISITS_A_DAY))
        for event in _visit(story, story.now - day * DAY, schedules)
    ]
    db.session.execute(insert(AnalyticsEvent), events)


def _visit(story: Story, day: datetime, schedules: list[int]) -> list[dict[str, object]]:
    moment = day - timedelta(seconds=story.rng.randint(0, 12 * 3600))
    visitor = f"{story.rng.getrandbits(64):016x}"
    schedule_id = story.rng.choice(schedules)
    steps: list[dict[str, object]] = []
    for step, percent in STEPS:
        if story.rng.randint(1, 100) > percent:
            break
        steps.append(
            {
                "event_type": step,
                "path": "/" if step == "viewed" else f"/book/{schedule_id}",
                "visitor_hash": visitor,
                "event_data": {} if step == "viewed" else {"schedule_id": schedule_id},
                "created_at": moment,
                "updated_at": moment,
            }
        )
        moment += timedelta(minutes=3)
    return steps
