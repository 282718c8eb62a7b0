"""The jobs by name: each calls one use case, and may run twice without harm."""

from rft_admin.accounts import action_runs
from rft_admin.core import clock
from rft_admin.core.database import transact
from rft_admin.delivery import certificates
from rft_admin.jobs.runner import actor_of, task
from rft_admin.messaging import sending
from rft_admin.payments import refund_sending, webhook
from rft_admin.reporting import reports


@task("send_email", retries=0)
def send_email(email_log_id: int) -> None:
    """Send one queued letter; a failed one is taken up again by `sweep_letters`."""
    sending.send(email_log_id=email_log_id, now=clock.now())


@task("process_event")
def process_event(stripe_event_id: int) -> None:
    """Let one event of Stripe take its effect."""
    webhook.process(stripe_event_id, now=clock.now())


@task("send_refund")
def send_refund(refund_id: int) -> None:
    """Send one approved refund to Stripe."""
    refund_sending.send(refund_id, now=clock.now(), by=actor_of("send_refund"))


@task("issue_certificate")
def issue_certificate(attendee_id: int, course_schedule_id: int) -> None:
    """Issue one person's certificate; what was issued meanwhile stays as it is."""
    by = actor_of("issue_certificate")

    def issue_once() -> None:
        if not certificates.is_waiting(attendee_id=attendee_id, schedule_id=course_schedule_id):
            return
        certificates.issue(
            attendee_id=attendee_id, schedule_id=course_schedule_id, now=clock.now(), by=by
        )

    transact(issue_once, by=by)


@task("issue_schedule_certificates")
def issue_schedule_certificates(course_schedule_id: int) -> None:
    """Queue a certificate for everybody of a class who earned one, a job each."""
    transact(
        lambda: certificates.queue_for_schedule(schedule_id=course_schedule_id),
        by=actor_of("issue_schedule_certificates"),
    )


@task("run_report")
def run_report(report_id: int) -> None:
    """Make one report and store it."""
    reports.run(report_id, now=clock.now())


@task(action_runs.JOB)
def carry_on_action(action_run_id: int) -> None:
    """Carry out what is waiting of an action on many rows."""
    action_runs.carry_on(action_run_id)
