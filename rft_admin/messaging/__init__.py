"""Letters and notifications: queued with their cause, sent after it."""
