"""`manage.py payments_publishable_key`: the keys of storefronts."""

from typing import Any, ClassVar

from django.core.management.base import CommandParser

from medusa_payments.management.key_command import Document, KeyCommand
from medusa_payments.models import PublishableKey
from medusa_payments.queries import keys
from medusa_payments.services import publishable_keys


class Command(KeyCommand):
    help = "Create, revoke, rotate and list the keys that storefronts send in x-publishable-api-key."
    verbs: ClassVar = {
        "create": "Make a key and print its token.",
        "revoke": "Make a key invalid now.",
        "rotate": "Make a new key in place of an old one and print its token.",
        "list": "List all keys.",
    }

    def add_create_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--title", required=True, help="What people tell it by, such as the storefront's name.")
        parser.add_argument("--token", help="Its token (pk_…), to have the same one again; random when absent.")

    def create(self, *, title: str, token: str | None, **_: Any) -> Document:
        return _document(publishable_keys.create(title=title, token=token).pk)

    def revoke(self, *, id: str, **_: Any) -> Document:
        publishable_keys.revoke(publishable_key_id=id)
        return _document(id)

    def rotate(self, *, id: str, overlap: int, **_: Any) -> Document:
        return _document(publishable_keys.rotate(publishable_key_id=id, overlap_seconds=overlap).pk)

    def list(self, **_: Any) -> list[Document]:
        return list(map(_document_of, keys.listed(PublishableKey)))

    def note(self, document: Document) -> str:
        return f"{document['id']}: {document['title']}"


def _document(key_id: str) -> Document:
    return _document_of(keys.listed(PublishableKey).get(pk=key_id))


def _document_of(key: Any) -> Document:
    return {
        "id": key.pk,
        "title": key.title,
        "token": key.token,
        "is_live": key.is_live,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }
