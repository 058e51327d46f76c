"""Keys that let back-office programs in, each with the permissions of one member of staff."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models.functions import Now
from django.utils import timezone

from medusa_payments.core.base.locks import durable_transaction
from medusa_payments.exceptions import InvalidData
from medusa_payments.models import SecretKey
from medusa_payments.queries.keys import live
from medusa_payments.queries.primary import primary
from medusa_payments.services import keys, texts

__all__ = ["PREFIX", "IssuedSecretKey", "authenticate", "create", "revoke", "rotate"]

PREFIX = "sk_"
_USE_IS_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedSecretKey:
    """A new key with its token, which can't be read again."""

    key: SecretKey
    token: str = field(repr=False)


def create(*, user: AbstractBaseUser, title: str) -> IssuedSecretKey:
    """Make a key that acts with the permissions of `user`, as they are at each use.

    Raises `InvalidData` unless the user is active staff, and for a title that quotes a card number or a secret key.
    """
    texts.refuse_sensitive(title)
    if not (user.is_active and getattr(user, "is_staff", False)):
        raise InvalidData("A secret key can only act for an active member of staff.")
    return _issue(user_id=str(user.pk), title=title)


def revoke(*, secret_key_id: str) -> None:
    """Make a key invalid from now on. No-op when it is invalid already. Raises `NotFound`."""
    keys.revoke(SecretKey, secret_key_id)


def rotate(*, secret_key_id: str, overlap_seconds: int = 0) -> IssuedSecretKey:
    """Make a new key with the user and title of another one and revoke that; return the new one.

    The old key stays valid for `overlap_seconds`, the time that programs need to change over.

    Raises `NotFound`, `NotAllowed` when it was revoked or rotated before, `InvalidData` (overlap), `InsideTransaction`.
    """
    with durable_transaction():
        old = keys.retire(SecretKey, secret_key_id, overlap_seconds=overlap_seconds)
        return _issue(user_id=old.user_id, title=old.title)


def authenticate(token: str) -> tuple[AbstractBaseUser, SecretKey] | None:
    """Return the user a token acts for, and its key; None when it isn't valid now, or the user isn't active any more.

    `last_used_at` is written at most once a minute.
    """
    key = live(SecretKey).filter(token_digest=_digest(token)).first()
    user = None if key is None else get_user_model()._default_manager.filter(pk=key.user_id, is_active=True).first()
    if key is None or user is None:
        return None
    if key.last_used_at is None or timezone.now() - key.last_used_at > _USE_IS_NOTED_EVERY:
        primary(SecretKey).filter(pk=key.pk).update(last_used_at=Now())
    return user, key


def _issue(*, user_id: str, title: str) -> IssuedSecretKey:
    token = f"{PREFIX}{secrets.token_hex(32)}"
    key = primary(SecretKey).create(
        title=title, token_digest=_digest(token), redacted=f"{PREFIX}***{token[-3:]}", user_id=user_id
    )
    return IssuedSecretKey(key=key, token=token)


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
