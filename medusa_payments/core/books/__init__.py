"""A collection while its row is locked, and everything that is written in that time."""
