"""Door 1: the customer."""
