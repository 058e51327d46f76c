"""Keys that tell storefronts apart."""

import secrets

from django.db.models import Q
from django.db.models.functions import Now

from medusa_payments.exceptions import NotAllowed, NotFound
from medusa_payments.models import PublishableKey
from medusa_payments.queries.primary import primary
from medusa_payments.services.locks import durable_transaction

_LIVE = Q(revoked_at__isnull=True) | Q(revoked_at__gt=Now())


def create(*, title: str, token: str | None = None) -> PublishableKey:
    """Return the key with this token, created when there is none; without a token, always a new random one."""
    key, _ = primary(PublishableKey).get_or_create(
        token=token or f"pk_{secrets.token_hex(32)}", defaults={"title": title}
    )
    return key


def revoke(*, publishable_key_id: str) -> None:
    """Make a key invalid from now on. No-op when it was revoked before."""
    primary(PublishableKey).filter(pk=publishable_key_id, revoked_at__isnull=True).update(revoked_at=Now())


def rotate(*, publishable_key_id: str) -> PublishableKey:
    """Make a new key with the title of another one, and revoke that; return the new one.

    Raises `NotFound`, and `NotAllowed` when it was revoked before.
    """
    old = primary(PublishableKey).filter(pk=publishable_key_id).first()
    if old is None:
        raise NotFound(f"PublishableKey id not found: {publishable_key_id}")
    with durable_transaction():
        if not primary(PublishableKey).filter(_LIVE, pk=old.pk).update(revoked_at=Now()):
            raise NotAllowed(f"Publishable key {old.pk} was revoked before.")
        return create(title=old.title)


def is_valid(token: str) -> bool:
    """Say whether a storefront may use this token now."""
    return primary(PublishableKey).filter(_LIVE, token=token).exists()
