"""Exports: the matching rows as a file, in bounded memory, on a connection of their own."""
