"""The questions of a run, each in its own file: what is asked of whom, and what is wanted."""
