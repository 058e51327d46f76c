"""Rows turned into documents: only the selected keys are computed."""

from dataclasses import dataclass
from typing import Any

from medusa_payments.api.documents.selection import Selectable, Tree
from medusa_payments.api.documents.shapes import SHAPES, Relation, Shape
from medusa_payments.queries import AccountHolder, Payment, PaymentCollection, RefundReason
from medusa_payments.queries.payment_providers import ConfiguredProvider

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads a document. A storefront never learns who on the staff did something, nor who another customer is."""

    is_staff: bool = False
    customer_id: str = ""


GUEST = Reader()
STAFF = Reader(is_staff=True)


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
)
ADMIN_PAYMENT = Selectable(
    available=PAYMENT
    | {
        "payment_collection": own_fields("payment_collection"),
        "payment_session": own_fields("payment_session"),
        "disputes": own_fields("dispute"),
    },
    default=PAYMENT,
)
ADMIN_PAYMENT_COLLECTION = Selectable(available=PAYMENT_COLLECTION, default=STORE_PAYMENT_COLLECTION.default)
REFUND_REASON = Selectable(available=own_fields("refund_reason"), default=own_fields("refund_reason"))
PAYMENT_PROVIDER = Selectable(available=own_fields("configured_provider"), default=own_fields("configured_provider"))

ACCOUNT_HOLDER = Selectable(available=own_fields("account_holder"), default=own_fields("account_holder"))
PAYMENT_METHOD = Selectable(available=own_fields("payment_method"), default=own_fields("payment_method"))


def store_payment_collection(
    collection: PaymentCollection, fields: str | None = None, *, customer_id: str = ""
) -> Document:
    """Return a detailed collection as the store API shows it, narrowed or widened by Medusa's `fields`.

    `customer_id` is the logged-in customer who reads it; empty for a guest.
    """
    tree = STORE_PAYMENT_COLLECTION.select(fields)
    return represent("payment_collection", collection, tree, Reader(customer_id=customer_id))


def admin_payment(payment: Payment, fields: str | None = None) -> Document:
    """Return a detailed payment as the admin API shows it, narrowed or widened by Medusa's `fields`."""
    return represent("payment", payment, ADMIN_PAYMENT.select(fields), STAFF)


def admin_payment_collection(collection: PaymentCollection, fields: str | None = None) -> Document:
    """Return a detailed collection as the admin API shows it, narrowed or widened by Medusa's `fields`."""
    return represent("payment_collection", collection, ADMIN_PAYMENT_COLLECTION.select(fields), STAFF)


def refund_reason(reason: RefundReason, fields: str | None = None) -> Document:
    """Return a refund reason, narrowed by Medusa's `fields`."""
    return represent("refund_reason", reason, REFUND_REASON.select(fields), STAFF)


def payment_provider(provider: ConfiguredProvider, fields: str | None = None) -> Document:
    """Return a payment provider, narrowed by Medusa's `fields`."""
    return represent("configured_provider", provider, PAYMENT_PROVIDER.select(fields), STAFF)


def account_holder(holder: AccountHolder, fields: str | None = None) -> Document:
    """Return an account holder as its own customer may see it, narrowed by Medusa's `fields`."""
    return represent("account_holder", holder, ACCOUNT_HOLDER.select(fields), GUEST)


def payment_method(method: object, fields: str | None = None) -> Document:
    """Return a saved payment method as its own customer may see it, narrowed by Medusa's `fields`."""
    return represent("payment_method", method, PAYMENT_METHOD.select(fields), GUEST)


def represent(shape_name: str, row: object, tree: Tree, reader: Reader) -> Document:
    """Return the document of a row with the keys of `tree`. Money is in major units."""
    shape = SHAPES[shape_name]
    return {name: _value(shape, name, row, beneath, reader) for name, beneath in tree.items()}


def _value(shape: Shape, name: str, row: Any, beneath: Tree, reader: Reader) -> Any:
    if name not in shape.fields:
        return _related(shape.relations[name], row, beneath, reader)
    if not reader.is_staff and name in shape.staff_only:
        return None
    if not reader.is_staff and name in shape.hidden and shape.hidden[name](row, reader.customer_id):
        return {}
    return shape.fields[name](row)


def _related(relation: Relation, row: object, beneath: Tree, reader: Reader) -> list[Document] | Document | None:
    if relation.id_column is not None and beneath.keys() == {"id"}:
        return {"id": getattr(row, relation.id_column)}
    related = relation.related(row)
    if relation.is_many:
        return [represent(relation.shape, each, beneath, reader) for each in related]
    return None if related is None else represent(relation.shape, related, beneath, reader)
