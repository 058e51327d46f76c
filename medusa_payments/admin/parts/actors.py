"""Names of users and secret keys. Rows only keep their ids."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model

from medusa_payments.models import SecretKey

KEY_PREFIX = SecretKey._meta.get_field("id").prefix


def put_names(rows: Iterable[tuple[Model, str]]) -> None:
    """Set `actor_name` on every row to the name of the user or secret key, or else to the id.

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
    """Return the text as a primary key of a user; None if no user can have it."""
    field = get_user_model()._meta.pk
    try:
        key = field.to_python(actor_id)
        field.run_validators(key)
    except ValidationError:
        return None
    return key
