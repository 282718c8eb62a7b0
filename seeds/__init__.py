"""What a new database starts with: reference rows, and a fictional quarter."""
