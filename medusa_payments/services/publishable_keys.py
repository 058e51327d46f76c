"""Keys that tell storefronts apart."""

import secrets

from django.db.models import Q
from django.db.models.functions import Now

from medusa_payments.models import PublishableKey
from medusa_payments.queries.primary import primary


def create(*, title: str, token: str | None = None) -> PublishableKey:
    """Return the key with this token, created when there is none; without a token, always a new random one."""
    key, _ = primary(PublishableKey).get_or_create(
        token=token or f"pk_{secrets.token_hex(32)}", defaults={"title": title}
    )
    return key


def revoke(*, publishable_key_id: str) -> None:
    """Make a key invalid from now on. No-op when it was revoked before."""
    primary(PublishableKey).filter(pk=publishable_key_id, revoked_at__isnull=True).update(revoked_at=Now())


def is_valid(token: str) -> bool:
    """Say whether a storefront may use this token now."""
    live = Q(revoked_at__isnull=True) | Q(revoked_at__gt=Now())
    return primary(PublishableKey).filter(live, token=token).exists()
