"""One declaration per document. The response, the keys that `fields` selects, the OpenAPI schema and the example come
from it.
"""

from functools import cached_property
from operator import attrgetter
from typing import Any, cast

from rest_framework import serializers

from medusa_payments.api.documents.keys import Getter, Key, Reader
from medusa_payments.api.documents.selection import Selectable, Tree

Document = dict[str, Any]
REFERENCE: Tree = {"id": {}}


class ObjectReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()


class Shape:
    """A kind of document: its keys in the order in which they are sent. `component` is its name in OpenAPI.

    `fields` can leave out everything but `id`, hence only `id` is required; of one that `is_whole` every key is.
    """

    def __init__(self, component: str, *keys: Key, is_whole: bool = False, description: str = "") -> None:
        self.component = component
        self.keys = {key.name: key for key in keys}
        self.is_whole = is_whole
        self.description = description

    def with_keys(self, component: str, *keys: Key) -> "Shape":
        """Return a document of its own with further keys, or others of the same name in their place."""
        return Shape(component, *(self.keys | {key.name: key for key in keys}).values(), is_whole=self.is_whole)

    @cached_property
    def selectable(self) -> Selectable:
        """What `fields` selects from."""
        return Selectable(
            available={key.name: key.available for key in self.keys.values()},
            default={key.name: key.default for key in self.keys.values() if not key.on_request},
        )

    @property
    def own_keys(self) -> Tree:
        """The keys without the relations."""
        return {key.name: {} for key in self.keys.values() if not key.available}

    @property
    def example(self) -> Document:
        """The document of the one payment that the API's documentation tells about."""
        return {key.name: key.example for key in self.keys.values() if not key.on_request}

    def represent(self, row: object, reader: Reader, fields: str | None = None) -> Document:
        """Return the document of a row for a reader, narrowed or widened by Medusa's `fields`."""
        return self.with_tree(row, reader, self.selectable.select(fields))

    def with_tree(self, row: object, reader: Reader, tree: Tree) -> Document:
        """Return the document of a row with the keys of `tree`; nothing else is computed."""
        return {name: self.keys[name].value(row, reader, beneath) for name, beneath in tree.items()}

    def serializer(self, **options: Any) -> serializers.Serializer[Any]:
        """Return the serializer that describes the document. `options` are those of a nested serializer."""
        return self._serializer_class(**options)

    @cached_property
    def _serializer_class(self) -> type[serializers.Serializer[Any]]:
        fields = {key.name: key.make_field(required=self.is_whole or key.name == "id") for key in self.keys.values()}
        # One class for each document: two of one name would be two components of one name.
        made = type(f"{self.component}Serializer", (serializers.Serializer,), {"__doc__": self.description, **fields})
        return cast("type[serializers.Serializer[Any]]", made)


def reference(name: str, example_id: str, *, wider: Shape | None = None, **options: Any) -> Key:
    """Return a relation that is shown by its id, which needs no row. `fields` can ask for the keys of `wider`."""
    id_of, related_of = attrgetter(f"{name}_id"), attrgetter(name)

    def value(row: Any, reader: Reader, beneath: Tree) -> Any:
        if wider is None or beneath.keys() == REFERENCE.keys():
            return {"id": id_of(row)}
        return wider.with_tree(related_of(row), reader, beneath)

    return Key(
        name=name,
        example={"id": example_id},
        value=value,
        make_field=lambda **more: ObjectReferenceSerializer(**options, **more),
        default=REFERENCE,
        available=REFERENCE if wider is None else wider.own_keys,
    )


def one(name: str, shape: Shape, example: Any, *, of: Getter | None = None, **options: Any) -> Key:
    """Return a relation to at most one row."""
    getter = of or attrgetter(name)

    def value(row: Any, reader: Reader, beneath: Tree) -> Any:
        related = getter(row)
        return None if related is None else shape.with_tree(related, reader, beneath)

    return Key(
        name=name,
        example=example,
        value=value,
        make_field=lambda **more: shape.serializer(**options, **more),
        default=shape.selectable.default,
        available=shape.selectable.available,
    )


def many(name: str, shape: Shape, example: list[Any], *, of: Getter, on_request: bool = False, **options: Any) -> Key:
    """Return a relation to any number of rows."""

    def value(row: Any, reader: Reader, beneath: Tree) -> Any:
        return [shape.with_tree(each, reader, beneath) for each in of(row)]

    return Key(
        name=name,
        example=example,
        value=value,
        make_field=lambda **more: shape.serializer(many=True, **options, **more),
        default=shape.selectable.default,
        available=shape.selectable.available,
        on_request=on_request,
    )
