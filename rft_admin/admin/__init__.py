"""Door 2: the office."""
