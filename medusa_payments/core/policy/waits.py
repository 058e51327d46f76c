"""How long to wait until something is tried again. Pure."""

from datetime import timedelta

SHORTEST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts in vain: longer each time, at most `LONGEST_WAIT`."""
    wait: timedelta = SHORTEST_WAIT * 2 ** min(attempts, 16)
    return min(wait, LONGEST_WAIT)
