"""What is sold: courses, where and by whom they are given, their dates, and discount codes."""

import enum
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from rft_admin.accounts.models import User
from rft_admin.core.clock import to_london
from rft_admin.core.database import (
    Audited,
    CaseInsensitive,
    Lines,
    LongText,
    Model,
    Money,
    Postcode,
    Versioned,
    WebLink,
    enum_column,
    search_index,
)
from rft_admin.core.files import StoredFile


class CourseType(enum.StrEnum):
    """The kinds of course; a new kind is a member here and a migration of the CHECK."""

    EFAW = "EFAW"
    FAW = "FAW"
    PAEDIATRIC = "Paediatric"
    EMERGENCY_PAEDIATRIC = "EmergencyPaediatric"
    REQUALIFICATION = "Requalification"
    ACTIVITY = "Activity"
    CPR_AED = "CPR_AED"
    REFRESHER = "Refresher"
    OTHER = "Other"


class CertificateBasis(enum.StrEnum):
    """What the certificate says it is issued for."""

    FIRST_AID_REGULATIONS_1981 = "first_aid_regulations_1981"
    EYFS = "eyfs"
    ATTENDANCE = "attendance"


class CertificateIssuer(enum.StrEnum):
    """Who certifies; where an awarding body does, ours is a record of attendance and result."""

    OWN = "own"
    AWARDING_BODY = "awarding_body"


class Course(Versioned, Audited, Model):
    """A course of the catalogue, without a date."""

    __tablename__ = "courses"
    __table_args__ = (
        CheckConstraint("duration_hours > 0", name="duration_hours"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("max_capacity > 0", name="max_capacity"),
        CheckConstraint("certification_validity_years > 0", name="certification_validity_years"),
        CheckConstraint("learners_per_trainer > 0", name="learners_per_trainer"),
        search_index("courses", "name", "slug"),
    )
    __searched__ = ("name", "slug")

    name: Mapped[str]
    #: The part of the address: /courses/<slug>.
    slug: Mapped[str] = mapped_column(
        unique=True, info={"help": "The part of the address: /courses/…"}
    )
    description: Mapped[LongText] = mapped_column(default="", server_default="")
    course_type: Mapped[CourseType] = enum_column("course_type", CourseType, index=True)
    #: Contact hours, without breaks.
    duration_hours: Mapped[Decimal] = mapped_column(
        Numeric(5, 2),
        info={
            "label": "Contact hours",
            "help": "Teaching hours without breaks; certificates need all of them.",
        },
    )
    #: Pounds for one place.
    price: Mapped[Money]
    max_capacity: Mapped[int] = mapped_column(
        default=12, server_default=text("12"), info={"label": "Places"}
    )
    certification_validity_years: Mapped[int] = mapped_column(
        default=3, server_default=text("3"), info={"label": "Valid (years)"}
    )
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"), index=True)
    certificate_basis: Mapped[CertificateBasis] = enum_column(
        "certificate_basis",
        CertificateBasis,
        default=CertificateBasis.FIRST_AID_REGULATIONS_1981,
        server_default=CertificateBasis.FIRST_AID_REGULATIONS_1981.value,
    )
    certificate_issuer: Mapped[CertificateIssuer] = enum_column(
        "certificate_issuer",
        CertificateIssuer,
        default=CertificateIssuer.OWN,
        server_default=CertificateIssuer.OWN.value,
    )
    awarding_body_name: Mapped[str] = mapped_column(
        default="",
        server_default="",
        info={"help": "Filled where a body certifies; ours is then a record of attendance."},
    )
    requires_identity_check: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        info={"help": "Nobody is eligible before the identity was checked."},
    )
    learners_per_trainer: Mapped[int] = mapped_column(default=12, server_default=text("12"))
    display_order: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    def __str__(self) -> str:
        return self.name


class Venue(Versioned, Model):
    """A place where courses are given; what is not known is null and shown as such."""

    __tablename__ = "venues"
    __table_args__ = (CheckConstraint("capacity > 0", name="capacity"),)

    name: Mapped[str] = mapped_column(index=True)
    address_line1: Mapped[str | None] = mapped_column(info={"label": "Address line 1"})
    address_line2: Mapped[str | None] = mapped_column(info={"label": "Address line 2"})
    #: None for "Client On-Site Training".
    city: Mapped[str | None] = mapped_column(index=True)
    postcode: Mapped[Postcode | None]
    #: None is unknown: no limit.
    capacity: Mapped[int | None] = mapped_column(info={"help": "Empty: not known, no limit."})
    #: A list of words: "parking", "step-free access".
    facilities: Mapped[Lines] = mapped_column(
        default=list,
        server_default=text("'[]'::jsonb"),
        info={"help": "One a line, for example: Parking, then: Step-free access."},
    )
    parking_info: Mapped[LongText] = mapped_column(default="", server_default="")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"), index=True)
    #: True where several courses may run at the same time: at clients' own sites.
    allows_concurrent: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        info={
            "label": "Several courses at once",
            "help": "For clients' own sites, where several courses may run at once.",
        },
    )

    @property
    def address(self) -> str:
        """The known lines of the address, joined; empty when none is known."""
        lines = (self.address_line1, self.address_line2, self.city, self.postcode)
        return ", ".join(filter(None, lines)) if self.address_line1 else ""

    def __str__(self) -> str:
        return self.name


class Trainer(Versioned, Audited, Model):
    """What a user who teaches brings."""

    __tablename__ = "trainers"
    titled_by = ("trainer_code", "user")
    __table_args__ = (
        CheckConstraint("hourly_rate >= 0", name="hourly_rate"),
        CheckConstraint("max_travel_miles >= 0", name="max_travel_miles"),
    )

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"),
        unique=True,
        info={"label": "Person", "help": "The person; a trainer signs in as this user."},
    )
    trainer_code: Mapped[str] = mapped_column(unique=True)
    qualification_number: Mapped[str] = mapped_column(default="", server_default="")
    qualification_expiry: Mapped[date | None] = mapped_column(index=True)
    #: A list of course types or words.
    specializations: Mapped[Lines] = mapped_column(
        default=list,
        server_default=text("'[]'::jsonb"),
        info={"help": "One a line, for example: EFAW, then: Paediatric."},
    )
    bio: Mapped[LongText] = mapped_column(default="", server_default="")
    #: Pounds an hour; None is not agreed.
    hourly_rate: Mapped[Money | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"), index=True)
    is_available: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    can_travel: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    max_travel_miles: Mapped[int | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id], innerjoin=True)

    def __str__(self) -> str:
        return f"{self.user} ({self.trainer_code})"


class ScheduleStatus(enum.StrEnum):
    """Where a dated course stands."""

    SCHEDULED = "scheduled"
    #: Decided to run.
    CONFIRMED = "confirmed"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


SCHEDULE_TRANSITIONS: Mapping[ScheduleStatus, frozenset[ScheduleStatus]] = {
    ScheduleStatus.SCHEDULED: frozenset({ScheduleStatus.CONFIRMED, ScheduleStatus.CANCELLED}),
    ScheduleStatus.CONFIRMED: frozenset({ScheduleStatus.IN_PROGRESS, ScheduleStatus.CANCELLED}),
    ScheduleStatus.IN_PROGRESS: frozenset({ScheduleStatus.COMPLETED, ScheduleStatus.CANCELLED}),
    ScheduleStatus.COMPLETED: frozenset(),
    ScheduleStatus.CANCELLED: frozenset(),
}


class CourseSchedule(Versioned, Audited, Model):
    """A dated course: what people book."""

    __tablename__ = "course_schedules"
    titled_by = ("start_datetime", "course", "venue")
    __table_args__ = (
        CheckConstraint("end_datetime > start_datetime", name="period"),
        CheckConstraint("max_capacity > 0", name="max_capacity"),
        CheckConstraint("current_capacity BETWEEN 0 AND max_capacity", name="capacity"),
        CheckConstraint("min_places >= 0", name="min_places"),
        CheckConstraint("price_override >= 0", name="price_override"),
        CheckConstraint("group_price >= 0", name="group_price"),
        Index(
            "ix_course_schedules_on_sale",
            "start_datetime",
            postgresql_where=text("is_published AND status IN ('scheduled', 'confirmed')"),
        ),
    )

    course_id: Mapped[int] = mapped_column(
        ForeignKey("courses.id", ondelete="RESTRICT"), index=True
    )
    #: None is to be confirmed.
    venue_id: Mapped[int | None] = mapped_column(
        ForeignKey("venues.id", ondelete="RESTRICT"), index=True
    )
    #: The trainer's user, set by trigger; typed only where there is no trainer.
    instructor_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"),
        index=True,
        info={"help": "Only where there is no trainer's profile; else it follows the trainer."},
    )
    #: Who teaches; None is to be confirmed.
    trainer_id: Mapped[int | None] = mapped_column(
        ForeignKey("trainers.id", ondelete="RESTRICT"), index=True
    )
    #: The first day's start and the last day's end, kept by trigger.
    start_datetime: Mapped[datetime] = mapped_column(index=True, info={"label": "Starts"})
    end_datetime: Mapped[datetime] = mapped_column(index=True, info={"label": "Ends"})
    status: Mapped[ScheduleStatus] = enum_column(
        "status",
        ScheduleStatus,
        default=ScheduleStatus.SCHEDULED,
        server_default=ScheduleStatus.SCHEDULED.value,
        index=True,
    )
    #: Places taken at the last change, counted by trigger: too high by holds that have expired
    #: since, never too low. What is free now, `bookings.places` answers.
    current_capacity: Mapped[int] = mapped_column(
        server_default=text("0"), info={"label": "Places taken"}
    )
    #: Places on sale.
    max_capacity: Mapped[int] = mapped_column(info={"label": "Places on sale"})
    #: Below it the office is asked whether the course runs.
    min_places: Mapped[int] = mapped_column(
        default=0,
        server_default=text("0"),
        info={
            "label": "Places needed to run",
            "help": "Below it the office is asked, a week before, whether the course runs.",
        },
    )
    #: Pounds for one place instead of the course's price.
    price_override: Mapped[Money | None] = mapped_column(
        info={"help": "Empty: the course's own price."}
    )
    #: Pounds for the whole group of a private course.
    group_price: Mapped[Money | None] = mapped_column(
        info={"help": "For the whole group of a private course."}
    )
    #: Whose private course it is.
    private_for_user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"),
        index=True,
        info={"help": "Filled: a private course, never published."},
    )
    #: Where a client's own site is.
    site_address: Mapped[LongText] = mapped_column(
        default="", server_default="", info={"label": "Client's site"}
    )
    is_published: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    #: Why it is given although its days are shorter than the course's contact hours; else empty.
    hours_override_reason: Mapped[str] = mapped_column(default="", server_default="")
    #: When the office was asked whether it runs with too few people; None: not asked yet.
    decision_asked_at: Mapped[datetime | None]
    cancellation_reason: Mapped[LongText | None]
    #: Stands in the confirmation and the reminder.
    joining_notes: Mapped[LongText] = mapped_column(
        default="", server_default="", info={"help": "Stands in the confirmation and the reminder."}
    )

    course: Mapped[Course] = relationship(innerjoin=True)
    venue: Mapped[Venue | None] = relationship()
    instructor: Mapped[User | None] = relationship(foreign_keys=[instructor_id])
    trainer: Mapped[Trainer | None] = relationship()
    private_for: Mapped[User | None] = relationship(foreign_keys=[private_for_user_id])
    #: Without any, the commit adds one from the schedule's own start and end.
    days: Mapped[list["CourseScheduleDay"]] = relationship(
        back_populates="course_schedule",
        order_by="CourseScheduleDay.starts_at",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    @property
    def is_open(self) -> bool:
        """Whether it is planned to run and has not begun: neither started, ended nor cancelled."""
        return self.status in {ScheduleStatus.SCHEDULED, ScheduleStatus.CONFIRMED}

    @property
    def is_private(self) -> bool:
        """Whether it is one client's own course."""
        return self.private_for_user_id is not None

    def can_become(self, status: ScheduleStatus) -> bool:
        """Return whether the status may follow the present one."""
        return status in SCHEDULE_TRANSITIONS[self.status]

    def __str__(self) -> str:
        day = f"{to_london(self.start_datetime):%-d %b %Y}"
        return f"{self.course}, {day}, {self.venue or 'venue to be confirmed'}"


class CourseScheduleDay(Model):
    """One day of a dated course, with copies that let the database refuse a clash."""

    __tablename__ = "course_schedule_days"
    titled_by = ("starts_at", "ends_at")
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("break_minutes >= 0", name="break_minutes"),
        Index("ix_course_schedule_days_starts_at", "starts_at"),
        # One person, or one exclusive venue, in two places; days of one date are one place.
        ExcludeConstraint(
            ("course_schedule_id", "<>"),
            ("instructor_id", "="),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            where=text("is_live"),
            using="gist",
            name="ex_course_schedule_days_instructor",
        ),
        ExcludeConstraint(
            ("course_schedule_id", "<>"),
            ("venue_id", "="),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            where=text("is_live AND venue_exclusive"),
            using="gist",
            name="ex_course_schedule_days_venue",
        ),
        # Looked at when the transaction ends: days are replaced one by one.
        ExcludeConstraint(
            ("course_schedule_id", "="),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            using="gist",
            name="ex_course_schedule_days_overlap",
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    course_schedule_id: Mapped[int] = mapped_column(
        ForeignKey("course_schedules.id", ondelete="CASCADE"),
        index=True,
        info={"label": "Schedule"},
    )
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    break_minutes: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    #: Copies of the schedule and its venue, kept by trigger whatever is written.
    instructor_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), server_default=text("NULL"), index=True
    )
    venue_id: Mapped[int | None] = mapped_column(
        ForeignKey("venues.id", ondelete="RESTRICT"), server_default=text("NULL"), index=True
    )
    venue_exclusive: Mapped[bool] = mapped_column(server_default=text("false"))
    #: The schedule is not cancelled.
    is_live: Mapped[bool] = mapped_column(server_default=text("true"))

    course_schedule: Mapped[CourseSchedule] = relationship(back_populates="days", innerjoin=True)

    def __str__(self) -> str:
        start, end = to_london(self.starts_at), to_london(self.ends_at)
        return f"{start:%-d %b %Y, %H:%M} to {end:%H:%M}"


class MaterialType(enum.StrEnum):
    """What a course material is."""

    PDF = "pdf"
    VIDEO = "video"
    PRESENTATION = "presentation"
    DOCUMENT = "document"
    LINK = "link"
    QUIZ = "quiz"
    ASSESSMENT = "assessment"


class CourseMaterial(Versioned, Audited, Model):
    """Something to read, watch or do for a course: a stored file or a link."""

    __tablename__ = "course_materials"

    course_id: Mapped[int] = mapped_column(
        ForeignKey("courses.id", ondelete="RESTRICT"), index=True
    )
    title: Mapped[str]
    description: Mapped[LongText] = mapped_column(default="", server_default="")
    material_type: Mapped[MaterialType] = enum_column("material_type", MaterialType, index=True)
    #: Where it is when it is not a stored file.
    file_url: Mapped[WebLink] = mapped_column(default="", server_default="", info={"label": "Link"})
    #: Shown to everybody, not only to those who have booked.
    is_public: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        info={"help": "Shown to everybody, not only to those who have booked."},
    )
    requires_completion: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    display_order: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    version: Mapped[str] = mapped_column(default="1", server_default="1")
    stored_file_id: Mapped[int | None] = mapped_column(
        ForeignKey("stored_files.id", ondelete="RESTRICT"), index=True
    )

    course: Mapped[Course] = relationship(innerjoin=True)
    stored_file: Mapped[StoredFile | None] = relationship()

    def __str__(self) -> str:
        return self.title


class DiscountType(enum.StrEnum):
    """How a discount is reckoned."""

    PERCENTAGE = "percentage"
    FIXED = "fixed"


class DiscountCode(Versioned, Model):
    """A word that makes a booking cheaper, for a time and a number of uses."""

    __tablename__ = "discount_codes"
    __table_args__ = (
        CheckConstraint("discount_value > 0", name="discount_value"),
        CheckConstraint(
            "discount_type <> 'percentage' OR discount_value <= 100", name="percentage"
        ),
        CheckConstraint("valid_until > valid_from", name="period"),
        CheckConstraint("usage_count >= 0", name="usage_count"),
        CheckConstraint("usage_count <= usage_limit", name="usage_limit"),
    )

    code: Mapped[CaseInsensitive] = mapped_column(unique=True)
    description: Mapped[LongText] = mapped_column(default="", server_default="")
    discount_type: Mapped[DiscountType] = enum_column("discount_type", DiscountType)
    #: Per cent of the price, or pounds off the whole booking.
    #: Per cent or pounds, as the type says: a pound sign would lie.
    discount_value: Mapped[Money] = mapped_column(
        info={
            "label": "Value (% or £)",
            "help": "Per cent, or pounds off the whole booking.",
            "shown_as": "number",
        }
    )
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    #: `[valid_from, valid_until)`; None is without that limit.
    valid_from: Mapped[datetime | None] = mapped_column(index=True)
    valid_until: Mapped[datetime | None] = mapped_column(index=True)
    #: None is without limit.
    usage_limit: Mapped[int | None] = mapped_column(info={"help": "Empty: without limit."})
    #: Bookings with this code that are not cancelled, counted by trigger.
    usage_count: Mapped[int] = mapped_column(server_default=text("0"))
    #: None is for all courses.
    course_id: Mapped[int | None] = mapped_column(
        ForeignKey("courses.id", ondelete="RESTRICT"),
        index=True,
        info={"label": "Only for", "help": "Empty: for all courses."},
    )

    course: Mapped[Course | None] = relationship()

    @property
    def is_used_up(self) -> bool:
        """Whether the last permitted use is taken."""
        return self.usage_limit is not None and self.usage_count >= self.usage_limit

    def is_valid_at(self, now: datetime) -> bool:
        """Return whether the code may be used at that moment, its uses apart."""
        begun = self.valid_from is None or self.valid_from <= now
        ended = self.valid_until is not None and self.valid_until <= now
        return self.is_active and begun and not ended

    def __str__(self) -> str:
        return self.code
