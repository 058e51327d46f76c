"""Taking keys of both kinds out of use. Their verbs stand in `publishable_keys` and `secret_keys`."""

from datetime import timedelta

from django.db.models.functions import Now

from medusa_payments.exceptions import InvalidData, NotAllowed, NotFound
from medusa_payments.queries.keys import KeyT, live
from medusa_payments.queries.primary import primary

__all__ = ["LONGEST_OVERLAP_SECONDS", "retire", "revoke"]

LONGEST_OVERLAP_SECONDS = 366 * 24 * 60 * 60


def revoke(model: type[KeyT], key_id: str) -> None:
    """Make a key invalid from now on. No-op when it is invalid already. Raises `NotFound`."""
    if not live(model).filter(pk=key_id).update(revoked_at=Now()):
        _existing(model, key_id)


def retire(model: type[KeyT], key_id: str, *, overlap_seconds: int) -> KeyT:
    """Make a key invalid after `overlap_seconds`; return it. Only one caller ever gets to retire a key.

    Raises `NotFound`, `NotAllowed` when it was revoked or retired before, `InvalidData` for an impossible overlap.
    """
    if not 0 <= overlap_seconds <= LONGEST_OVERLAP_SECONDS:
        raise InvalidData(f"The overlap of two keys is 0 to {LONGEST_OVERLAP_SECONDS} seconds.")
    key = _existing(model, key_id)
    # A sum with nothing would be written in finer digits than SQLite's clock has, and lie ahead of it.
    ends_at = Now() + timedelta(seconds=overlap_seconds) if overlap_seconds else Now()
    if not primary(model).filter(pk=key_id, revoked_at__isnull=True).update(revoked_at=ends_at):
        raise NotAllowed(f"{model.__name__} {key_id} was revoked before.")
    return key


def _existing(model: type[KeyT], key_id: str) -> KeyT:
    key = primary(model).filter(pk=key_id).first()
    if key is None:
        raise NotFound(f"{model.__name__} id not found: {key_id}")
    return key
