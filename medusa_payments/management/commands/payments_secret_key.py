"""`manage.py payments_secret_key`: the keys of back-office programs."""

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management.base import CommandError, CommandParser

from medusa_payments.management.key_command import Document, KeyCommand
from medusa_payments.models import SecretKey
from medusa_payments.queries import keys
from medusa_payments.services import secret_keys


class Command(KeyCommand):
    help = "Create, revoke, rotate and list the keys that programs send to the admin API (Authorization: Basic sk_…)."
    verbs: ClassVar = {
        "create": "Make a key that acts with the permissions of a user, and print its token, once.",
        "revoke": "Make a key invalid now.",
        "rotate": "Make a new key in place of an old one and print its token, once.",
        "list": "List all keys, without their tokens.",
    }

    def add_create_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="USERNAME", help="The member of staff it acts for.")
        parser.add_argument("--title", required=True, help="What people tell it by, such as the program's name.")

    def create(self, *, user: str, title: str, **_: Any) -> Document:
        return _issued(secret_keys.create(user=_user(user), title=title))

    def revoke(self, *, id: str, **_: Any) -> Document:
        secret_keys.revoke(secret_key_id=id)
        return _document(id)

    def rotate(self, *, id: str, overlap: int, **_: Any) -> Document:
        return _issued(secret_keys.rotate(secret_key_id=id, overlap_seconds=overlap))

    def list(self, **_: Any) -> list[Document]:
        return list(map(_document_of, keys.listed(SecretKey)))

    def note(self, document: Document) -> str:
        return f"{document['id']}: {document['title']}. Keep the key now: it can't be shown again."


def _user(username: str) -> AbstractBaseUser:
    model = get_user_model()
    user = model._default_manager.filter(**{model.USERNAME_FIELD: username}).first()
    if user is None:
        raise CommandError(f"There is no user '{username}'.")
    return user


def _issued(issued: secret_keys.IssuedSecretKey) -> Document:
    return _document(issued.key.pk) | {"token": issued.token}


def _document(key_id: str) -> Document:
    return _document_of(keys.listed(SecretKey).get(pk=key_id))


def _document_of(key: Any) -> Document:
    return {
        "id": key.pk,
        "title": key.title,
        "redacted": key.redacted,
        "user_id": key.user_id,
        "is_live": key.is_live,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }
