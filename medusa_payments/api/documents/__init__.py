"""The documents of v2 that responses show."""
