"""What a cancellation gives back, by the terms the booking was sold under, in words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from rft_admin.bookings.models import Booking, CustomerType
from rft_admin.core.clock import london_date
from rft_admin.core.database import Json
from rft_admin.core.formats import format_date
from rft_admin.core.money import ZERO, format_pounds, percent_of, pounds
from rft_admin.core.settings import define_words
from rft_admin.payments import ledger, settings

#: Changes when the words of /terms change in meaning.
TERMS_VERSION = "2026-11"
#: Regulation 34(5) of the Consumer Contracts Regulations 2013.
CONSUMER_REFUND_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class RefundQuote:
    """What would come back, and why."""

    #: cancelled_by_us | cooling_off | cooling_off_begun | tariff | tariff_private | nothing_paid
    rule: str
    #: Pounds paid and not yet given back.
    paid: Decimal
    percent: int
    #: Pounds before the fee.
    amount: Decimal
    fee: Decimal
    #: Calendar days in London from the cancellation to the first course day.
    days: int
    words: list[str] = field(default_factory=list)
    needs_approval: bool
    #: When the law wants the money to be back, for a consumer who withdraws.
    due_by: date | None = None

    @property
    def net(self) -> Decimal:
        """The pounds that are sent."""
        return self.amount - self.fee

    def as_json(self) -> Json:
        """Return what the refund keeps of the calculation."""
        return {
            "rule": self.rule,
            "days": self.days,
            "percent": self.percent,
            "paid": str(self.paid),
            "amount": str(self.amount),
            "fee": str(self.fee),
            "net": str(self.net),
            "words": self.words,
        }


def current_terms(*, private: bool = False) -> Json:
    """Return the terms in force, to be kept with a booking as it is sold.

    Their words are those that bind every customer; a consumer's right to withdraw has its own.
    """
    bands = settings.refund_bands_private() if private else settings.refund_bands()
    terms: Json = {
        "text_version": TERMS_VERSION,
        "private": private,
        "refund_bands": bands,
        "refund_admin_fee": str(settings.refund_admin_fee()),
        "consumer_cooling_off_days": settings.consumer_cooling_off_days(),
        "invoice_enabled": settings.invoice_enabled(),
        "invoice_terms_days": settings.invoice_terms_days(),
    }
    return terms | {"words": tariff_in_words(terms)}


def tariff_in_words(terms: Json | None = None) -> list[str]:
    """Return the tariff as sentences, one per band; by default the one in force."""
    terms = terms or current_terms()
    sentences = []
    upper: int | None = None
    for band in _bands(terms):
        sentences.append(f"{_period(band['min_days'], upper)}: {_outcome(band, terms)}.")
        upper = band["min_days"] - 1
    return sentences


def _bands_in_words(bands: Any) -> str:
    """Return a tariff by itself; the fee's sum is a setting of its own."""
    return "\n".join(tariff_in_words({"refund_bands": bands}))


define_words("refund_bands", _bands_in_words)


def cooling_off_in_words(terms: Json | None = None) -> str:
    """Return the consumer's right to withdraw as a paragraph."""
    days = int((terms or current_terms())["consumer_cooling_off_days"])
    return (
        f"If you book as a private person, you may withdraw within {days} days after the day of "
        "your booking, without giving a reason, and get everything back. If you asked for a "
        "course inside that time, the right ends when the course has been given."
    )


def explain(
    booking: Booking, now: datetime, *, by_us: bool = False, amount: Decimal | None = None
) -> RefundQuote:
    """Return what cancelling the booking now gives back.

    A cancelled booking is judged by the moment of its cancellation.

    :param amount: pounds paid for the single places that are cancelled; None is all of them.
    :param by_us: the business cancels: everything comes back, without a fee.
    """
    moment = booking.cancelled_at or now
    basis = _basis(booking, amount)
    days = (london_date(booking.booked_start) - london_date(moment)).days
    if basis <= 0:
        return _nothing_paid(booking, days)
    if by_us:
        return _in_full(
            "cancelled_by_us",
            basis,
            days,
            ["We cancelled, so everything comes back, without a fee."],
        )
    if _may_withdraw(booking, moment):
        return _cooling_off(booking, basis, days, moment)
    return _by_bands(booking, basis, days, moment)


def _basis(booking: Booking, amount: Decimal | None) -> Decimal:
    """Return the pounds that a cancellation is reckoned from: paid, not yet given back."""
    remaining = ledger.amount_kept(booking)
    if amount is not None:
        return min(amount, remaining)
    if booking.is_cancelled:
        return remaining
    live = [attendee.price for attendee in booking.attendees if not attendee.is_cancelled]
    sold = sum(live, ZERO) if live else booking.payment_amount
    return min(sold, remaining)


def _nothing_paid(booking: Booking, days: int) -> RefundQuote:
    returned = ledger.amount_refunded(booking) > 0
    return RefundQuote(
        rule="nothing_paid",
        paid=ZERO,
        percent=0,
        amount=ZERO,
        fee=ZERO,
        days=days,
        words=[
            "What was paid has been given back already."
            if returned
            else "Nothing has been paid, so there is nothing to give back."
        ],
        needs_approval=False,
    )


def _in_full(
    rule: str, basis: Decimal, days: int, words: list[str], due_by: date | None = None
) -> RefundQuote:
    return RefundQuote(
        rule=rule,
        paid=basis,
        percent=100,
        amount=basis,
        fee=ZERO,
        days=days,
        words=[*words, f"You get back {format_pounds(basis)}."],
        needs_approval=False,
        due_by=due_by,
    )


def _may_withdraw(booking: Booking, moment: datetime) -> bool:
    """Return whether a consumer may still withdraw: to the end of the last cooling-off day.

    The right ends when the course has been given in full, as was asked for at booking
    (Consumer Contracts Regulations 2013, regulations 29, 30 and 36).
    """
    if booking.customer_type is not CustomerType.INDIVIDUAL:
        return False
    given, planned = _days_given(booking, moment)
    return given < planned and london_date(moment) <= _last_cooling_off_day(booking)


def _days_given(booking: Booking, moment: datetime) -> tuple[int, int]:
    """Return how many course days have begun by then, and how many there are."""
    starts = [day.starts_at for day in booking.course_schedule.days]
    starts = starts or [booking.course_schedule.start_datetime]
    return sum(1 for start in starts if start <= moment), len(starts)


def _last_cooling_off_day(booking: Booking) -> date:
    days = int(_terms(booking)["consumer_cooling_off_days"])
    return _contract_date(booking) + timedelta(days=days)


def _contract_date(booking: Booking) -> date:
    return london_date(booking.terms_accepted_at or booking.created_at)


def _cooling_off(booking: Booking, basis: Decimal, days: int, moment: datetime) -> RefundQuote:
    cooling_off_days = _terms(booking)["consumer_cooling_off_days"]
    words = (
        f"You booked as a private person on {format_date(_contract_date(booking))} and may "
        f"withdraw within {cooling_off_days} days after that day, to the end of "
        f"{format_date(_last_cooling_off_day(booking))}"
    )
    due_by = london_date(moment) + timedelta(days=CONSUMER_REFUND_DAYS)
    given, planned = _days_given(booking, moment)
    if given:
        return _cooling_off_begun(basis, days, words, due_by, given=given, planned=planned)
    return _in_full(
        "cooling_off", basis, days, [f"{words}: everything comes back, without a fee."], due_by
    )


def _cooling_off_begun(
    basis: Decimal, days: int, words: str, due_by: date, *, given: int, planned: int
) -> RefundQuote:
    """Return the quote for a course that has begun: what was given at request is kept.

    Regulation 36(4): in proportion to what has been supplied.
    """
    amount = pounds(basis * (planned - given) / planned)
    return RefundQuote(
        rule="cooling_off_begun",
        paid=basis,
        percent=int(100 * (planned - given) / planned),
        amount=amount,
        fee=ZERO,
        days=days,
        words=[
            f"{words}. {given} of {planned} course days had begun by then and are kept.",
            f"You get back {format_pounds(amount)}.",
        ],
        needs_approval=True,
        due_by=due_by,
    )


def _by_bands(booking: Booking, basis: Decimal, days: int, moment: datetime) -> RefundQuote:
    terms = _terms(booking)
    percent, fee_rule = _band_for(terms, days)
    amount = percent_of(basis, percent)
    fee = min(_fee(booking, terms, fee_rule), amount)
    return RefundQuote(
        rule="tariff_private" if terms.get("private") else "tariff",
        paid=basis,
        percent=percent,
        amount=amount,
        fee=fee,
        days=days,
        words=_band_words(booking, basis, days, moment, percent, amount, fee),
        needs_approval=amount - fee > 0,
    )


def _band_words(
    booking: Booking,
    basis: Decimal,
    days: int,
    moment: datetime,
    percent: int,
    amount: Decimal,
    fee: Decimal,
) -> list[str]:
    start = format_date(booking.booked_start)
    cancelled = f"Cancelled on {format_date(moment)}"
    if days > 0:
        unit = "day" if days == 1 else "days"
        first = f"{cancelled}, {days} {unit} before the first course day ({start})."
    else:
        first = f"{cancelled}, on or after the first course day ({start})."
    if percent == 0:
        return [first, "By the terms of this booking nothing comes back so close to the course."]
    sum_words = f"{percent} % of {format_pounds(basis)} is {format_pounds(amount)}."
    fee_words = [f"Less the fee of {format_pounds(fee)}."] if fee else []
    return [first, sum_words, *fee_words, f"You get back {format_pounds(amount - fee)}."]


def _terms(booking: Booking) -> Json:
    """Return the terms as sold; what an older booking did not keep is read from those in force."""
    return current_terms(private=booking.course_schedule.is_private) | booking.terms_snapshot


def _bands(terms: Json) -> Sequence[Json]:
    return sorted(terms["refund_bands"], key=lambda band: int(band["min_days"]), reverse=True)


def _band_for(terms: Json, days: int) -> tuple[int, bool | str]:
    """Return per cent and fee rule of the band that so many days fall in."""
    for band in _bands(terms):
        if days >= int(band["min_days"]):
            return int(band["percent"]), band["fee"]
    return 0, False


def _fee(booking: Booking, terms: Json, rule: bool | str) -> Decimal:
    """Return the fee in pounds: once per booking."""
    if rule is False or ledger.has_paid_fee(booking):
        return ZERO
    return pounds(terms["refund_admin_fee"] if rule is True else rule)


def _period(lower: int, upper: int | None) -> str:
    if upper is None:
        return f"{lower} days or more before the first course day"
    if lower <= 0:
        return f"{upper} days or fewer before the first course day"
    return f"{lower} to {upper} days before"


def _outcome(band: Json, terms: Json) -> str:
    percent = int(band["percent"])
    if percent == 0:
        return "nothing comes back"
    words = "everything comes back" if percent == 100 else f"{percent} % comes back"
    if band["fee"] is True and "refund_admin_fee" not in terms:
        return f"{words}, less the refund fee"
    fee = pounds(terms["refund_admin_fee"] if band["fee"] is True else band["fee"] or 0)
    return f"{words}, less a fee of {format_pounds(fee)}" if fee else words
