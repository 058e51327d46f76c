"""Who did it: rows keep the id of a user or of a secret key, people read names."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model

from medusa_payments.models import SecretKey

KEY_PREFIX = SecretKey._meta.get_field("id").prefix


def put_names(rows: Iterable[tuple[Model, str]]) -> None:
    """Set `actor_name` on every row: the name of the user or the secret key, or else the id itself.

    Two queries at most.
    """
    actor_ids = [(row, actor_id) for row, actor_id in rows if actor_id]
    ids = {actor_id for _, actor_id in actor_ids}
    names = _usernames(ids) | _key_names(ids)
    for row, actor_id in actor_ids:
        row.actor_name = names.get(actor_id, actor_id)  # type: ignore[attr-defined]


def _usernames(actor_ids: set[str]) -> dict[str, str]:
    user_model = get_user_model()
    keys = [key for actor_id in actor_ids if (key := _primary_key(actor_id)) is not None]
    if not keys:
        return {}
    users = user_model._default_manager.filter(pk__in=keys).only("pk", user_model.USERNAME_FIELD)
    return {str(user.pk): user.get_username() for user in users}


def _key_names(actor_ids: set[str]) -> dict[str, str]:
    key_ids = {actor_id for actor_id in actor_ids if actor_id.startswith(f"{KEY_PREFIX}_")}
    return {key.pk: str(key) for key in SecretKey._default_manager.filter(pk__in=key_ids)}


def _primary_key(actor_id: str) -> Any:
    """Return what a user's primary key of this text is; None for text that no user has as primary key."""
    field = get_user_model()._meta.pk
    try:
        key = field.to_python(actor_id)
        field.run_validators(key)
    except ValidationError:
        return None
    return key
