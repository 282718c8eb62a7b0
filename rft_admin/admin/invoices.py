"""The screen of invoices and credit notes: found, read and opened; never changed."""

from typing import Any

from flask import url_for

from rft_admin.admin.base import ListScope, TableView
from rft_admin.admin.panels import Panel
from rft_admin.admin.registry import screen
from rft_admin.payments.models import Invoice, InvoiceKind


@screen(Invoice)
class InvoiceView(TableView):
    """Invoices and credit notes, as issued."""

    group, icon, title, singular = "Money", "file", "Invoices", "invoice"
    question = "Which invoices and credit notes went out, for what, and how much?"
    read_only_because = "An invoice stays as it was issued; a credit note takes it back."
    column_list = (
        "invoice_number",
        "kind",
        "booking_id",
        "booking.contact_name",
        "total",
        "issue_date",
        "due_date",
    )
    column_labels = {"booking.contact_name": "Customer"}
    column_searchable_list = (
        "invoice_number",
        "booking.booking_reference",
        "booking.contact_name",
        "booking.company_name",
    )
    column_filters = ("kind", "booking_id", "total", "issue_date", "due_date")
    default_order = (("issue_date", True), ("id", True))
    main_date = "issue_date"
    summed = ("total",)
    scopes = {
        "invoices": ListScope("Invoices", lambda: Invoice.kind == InvoiceKind.INVOICE),
        "credit_notes": ListScope("Credit notes", lambda: Invoice.kind == InvoiceKind.CREDIT_NOTE),
    }
    not_in_details = ("content",)
    panels = (
        Panel(
            "Credit notes for it",
            Invoice,
            "credits_invoice_id",
            ("invoice_number", "total", "issue_date", "refund_id"),
        ),
    )
    empty_words = "Each paid booking, and each booked on invoice, gets its invoice by itself."

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Lead to the stored PDF."""
        if not row.stored_file_id:
            return []
        return [("PDF", url_for("admin.file", table="invoices", row_id=row.id))]
