"""What was paid: payments, refunds, invoices and Stripe's events."""
