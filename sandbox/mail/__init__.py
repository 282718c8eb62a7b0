"""The mail catcher: an SMTP server that delivers to a web page instead of to people."""

from sandbox.mail.catcher import MailCatcher

__all__ = ["MailCatcher"]
