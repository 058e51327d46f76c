"""A collection under its lock, and what is written in it: lines, counters, sessions, events."""
