"""Django's admin on the same tables, by models it does not manage, as one would tune it."""
