"""Development only: what a working business needs around the application, on one machine.

The keeper of an embedded PostgreSQL, a Stripe sandbox, a mail catcher, and the runner behind
`make run`. The application never imports this package, and this package not the application.
"""
