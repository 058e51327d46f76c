"""Rows turned into documents: only the selected keys are computed."""

from enum import Enum, auto
from typing import Any

from medusa_payments.api.selection import MAX_STORE_RELATIONS, Selectable, Tree
from medusa_payments.api.shapes import SHAPES, Relation, Shape
from medusa_payments.queries import Payment, PaymentCollection

Document = dict[str, Any]


class Audience(Enum):
    """Who reads the document. A storefront never learns who on the staff did something."""

    STORE = auto()
    STAFF = auto()


def own_fields(shape_name: str) -> Tree:
    """Return the tree of a document's own keys, without its relations."""
    return {name: {} for name in SHAPES[shape_name].fields}


REFERENCE: Tree = {"id": {}}
CAPTURE: Tree = own_fields("capture") | {"payment": REFERENCE}
REFUND: Tree = own_fields("refund") | {"payment": REFERENCE, "refund_reason": own_fields("refund_reason")}
PAYMENT: Tree = own_fields("payment") | {
    "captures": CAPTURE,
    "refunds": REFUND,
    "payment_collection": REFERENCE,
    "payment_session": REFERENCE,
}
PAYMENT_SESSION: Tree = own_fields("payment_session") | {"payment": PAYMENT, "payment_collection": REFERENCE}
PAYMENT_COLLECTION: Tree = own_fields("payment_collection") | {
    "payment_providers": REFERENCE,
    "payment_sessions": PAYMENT_SESSION,
    "payments": PAYMENT,
}

STORE_PAYMENT_COLLECTION = Selectable(
    available=PAYMENT_COLLECTION,
    default={
        name: beneath
        for name, beneath in PAYMENT_COLLECTION.items()
        if name != "deleted_at" and not name.startswith("raw_")
    },
    max_relations=MAX_STORE_RELATIONS,
)
ADMIN_PAYMENT = Selectable(
    available=PAYMENT
    | {
        "payment_collection": own_fields("payment_collection"),
        "payment_session": own_fields("payment_session"),
    },
    default=PAYMENT,
)


def store_payment_collection(collection: PaymentCollection, fields: str | None = None) -> Document:
    """Return a detailed collection as the store API shows it, narrowed or widened by Medusa's `fields`."""
    tree = STORE_PAYMENT_COLLECTION.select(fields)
    return represent("payment_collection", collection, tree, Audience.STORE)


def admin_payment(payment: Payment, fields: str | None = None) -> Document:
    """Return a detailed payment as the admin API shows it, narrowed or widened by Medusa's `fields`."""
    return represent("payment", payment, ADMIN_PAYMENT.select(fields), Audience.STAFF)


def represent(shape_name: str, row: object, tree: Tree, audience: Audience) -> Document:
    """Return the document of a row with the keys of `tree`. Money is in major units."""
    shape = SHAPES[shape_name]
    return {name: _value(shape, name, row, beneath, audience) for name, beneath in tree.items()}


def _value(shape: Shape, name: str, row: object, beneath: Tree, audience: Audience) -> Any:
    if name in shape.fields:
        is_hidden = name in shape.staff_only and audience is not Audience.STAFF
        return None if is_hidden else shape.fields[name](row)
    return _related(shape.relations[name], row, beneath, audience)


def _related(relation: Relation, row: object, beneath: Tree, audience: Audience) -> list[Document] | Document | None:
    if relation.id_column is not None and beneath.keys() == {"id"}:
        return {"id": getattr(row, relation.id_column)}
    related = relation.related(row)
    if relation.is_many:
        return [represent(relation.shape, each, beneath, audience) for each in related]
    return None if related is None else represent(relation.shape, related, beneath, audience)
