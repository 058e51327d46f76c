"""Documents in the v1 shape: whole minor units, v1's provider names and statuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from medusa_payments.api.documents.representations import Reader
from medusa_payments.api.documents.selection import Selectable, Tree
from medusa_payments.api.v1.providers import provider_name
from medusa_payments.api.v1.serializers import V1_REFUND_REASONS
from medusa_payments.queries import (
    PaymentCollection,
    PaymentSession,
    payment_collections,
    payment_providers,
    payment_sessions,
    payments,
    refunds,
)
from medusa_payments.services.payment_sessions import offered
from medusa_payments.states import CollectionStatus, SessionStatus

Document = dict[str, Any]
Getters = Mapping[str, Callable[[Any], Any]]
Relations = Mapping[str, Callable[[Any, Reader], Any]]

ORDER_EDIT = "order_edit"
"""The one type that v1's collections have."""

_SESSION_STATUSES = {
    SessionStatus.CAPTURED.value: SessionStatus.AUTHORIZED.value,
    SessionStatus.PENDING_AUTHORIZATION.value: SessionStatus.PENDING.value,
}
_COLLECTION_STATUSES = {
    CollectionStatus.COMPLETED.value: CollectionStatus.AUTHORIZED.value,
    CollectionStatus.PARTIALLY_CAPTURED.value: CollectionStatus.CANCELED.value,
    CollectionStatus.FAILED.value: CollectionStatus.NOT_PAID.value,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The keys of one kind of document, and those that an endpoint shows unasked."""

    columns: Getters
    relations: Relations
    hidden: Mapping[str, Callable[[Any, str], bool]] = field(default_factory=dict)
    shown: tuple[str, ...]
    expanded: tuple[str, ...] = ()

    def represent(self, row: object, reader: Reader, fields: str | None = None, expand: str | None = None) -> Document:
        """Return a row's document for a reader.

        `fields` replaces or modifies its columns (`+a`, `-a`), `expand` replaces its relations; a path into a relation
        asks for all of it. Unknown names are ignored, `id` is always there.
        """
        available: Tree = {name: {} for name in (*self.columns, *self.relations)}
        everything = Selectable(available=available, default={name: {} for name in self.shown})
        asked = self.expanded if expand is None else [name.strip() for name in _first_steps(expand)]
        selected = everything.select(None if fields is None else ",".join(_first_steps(fields)))
        names = [*selected, *(name for name in asked if name in self.relations)]
        return {name: self._value(name, row, reader) for name in dict.fromkeys(names)}

    def _value(self, name: str, row: object, reader: Reader) -> Any:
        if name in self.relations:
            return self.relations[name](row, reader)
        if not reader.is_staff and name in self.hidden and self.hidden[name](row, reader.customer_id):
            return {}
        return self.columns[name](row)


def _first_steps(paths: str) -> list[str]:
    """What would take a part of a relation away takes nothing, as in Medusa."""
    steps = [path.partition(".") for path in paths.split(",")]
    return ["-" if step.startswith("-") and rest else step for step, _, rest in steps]


def collection_status(collection: PaymentCollection) -> str:
    """Return the one of v1's five statuses that says the most of a collection's."""
    return _COLLECTION_STATUSES.get(collection.status, collection.status)


def payment_session(session: PaymentSession, reader: Reader) -> Document:
    """Return a session as v1 shows it. Its data is empty for those whose saved payment method it isn't."""
    is_hidden = not reader.is_staff and payment_sessions.is_of_another_customer(session, reader.customer_id)
    return {
        "id": session.pk,
        "cart_id": None,
        "provider_id": provider_name(session.provider_id),
        "is_selected": None,
        "is_initiated": True,
        "amount": session.amount,
        "payment_authorized_at": session.authorized_at,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "status": _SESSION_STATUSES.get(session.status, session.status),
        "data": {} if is_hidden else payment_sessions.public_data(session),
        "idempotency_key": None,
    }


def refund(shown: refunds.ShownRefund) -> Document:
    """Return a refund as v1 shows it, with its state, and what it was to be if it failed."""
    return {
        "id": shown.id,
        "order_id": shown.payment.payment_collection.order_id or None,
        "payment_id": shown.payment_id,
        "amount": shown.amount,
        "failed_amount": shown.failed_amount,
        "status": shown.state.value,
        "note": shown.note,
        "reason": _refund_reason(shown),
        "metadata": None,
        "idempotency_key": None,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
    }


def _refund_reason(shown: refunds.ShownRefund) -> str:
    """Return v1's reason; the nearest one for a refund that was asked for elsewhere."""
    chosen = (shown.metadata or {}).get("reason")
    if chosen is None and shown.refund_reason is not None:
        chosen = shown.refund_reason.code
    return chosen if chosen in V1_REFUND_REASONS else "other"


def _region(collection: PaymentCollection, reader: Reader) -> Document | None:
    if not collection.region_id:
        return None
    in_region = payment_providers.of_region if reader.is_staff else offered
    enabled = in_region(collection.region_id)
    return {
        "id": collection.region_id,
        "currency_code": collection.currency_code,
        "payment_providers": [{"id": provider_name(provider.id), "is_installed": True} for provider in enabled],
    }


def _payments(collection: PaymentCollection, reader: Reader) -> list[Document]:
    return [PAYMENT.represent(each, reader) for each in collection.payments.all()]


def _sessions(collection: PaymentCollection, reader: Reader) -> list[Document]:
    return [payment_session(each, reader) for each in collection.payment_sessions.all()]


_PAYMENT_COLUMNS: Getters = {
    "id": attrgetter("pk"),
    "swap_id": lambda _: None,
    "cart_id": lambda payment: payment.payment_collection.cart_id or None,
    "order_id": lambda payment: payment.payment_collection.order_id or None,
    "amount": attrgetter("amount"),
    "currency_code": attrgetter("currency_code"),
    "amount_refunded": attrgetter("refunded_amount"),
    "refunding_amount": attrgetter("refunding_amount"),
    "refundable_amount": payments.refundable_amount,
    "provider_id": lambda payment: provider_name(payment.provider_id),
    "data": payments.public_data,
    "captured_at": attrgetter("captured_at"),
    "canceled_at": attrgetter("canceled_at"),
    "metadata": attrgetter("metadata"),
    "idempotency_key": lambda _: None,
    "created_at": attrgetter("created_at"),
    "updated_at": attrgetter("updated_at"),
    "refunds": lambda payment: [refund(each) for each in refunds.of_payment(payment)],
}
_COLLECTION_COLUMNS: Getters = {
    "id": attrgetter("pk"),
    "type": lambda _: ORDER_EDIT,
    "status": collection_status,
    "description": attrgetter("description"),
    "amount": attrgetter("amount"),
    "authorized_amount": attrgetter("authorized_amount"),
    "refunding_amount": payment_collections.refunding_amount,
    "refundable_amount": payment_collections.refundable_amount,
    "region_id": lambda collection: collection.region_id or None,
    "currency_code": attrgetter("currency_code"),
    "metadata": attrgetter("metadata"),
    "created_by": lambda _: "",
    "created_at": attrgetter("created_at"),
    "updated_at": attrgetter("updated_at"),
    "deleted_at": attrgetter("deleted_at"),
}
_COLLECTION_RELATIONS: Relations = {
    "region": _region,
    "currency": lambda collection, _: {"code": collection.currency_code},
    "payment_sessions": _sessions,
    "payments": _payments,
}
_STORE_COLUMNS = ("id", "type", "status", "description", "amount", "region", "currency_code", "currency", "metadata")


def _collection(shown: tuple[str, ...], *expanded: str) -> Shape:
    return Shape(columns=_COLLECTION_COLUMNS, relations=_COLLECTION_RELATIONS, shown=shown, expanded=expanded)


PAYMENT = Shape(
    columns=_PAYMENT_COLUMNS,
    relations={},
    hidden={"data": payments.is_of_another_customer},
    shown=tuple(_PAYMENT_COLUMNS),
)
STORE_COLLECTION = _collection(_STORE_COLUMNS, "region", "payment_sessions")
ADMIN_COLLECTION = _collection(
    (*_STORE_COLUMNS, "authorized_amount", "refunding_amount", "refundable_amount"),
    "region",
    "payment_sessions",
    "payments",
)
COLLECTION_WITH_SESSIONS = _collection(tuple(_COLLECTION_COLUMNS), "region", "payment_sessions")
COLLECTION_WITH_PAYMENTS = _collection(tuple(_COLLECTION_COLUMNS), "payment_sessions", "payments")
SAVED_COLLECTION = _collection(tuple(_COLLECTION_COLUMNS))
