"""A collection under its lock, its money, and what is written in it: lines, counters, sessions, events."""
