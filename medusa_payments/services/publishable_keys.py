"""Keys that tell storefronts apart."""

import secrets

from medusa_payments.core.base.locks import durable_transaction
from medusa_payments.exceptions import InvalidData
from medusa_payments.models import PublishableKey
from medusa_payments.queries.keys import live
from medusa_payments.queries.primary import primary
from medusa_payments.services import keys, texts

__all__ = ["PREFIX", "create", "is_valid", "revoke", "rotate"]

PREFIX = "pk_"
_LONGEST_TOKEN = 100


def create(*, title: str, token: str | None = None) -> PublishableKey:
    """Return the key with this token, created when there is none; without a token, always a new random one.

    Raises `InvalidData` for a token that doesn't begin with `pk_` or has more than 100 characters, and for a title that
    quotes a card number or a secret key.
    """
    texts.refuse_sensitive(title)
    token = token or f"{PREFIX}{secrets.token_hex(32)}"
    if not token.startswith(PREFIX) or len(token) > _LONGEST_TOKEN:
        raise InvalidData(f"A publishable key begins with {PREFIX} and has at most {_LONGEST_TOKEN} characters.")
    key, _ = primary(PublishableKey).get_or_create(token=token, defaults={"title": title})
    return key


def revoke(*, publishable_key_id: str) -> None:
    """Make a key invalid from now on. No-op when it is invalid already. Raises `NotFound`."""
    keys.revoke(PublishableKey, publishable_key_id)


def rotate(*, publishable_key_id: str, overlap_seconds: int = 0) -> PublishableKey:
    """Make a new key with the title of another one and revoke that; return the new one.

    The old key stays valid for `overlap_seconds`, the time that storefronts need to change over.

    Raises `NotFound`, `NotAllowed` when it was revoked or rotated before, `InvalidData` (overlap), `InsideTransaction`.
    """
    with durable_transaction():
        old = keys.retire(PublishableKey, publishable_key_id, overlap_seconds=overlap_seconds)
        return create(title=old.title)


def is_valid(token: str) -> bool:
    """Say whether a storefront may use this token now."""
    # Some servers let NUL pass in a header, and PostgreSQL refuses to be asked for it.
    return "\0" not in token and live(PublishableKey).filter(token=token).exists()
