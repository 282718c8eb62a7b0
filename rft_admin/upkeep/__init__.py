"""What goes across all rooms: invariants, retention, privacy and the database's size."""
