"""Who has a place: bookings and their states, the attendees, their needs, and inquiries."""

import enum
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from rft_admin.accounts.models import User
from rft_admin.catalogue.models import Course, CourseSchedule, DiscountCode
from rft_admin.core.database import (
    Audited,
    EmailAddress,
    Json,
    LongText,
    Model,
    Money,
    PhoneNumber,
    Versioned,
    enum_column,
    phone_digits,
    search_index,
)


class BookingStatus(enum.StrEnum):
    """Where a booking stands."""

    #: Holds its places until `hold_expires_at`.
    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    #: None of the party attended.
    NO_SHOW = "no_show"


BOOKING_TRANSITIONS: Mapping[BookingStatus, frozenset[BookingStatus]] = {
    BookingStatus.PENDING: frozenset({BookingStatus.CONFIRMED, BookingStatus.CANCELLED}),
    BookingStatus.CONFIRMED: frozenset(
        {BookingStatus.COMPLETED, BookingStatus.NO_SHOW, BookingStatus.CANCELLED}
    ),
    # The register may be corrected.
    BookingStatus.COMPLETED: frozenset({BookingStatus.NO_SHOW}),
    BookingStatus.NO_SHOW: frozenset({BookingStatus.COMPLETED}),
    # Only through reinstate, which takes the places anew.
    BookingStatus.CANCELLED: frozenset({BookingStatus.CONFIRMED}),
}


class PaymentStatus(enum.StrEnum):
    """Whether a booking is paid."""

    PENDING = "pending"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    FAILED = "failed"


class CustomerType(enum.StrEnum):
    """Who buys: consumers have rights that businesses do not have."""

    INDIVIDUAL = "individual"
    BUSINESS = "business"


class PaymentChoice(enum.StrEnum):
    """How the booker wants to pay."""

    CARD = "card"
    INVOICE = "invoice"
    OFFLINE = "offline"


class BookingSource(enum.StrEnum):
    """Through which door a booking came."""

    PUBLIC = "public"
    ADMIN = "admin"
    INQUIRY = "inquiry"
    IMPORT = "import"


class Booking(Versioned, Audited, Model):
    """A party's places on a dated course, at the price and the terms they were sold at."""

    __tablename__ = "bookings"
    titled_by = ("booking_reference",)
    __table_args__ = (
        CheckConstraint("number_of_places BETWEEN 1 AND 12", name="number_of_places"),
        CheckConstraint("price_per_place >= 0", name="price_per_place"),
        CheckConstraint("payment_amount >= 0", name="payment_amount"),
        CheckConstraint("discount_applied >= 0", name="discount_applied"),
        Index("ix_bookings_created_at", "created_at"),
        # Each in the order of a list: of one status the newest first, or of all by the column.
        Index("ix_bookings_status", "status", "created_at", "id"),
        Index("ix_bookings_payment_status", "payment_status", "id"),
        Index("ix_bookings_payment_amount", "payment_amount", "id"),
        # What is owed (`payments.owed`): few of all bookings, asked for on many pages.
        Index(
            "ix_bookings_owed",
            "payment_due_at",
            "id",
            postgresql_where=text(
                "payment_status IN ('pending', 'failed') AND payment_amount > 0"
                " AND status IN ('confirmed', 'completed', 'no_show')"
            ),
        ),
        Index("ix_bookings_contact_name", "contact_first_name", "contact_last_name", "id"),
        search_index(
            "bookings",
            "booking_reference",
            "contact_first_name",
            "contact_last_name",
            "company_name",
            "purchase_order",
            phone_digits("contact_phone"),
        ),
    )
    __searched__ = (
        "booking_reference",
        "contact_first_name",
        "contact_last_name",
        "company_name",
        "purchase_order",
        "contact_phone",
    )

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Customer"}
    )
    course_schedule_id: Mapped[int] = mapped_column(
        ForeignKey("course_schedules.id", ondelete="RESTRICT"),
        index=True,
        info={"label": "Schedule"},
    )
    #: The code that made it cheaper; a code beaten by the group discount does not stand here.
    discount_code_id: Mapped[int | None] = mapped_column(
        ForeignKey("discount_codes.id", ondelete="RESTRICT"), index=True
    )
    booking_reference: Mapped[str] = mapped_column(unique=True, info={"label": "Reference"})
    status: Mapped[BookingStatus] = enum_column(
        "status",
        BookingStatus,
        default=BookingStatus.PENDING,
        server_default=BookingStatus.PENDING.value,
    )
    payment_status: Mapped[PaymentStatus] = enum_column(
        "payment_status",
        PaymentStatus,
        default=PaymentStatus.PENDING,
        server_default=PaymentStatus.PENDING.value,
        info={"label": "Payment"},
    )
    #: Pounds to be paid for the whole booking.
    payment_amount: Mapped[Money] = mapped_column(info={"label": "Total"})
    #: Pounds taken off the whole booking.
    discount_applied: Mapped[Money] = mapped_column(default=0, server_default=text("0"))
    confirmation_sent: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    reminder_sent: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    certificate_issued: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    #: What was typed in the form; a form never changes the user.
    contact_first_name: Mapped[str] = mapped_column(
        default="", server_default="", info={"label": "First name"}
    )
    contact_last_name: Mapped[str] = mapped_column(
        default="", server_default="", info={"label": "Last name"}
    )
    contact_phone: Mapped[PhoneNumber] = mapped_column(
        default="", server_default="", info={"label": "Phone"}
    )
    customer_type: Mapped[CustomerType] = enum_column(
        "customer_type",
        CustomerType,
        default=CustomerType.INDIVIDUAL,
        server_default=CustomerType.INDIVIDUAL.value,
    )
    company_name: Mapped[str] = mapped_column(default="", server_default="")
    purchase_order: Mapped[str] = mapped_column(default="", server_default="")
    #: Follows the attendees' rows when one is added or cancelled, by trigger.
    number_of_places: Mapped[int] = mapped_column(
        default=1, server_default=text("1"), info={"label": "Places"}
    )
    #: Pounds, as sold.
    price_per_place: Mapped[Money]
    payment_method_chosen: Mapped[PaymentChoice] = enum_column(
        "payment_method_chosen",
        PaymentChoice,
        default=PaymentChoice.CARD,
        server_default=PaymentChoice.CARD.value,
        info={"label": "Pays by"},
    )
    #: When an invoice is to be paid.
    payment_due_at: Mapped[datetime | None] = mapped_column(
        index=True, info={"label": "To be paid by"}
    )
    #: Until when a pending booking holds its places; None holds them until the office decides.
    hold_expires_at: Mapped[datetime | None] = mapped_column(
        index=True, info={"label": "Held until"}
    )
    #: The form's token: sent twice, it makes one booking.
    idempotency_key: Mapped[str] = mapped_column(
        unique=True, server_default=text("gen_random_uuid()::text")
    )
    source: Mapped[BookingSource] = enum_column(
        "source",
        BookingSource,
        default=BookingSource.PUBLIC,
        server_default=BookingSource.PUBLIC.value,
        index=True,
    )
    #: Tariff, fee, cooling-off days and text version as sold: settings never change a contract.
    terms_snapshot: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    terms_accepted_at: Mapped[datetime | None]
    #: The consumer asked to start inside the cooling-off time (Regulation 36 of 2013/3134).
    early_start_requested_at: Mapped[datetime | None]
    #: The earliest start it was ever booked for: what a refund counts from. Only moves earlier.
    booked_start: Mapped[datetime] = mapped_column(info={"label": "First course day as booked"})
    cancelled_at: Mapped[datetime | None] = mapped_column(index=True)
    cancellation_reason: Mapped[LongText | None]
    #: Stands in the signed links; one more revokes all that were sent.
    links_version: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    user: Mapped[User] = relationship(foreign_keys=[user_id], innerjoin=True)
    course_schedule: Mapped[CourseSchedule] = relationship(innerjoin=True)
    discount_code: Mapped[DiscountCode | None] = relationship()
    attendees: Mapped[list["BookingAttendee"]] = relationship(
        back_populates="booking",
        order_by="BookingAttendee.id",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    @property
    def contact_name(self) -> str:
        """The booker's name as typed."""
        return " ".join(filter(None, (self.contact_first_name, self.contact_last_name)))

    @property
    def is_paid(self) -> bool:
        """Whether all of it was paid and nothing was given back."""
        return self.payment_status is PaymentStatus.PAID

    @property
    def is_cancelled(self) -> bool:
        """Whether it is cancelled."""
        return self.status is BookingStatus.CANCELLED

    def holds_places_at(self, now: datetime) -> bool:
        """Return whether its places are taken at that moment, as the database counts them."""
        if self.status is BookingStatus.PENDING:
            return self.hold_expires_at is None or now < self.hold_expires_at
        return self.status is not BookingStatus.CANCELLED

    def can_become(self, status: BookingStatus) -> bool:
        """Return whether the status may follow the present one."""
        return status in BOOKING_TRANSITIONS[self.status]

    def __str__(self) -> str:
        return self.booking_reference


class BookingAttendee(Versioned, Model):
    """One place of a booking, and the person who sits on it once known."""

    __tablename__ = "booking_attendees"
    titled_by = ("first_name", "last_name")
    __table_args__ = (
        CheckConstraint("price >= 0", name="price"),
        search_index(
            "booking_attendees",
            "COALESCE(first_name, ''::text)",
            "COALESCE(last_name, ''::text)",
            "COALESCE(email::text, ''::text)",
        ),
    )
    __searched__ = ("first_name", "last_name", "email")

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("bookings.id", ondelete="CASCADE"), index=True
    )
    #: None until the person is known.
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Person"}
    )
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[EmailAddress | None] = mapped_column(index=True)
    #: Pounds, as sold.
    price: Mapped[Money]
    #: The booker says that this person may have needs; the person is asked by a link of his own.
    may_have_needs: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    cancelled_at: Mapped[datetime | None]

    booking: Mapped[Booking] = relationship(back_populates="attendees", innerjoin=True)
    user: Mapped[User | None] = relationship()

    @property
    def full_name(self) -> str:
        """First and last name, as far as known."""
        return " ".join(filter(None, (self.first_name, self.last_name)))

    @property
    def is_cancelled(self) -> bool:
        """Whether the place was given up."""
        return self.cancelled_at is not None

    def __str__(self) -> str:
        return self.full_name or "Name to follow"


class RequirementType(enum.StrEnum):
    """What a special requirement is about."""

    DIETARY = "dietary"
    ACCESSIBILITY = "accessibility"
    MEDICAL = "medical"
    LANGUAGE = "language"
    LEARNING = "learning"
    OTHER = "other"


class Severity(enum.StrEnum):
    """How much it matters; high alerts the office."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ConsentBy(enum.StrEnum):
    """Who agreed that the details are kept."""

    BOOKER = "booker"
    #: By his own signed link.
    ATTENDEE = "attendee"
    #: By telephone; the office wrote it down.
    OFFICE = "office"


class SpecialRequirement(Versioned, Model):
    """What a person needs on the day; health data, so encrypted, and purged after the course."""

    __tablename__ = "special_requirements"

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("bookings.id", ondelete="CASCADE"), index=True
    )
    #: The attendee's user when there is one, else the booker.
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True, info={"label": "Person"}
    )
    #: None is the whole party.
    attendee_id: Mapped[int | None] = mapped_column(
        ForeignKey("booking_attendees.id", ondelete="CASCADE"), index=True
    )
    requirement_type: Mapped[RequirementType] = enum_column(
        "requirement_type", RequirementType, index=True, info={"label": "Kind", "personal": True}
    )
    #: Encrypted for `special_requirements|details|<id>`; empty once purged.
    details: Mapped[LongText] = mapped_column(
        default="", server_default="", info={"sensitive": True}
    )
    severity: Mapped[Severity] = enum_column(
        "severity",
        Severity,
        default=Severity.LOW,
        server_default=Severity.LOW.value,
        index=True,
        info={"personal": True},
    )
    requires_action: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    action_completed: Mapped[bool] = mapped_column(
        default=False, server_default=text("false"), info={"label": "Done"}
    )
    handled_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True
    )
    is_confidential: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    share_with_trainer: Mapped[bool] = mapped_column(
        default=False, server_default=text("false"), info={"label": "Shared with the trainer"}
    )
    consent_given_at: Mapped[datetime | None]
    consent_by: Mapped[ConsentBy | None] = enum_column("consent_by", ConsentBy)
    #: The day after which the retention job empties the details.
    purge_after: Mapped[date | None] = mapped_column(index=True, info={"label": "Deleted after"})

    booking: Mapped[Booking] = relationship(innerjoin=True)
    user: Mapped[User] = relationship(foreign_keys=[user_id], innerjoin=True)
    attendee: Mapped[BookingAttendee | None] = relationship()
    handled_by: Mapped[User | None] = relationship(foreign_keys=[handled_by_id])

    def __str__(self) -> str:
        return f"{self.requirement_type.value.capitalize()} requirement {self.id}"


class InquiryStatus(enum.StrEnum):
    """Where an inquiry stands."""

    PENDING = "pending"
    RESPONDED = "responded"
    CONVERTED = "converted"
    EXPIRED = "expired"
    CLOSED = "closed"


INQUIRY_TRANSITIONS: Mapping[InquiryStatus, frozenset[InquiryStatus]] = {
    InquiryStatus.PENDING: frozenset(
        {
            InquiryStatus.RESPONDED,
            InquiryStatus.CONVERTED,
            InquiryStatus.EXPIRED,
            InquiryStatus.CLOSED,
        }
    ),
    InquiryStatus.RESPONDED: frozenset(
        {InquiryStatus.CONVERTED, InquiryStatus.EXPIRED, InquiryStatus.CLOSED}
    ),
    InquiryStatus.CONVERTED: frozenset(),
    # An answer is due to whoever asked, even late.
    InquiryStatus.EXPIRED: frozenset(
        {InquiryStatus.RESPONDED, InquiryStatus.CONVERTED, InquiryStatus.CLOSED}
    ),
    InquiryStatus.CLOSED: frozenset(),
}


class BookingInquiry(Versioned, Model):
    """A question before a booking; for a dated course it may hold places for a while."""

    __tablename__ = "booking_inquiries"
    titled_by = ("inquiry_reference",)
    __table_args__ = (
        CheckConstraint("number_of_people > 0", name="number_of_people"),
        Index("ix_booking_inquiries_created_at", "created_at"),
        search_index(
            "booking_inquiries",
            "inquiry_reference",
            "first_name",
            "last_name",
            "email::text",
            "company_name",
            phone_digits("phone"),
        ),
    )
    __searched__ = (
        "inquiry_reference",
        "first_name",
        "last_name",
        "email",
        "company_name",
        "phone",
    )

    inquiry_reference: Mapped[str] = mapped_column(unique=True, info={"label": "Reference"})
    #: The dated course; None is a general or on-site inquiry.
    course_session_id: Mapped[int | None] = mapped_column(
        ForeignKey("course_schedules.id", ondelete="RESTRICT"),
        index=True,
        info={"label": "Schedule"},
    )
    first_name: Mapped[str] = mapped_column(info={"label": "Name"})
    last_name: Mapped[str] = mapped_column(default="", server_default="")
    email: Mapped[EmailAddress] = mapped_column(index=True)
    phone: Mapped[PhoneNumber] = mapped_column(default="", server_default="")
    number_of_people: Mapped[int] = mapped_column(
        default=1, server_default=text("1"), info={"label": "People"}
    )
    questions: Mapped[LongText] = mapped_column(default="", server_default="")
    status: Mapped[InquiryStatus] = enum_column(
        "status",
        InquiryStatus,
        default=InquiryStatus.PENDING,
        server_default=InquiryStatus.PENDING.value,
        index=True,
    )
    #: Until when it holds places; None holds none.
    hold_expires_at: Mapped[datetime | None] = mapped_column(
        index=True, info={"label": "Held until"}
    )
    course_id: Mapped[int | None] = mapped_column(
        ForeignKey("courses.id", ondelete="RESTRICT"), index=True
    )
    company_name: Mapped[str] = mapped_column(default="", server_default="")
    response: Mapped[LongText | None]
    responded_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True
    )
    responded_at: Mapped[datetime | None]
    #: What it became.
    booking_id: Mapped[int | None] = mapped_column(
        ForeignKey("bookings.id", ondelete="SET NULL"), index=True
    )

    #: A private course's price for the whole group, as quoted, in pounds.
    quoted_total: Mapped[Money | None]
    #: The last day, in London, on which the quote can be accepted.
    quoted_until: Mapped[date | None] = mapped_column(index=True)
    #: The unpublished date that is kept for the client meanwhile.
    quoted_schedule_id: Mapped[int | None] = mapped_column(
        ForeignKey("course_schedules.id", ondelete="RESTRICT"), index=True
    )

    course_session: Mapped[CourseSchedule | None] = relationship(foreign_keys=[course_session_id])
    quoted_schedule: Mapped[CourseSchedule | None] = relationship(foreign_keys=[quoted_schedule_id])
    course: Mapped[Course | None] = relationship()
    responded_by: Mapped[User | None] = relationship(foreign_keys=[responded_by_id])
    booking: Mapped[Booking | None] = relationship()

    @property
    def full_name(self) -> str:
        """First and last name of whoever asked."""
        return " ".join(filter(None, (self.first_name, self.last_name)))

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer or a decision."""
        return self.status in {InquiryStatus.PENDING, InquiryStatus.RESPONDED}

    @property
    def wanted_schedule_id(self) -> int | None:
        """The date that a booking would be for: the quoted one, else the one asked about."""
        return self.quoted_schedule_id or self.course_session_id

    def holds_places_at(self, now: datetime) -> bool:
        """Return whether its places are held at that moment, as the database counts them."""
        if self.course_session_id is None or self.hold_expires_at is None:
            return False
        return self.is_open and now < self.hold_expires_at

    def can_become(self, status: InquiryStatus) -> bool:
        """Return whether the status may follow the present one."""
        return status in INQUIRY_TRANSITIONS[self.status]

    def __str__(self) -> str:
        return self.inquiry_reference
