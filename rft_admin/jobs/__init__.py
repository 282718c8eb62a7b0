"""Door 3: the clock."""
