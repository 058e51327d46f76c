"""Authorizations that run out: when to look at them, when to warn. Pure: no database, no clock."""

from datetime import datetime, timedelta

AFTERWARDS = timedelta(minutes=5)
"""How long after an authorization ran out the provider is asked what became of it."""


def is_over(capture_before: datetime | None, now: datetime) -> bool:
    """Say whether an authorization has run out."""
    return capture_before is not None and capture_before <= now


def is_near(capture_before: datetime | None, now: datetime, *, warning: timedelta) -> bool:
    """Say whether it is time to warn that an authorization will run out: so long before it does."""
    return capture_before is not None and now >= capture_before - warning


def next_look(capture_before: datetime | None, *, was_warned: bool, warning: timedelta) -> datetime | None:
    """Return when an authorization is to be looked at next; None for one that doesn't run out."""
    if capture_before is None:
        return None
    return capture_before + AFTERWARDS if was_warned else capture_before - warning
