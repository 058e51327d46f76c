"""What the endpoints of v1 show of its documents: `fields` and `expand`."""

from dataclasses import dataclass

from medusa_payments.api.documents.keys import Reader
from medusa_payments.api.documents.selection import Selectable, Tree
from medusa_payments.api.documents.shape import Document, Shape
from medusa_payments.api.v1.documents import COLLECTION, PAYMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Expandable:
    """What an endpoint shows of a shape: `shown` and `expanded` unasked, and those `relations` that `expand` names."""

    shape: Shape
    shown: tuple[str, ...]
    relations: tuple[str, ...] = ()
    expanded: tuple[str, ...] = ()

    def represent(self, row: object, reader: Reader, fields: str | None = None, expand: str | None = None) -> Document:
        """Return a row's document for a reader.

        `fields` replaces or modifies its columns (`+a`, `-a`), `expand` replaces its relations; a path into a relation
        asks for all of it. Unknown names are ignored, `id` is always there.
        """
        everything = Selectable(
            available={name: {} for name in self.shape.keys}, default={name: {} for name in self.shown}
        )
        asked = self.expanded if expand is None else [name.strip() for name in _first_steps(expand)]
        selected = everything.select(None if fields is None else ",".join(_first_steps(fields)))
        return self.shape.with_tree(
            row, reader, self._tree(*selected, *(name for name in asked if name in self.relations))
        )

    @property
    def example(self) -> Document:
        """The document of the one payment that the API's documentation tells about."""
        return {name: self.shape.keys[name].example for name in self._tree(*self.shown, *self.expanded)}

    def _tree(self, *names: str) -> Tree:
        return {name: self.shape.keys[name].default for name in names}


def _first_steps(paths: str) -> list[str]:
    """Return the names that paths begin with. `-a.b` takes nothing away, as in Medusa."""
    steps = [path.partition(".") for path in paths.split(",")]
    return ["-" if step.startswith("-") and rest else step for step, _, rest in steps]


_ALWAYS = ("id", "type", "status", "description", "amount", "region", "currency_code", "currency", "metadata")
_RELATIONS = ("region", "currency", "payment_sessions", "payments")
_COLUMNS = tuple(name for name in COLLECTION.keys if name not in _RELATIONS)


def _collection(shown: tuple[str, ...], *expanded: str) -> Expandable:
    return Expandable(shape=COLLECTION, shown=shown, relations=_RELATIONS, expanded=expanded)


SHOWN_PAYMENT = Expandable(shape=PAYMENT, shown=tuple(PAYMENT.keys))
STORE_COLLECTION = _collection(_ALWAYS, "region", "payment_sessions")
ADMIN_COLLECTION = _collection(
    (*_ALWAYS, "authorized_amount", "refunding_amount", "refundable_amount"),
    "region",
    "payment_sessions",
    "payments",
)
COLLECTION_WITH_SESSIONS = _collection(_COLUMNS, "region", "payment_sessions")
COLLECTION_WITH_PAYMENTS = _collection(_COLUMNS, "payment_sessions", "payments")
SAVED_COLLECTION = _collection(_COLUMNS)
