"""What the clock does by itself; each job can be run by hand: `flask jobs run NAME`."""

import functools
import logging
from datetime import timedelta

from procrastinate import JobContext
from procrastinate.exceptions import ConnectorException

from rft_admin.bookings import decisions, inquiries, quotes, reminders
from rft_admin.bookings.models import Booking, BookingStatus
from rft_admin.core import clock
from rft_admin.core.database import db, transact
from rft_admin.core.queue import queue_app
from rft_admin.delivery import certificates, renewals
from rft_admin.jobs.runner import actor_of, by_the_clock
from rft_admin.messaging import notifications
from rft_admin.messaging import service as messaging
from rft_admin.messaging.models import NotificationType, Priority
from rft_admin.payments import billing, disputes, reconcile, reconciliation
from rft_admin.reporting import scheduling
from rft_admin.upkeep import retention
from rft_admin.upkeep.size import database_size

logger = logging.getLogger(__name__)

WARNING_LASTS = timedelta(days=1)
#: A worker silent for so long is taken for dead; its jobs are run again.
STALLED_SECONDS = 15.0


@queue_app.periodic(cron="* * * * * */20")
@queue_app.task(name="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Run the jobs of a worker that died again: each may run twice without harm."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            await manager.retry_job(job, retry_at=clock.now())
        except ConnectorException:
            # Another worker was quicker; the other jobs still wait for their turn.
            logger.warning("The stalled job %s was taken up elsewhere", job.id)


@by_the_clock("sweep_letters", "* * * * *")
def sweep_letters() -> None:
    """Take up letters that are due and have no job: retries, and what a crash left behind."""
    transact(lambda: messaging.sweep_due(now=clock.now()), by=actor_of("sweep_letters"))


@by_the_clock("tidy_holds", "* * * * *")
def tidy_holds() -> None:
    """Ask Stripe about pending bookings whose hold has expired, and cancel what is unpaid."""
    reconcile.tidy_holds(now=clock.now(), by=actor_of("tidy_holds"))
    transact(lambda: inquiries.expire(now=clock.now()), by=actor_of("tidy_holds"))


@by_the_clock("check_payments", "*/10 * * * *")
def check_payments() -> None:
    """Ask Stripe about every payment and refund that is not final."""
    reconcile.check_open_payments(now=clock.now(), by=actor_of("check_payments"))


@by_the_clock("send_reminders", "15 7-18 * * *")
def send_reminders() -> None:
    """Remind people of the course that is near; each booking in a transaction of its own."""
    by = actor_of("send_reminders")
    for booking_id in [booking.id for booking in reminders.list_due_reminders(now=clock.now())]:
        transact(functools.partial(_remind, booking_id), by=by)


def _remind(booking_id: int) -> None:
    booking = db.session.get(Booking, booking_id, with_for_update={"key_share": True})
    due = booking and booking.status is BookingStatus.CONFIRMED and not booking.reminder_sent
    if booking and due:
        reminders.send_reminder(booking, now=clock.now(), by=actor_of("send_reminders"))


@by_the_clock("reconcile_nightly", "20 3 * * *")
def reconcile_nightly() -> None:
    """Compare the ledger of the last days with Stripe's balance, to the penny."""
    reconciliation.reconcile_nightly(now=clock.now(), by=actor_of("reconcile_nightly"))


@by_the_clock("warn_of_disputes", "5 8 * * *")
def warn_of_disputes() -> None:
    """Alert the office 7 and 2 days before evidence for a dispute is due."""
    by = actor_of("warn_of_disputes")
    transact(lambda: disputes.warn_of_deadlines(now=clock.now()), by=by)


@by_the_clock("remind_of_invoices", "45 7 * * *")
def remind_of_invoices() -> None:
    """Send the invoices that have not gone out yet, and remind of those that are unpaid."""
    billing.remind(now=clock.now(), by=actor_of("remind_of_invoices"))


@by_the_clock("expire_quotes", "20 0,1 * * *")
def expire_quotes() -> None:
    """Free the dates of quotes whose last day has passed in London."""
    by = actor_of("expire_quotes")
    transact(lambda: quotes.expire_quotes(now=clock.now(), by=by), by=by)


@by_the_clock("ask_to_decide", "0 7 * * *")
def ask_to_decide() -> None:
    """Ask the office about dates that have too few people shortly before they start."""
    by = actor_of("ask_to_decide")
    transact(lambda: decisions.ask_to_decide(now=clock.now(), by=by), by=by)


@by_the_clock("remind_of_expiry", "30 8 * * *")
def remind_of_expiry() -> None:
    """Remind people of certificates that expire."""
    transact(lambda: renewals.remind(now=clock.now()), by=actor_of("remind_of_expiry"))


@by_the_clock("expire_certificates", "10 0,1 * * *")
def expire_certificates() -> None:
    """Let certificates whose last day has passed say so; at London's midnight, winter or summer."""
    by = actor_of("expire_certificates")
    while transact(lambda: certificates.expire(now=clock.now()), by=by):
        pass


@by_the_clock("retention", "40 2 * * *")
def run_retention() -> None:
    """Delete what has passed its time, after the nightly backup."""
    transact(lambda: retention.run(now=clock.now()), by=retention.BY)


@by_the_clock("watch_size", "0 6 * * *")
def watch_size() -> None:
    """Warn the office before the database is full."""
    transact(_warn_of_size, by=actor_of("watch_size"))


def _warn_of_size() -> None:
    size = database_size()
    if not size.is_worrying:
        return
    notifications.notify_office(
        type=NotificationType.SYSTEM_ANNOUNCEMENT,
        title=f"The database is {size.percent} % full",
        message=f"{size.megabytes} of {size.limit_megabytes} MB are used. Take a larger plan soon.",
        priority=Priority.HIGH,
        now=clock.now(),
        expires_at=clock.now() + WARNING_LASTS,
    )


@by_the_clock("make_due_reports", "5 * * * *")
def make_due_reports() -> None:
    """Ask for the reports that come by themselves and have come due."""
    scheduling.make_due(now=clock.now(), by=actor_of("make_due_reports"))
