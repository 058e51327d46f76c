"""The keys of storefronts and of back-office programs."""

from typing import TypeVar

from django.db.models import BooleanField, Case, Q, QuerySet, When
from django.db.models.functions import Now

from medusa_payments.models import PublishableKey, SecretKey
from medusa_payments.queries.primary import primary

KeyT = TypeVar("KeyT", PublishableKey, SecretKey)

_LIVE = Q(revoked_at__isnull=True) | Q(revoked_at__gt=Now())


def live(model: type[KeyT]) -> QuerySet[KeyT]:
    """Return the keys of a kind that are accepted now, by the database's clock."""
    return primary(model).filter(_LIVE)


def listed(model: type[KeyT]) -> QuerySet[KeyT]:
    """Return all keys of a kind, oldest first; `is_live` says whether each is accepted now."""
    is_live = Case(When(_LIVE, then=True), default=False, output_field=BooleanField())
    return primary(model).annotate(is_live=is_live).order_by("created_at", "id")
