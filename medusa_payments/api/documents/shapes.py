"""The documents of the v2 wire: for each kind, its keys and where their values come from. Money is in major units."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import Any

from medusa_payments.money import to_major_units
from medusa_payments.queries import (
    Capture,
    Dispute,
    Payment,
    PaymentCollection,
    PaymentSession,
    payment_collections,
    payment_sessions,
    payments,
    refunds,
)

Getter = Callable[[Any], Any]

RAW_PRECISION = 20
"""What Medusa writes beside the value of every `raw_…` amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """`related` returns one row or None, or all rows when `is_many`.

    `id_column` holds the related row's id, so that a mere reference needs no row.
    """

    shape: str
    related: Getter
    is_many: bool = False
    id_column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The keys of one kind of document and where their values come from.

    In the store, `staff_only` keys are null, and those in `hidden` are empty for the customers ("" is a guest) of whom
    their function says so.
    """

    fields: Mapping[str, Getter]
    relations: Mapping[str, Relation] = field(default_factory=dict)
    staff_only: frozenset[str] = frozenset()
    hidden: Mapping[str, Callable[[Any, str], bool]] = field(default_factory=dict)


def _columns(*names: str) -> dict[str, Getter]:
    return {name: attrgetter(name) for name in names}


def _amounts(*names: str, raw: tuple[str, ...] = ("amount",), currency: str = "currency_code") -> dict[str, Getter]:
    currency_of = attrgetter(currency)
    getters = {name: _amount(attrgetter(name), currency_of) for name in names}
    return getters | {f"raw_{name}": _raw(getters[name]) for name in raw}


def _computed(**amounts: Callable[[Any], int]) -> dict[str, Getter]:
    """Amounts that aren't columns, by the functions that compute them in minor units."""
    return {name: _amount(of_row, attrgetter("currency_code")) for name, of_row in amounts.items()}


def _amount(minor_units_of: Callable[[Any], int], currency_of: Callable[[Any], str]) -> Callable[[Any], Decimal]:
    return lambda row: to_major_units(minor_units_of(row), currency_of(row))


def _raw(amount_of: Callable[[Any], Decimal]) -> Getter:
    return lambda row: {"value": f"{amount_of(row):f}", "precision": RAW_PRECISION}


def _never(row: object) -> None:
    """Rows that carried money are never deleted."""


def _payment_providers(collection: PaymentCollection) -> list[str]:
    return payment_collections.provider_ids(collection)


def _live_sessions(collection: PaymentCollection) -> list[PaymentSession]:
    return list(collection.payment_sessions.all())


def _payments(collection: PaymentCollection) -> list[Payment]:
    return list(collection.payments.all())


def _captures(payment: Payment) -> list[Capture]:
    return list(payment.captures.all())


def _disputes(payment: Payment) -> list[Dispute]:
    return sorted(payment.disputes.all(), key=lambda dispute: (dispute.created_at, dispute.pk))


def _context(session: PaymentSession) -> dict[str, Any]:
    """Ids alone; what else is known of a customer stays on the server."""
    ids = {"customer": session.customer_id, "account_holder": session.account_holder_id}
    return {name: {"id": pk} for name, pk in ids.items() if pk}


def _is_somebody_else(session: PaymentSession, customer_id: str) -> bool:
    return session.customer_id != customer_id


def _own_metadata(session: PaymentSession) -> dict[str, Any]:
    """Medusa's sessions have a record from the start, unlike everything else that has metadata."""
    return session.metadata or {}


def _nothing(row: object) -> dict[str, Any]:
    """What the provider keeps of a customer never leaves the server."""
    return {}


def _created_by(line: Capture | refunds.ShownRefund) -> str | None:
    return line.created_by or None


COLLECTION_TOTALS = ("amount", "authorized_amount", "captured_amount", "refunded_amount")

SHAPES: dict[str, Shape] = {
    "payment_collection": Shape(
        fields={
            **_columns("id", "currency_code"),
            **_amounts(*COLLECTION_TOTALS, raw=COLLECTION_TOTALS),
            **_computed(
                refunding_amount=payment_collections.refunding_amount,
                refundable_amount=payment_collections.refundable_amount,
            ),
            **_columns("completed_at", "created_at", "updated_at", "deleted_at", "metadata", "status"),
        },
        relations={
            "payment_providers": Relation(shape="payment_provider", related=_payment_providers, is_many=True),
            "payment_sessions": Relation(shape="payment_session", related=_live_sessions, is_many=True),
            "payments": Relation(shape="payment", related=_payments, is_many=True),
        },
    ),
    "payment_provider": Shape(fields={"id": str}),
    "configured_provider": Shape(fields=_columns("id", "is_enabled")),
    "payment_session": Shape(
        fields={
            **_columns("id"),
            **_amounts("amount"),
            **_columns("currency_code", "provider_id"),
            "data": payment_sessions.public_data,
            "context": _context,
            **_columns("status", "authorized_at", "payment_collection_id"),
            "metadata": _own_metadata,
            **_columns("created_at", "updated_at"),
            "deleted_at": _never,
        },
        relations={
            "payment_collection": Relation(
                shape="payment_collection",
                related=attrgetter("payment_collection"),
                id_column="payment_collection_id",
            ),
            "payment": Relation(shape="payment", related=payment_sessions.payment_of),
        },
        hidden={"context": _is_somebody_else, "data": payment_sessions.is_of_another_customer},
    ),
    "payment": Shape(
        fields={
            **_columns("id"),
            **_amounts("amount", "authorized_amount", "captured_amount", "refunded_amount", "refunding_amount"),
            **_computed(refundable_amount=payments.refundable_amount),
            **_columns("currency_code", "provider_id"),
            "data": payments.public_data,
            **_columns("captured_at", "canceled_at", "payment_collection_id", "payment_session_id"),
            **_columns("metadata", "created_at", "updated_at"),
            "deleted_at": _never,
        },
        relations={
            "captures": Relation(shape="capture", related=_captures, is_many=True),
            "refunds": Relation(shape="refund", related=refunds.of_payment, is_many=True),
            "disputes": Relation(shape="dispute", related=_disputes, is_many=True),
            "payment_collection": Relation(
                shape="payment_collection",
                related=attrgetter("payment_collection"),
                id_column="payment_collection_id",
            ),
            "payment_session": Relation(
                shape="payment_session", related=attrgetter("payment_session"), id_column="payment_session_id"
            ),
        },
        hidden={"data": payments.is_of_another_customer},
    ),
    "account_holder": Shape(
        fields={
            **_columns("id", "provider_id", "external_id", "email"),
            "data": _nothing,
            **_columns("metadata", "created_at", "updated_at"),
            "deleted_at": _never,
        },
    ),
    "payment_method": Shape(fields=_columns("id", "provider_id", "data")),
    "capture": Shape(
        fields={
            **_columns("id"),
            **_amounts("amount", currency="payment.currency_code"),
            **_columns("payment_id", "metadata", "created_at"),
            "updated_at": attrgetter("created_at"),
            "deleted_at": _never,
            "created_by": _created_by,
        },
        relations={"payment": Relation(shape="payment", related=attrgetter("payment"), id_column="payment_id")},
        staff_only=frozenset({"created_by"}),
    ),
    "refund": Shape(
        fields={
            **_columns("id"),
            **_amounts("amount", "failed_amount", currency="payment.currency_code"),
            "status": attrgetter("state.value"),
            **_columns("payment_id", "refund_reason_id", "note", "metadata", "created_at", "updated_at"),
            "deleted_at": _never,
            "created_by": _created_by,
        },
        relations={
            "payment": Relation(shape="payment", related=attrgetter("payment"), id_column="payment_id"),
            "refund_reason": Relation(shape="refund_reason", related=attrgetter("refund_reason")),
        },
        staff_only=frozenset({"created_by"}),
    ),
    "dispute": Shape(
        fields={
            **_columns("id"),
            **_amounts("amount"),
            **_columns("currency_code"),
            **_amounts("withheld_amount", raw=(), currency="payment.currency_code"),
            **_columns("state", "reason", "provider_ref", "payment_id"),
            **_columns("evidence_due_by", "opened_at", "closed_at", "created_at", "updated_at"),
        },
    ),
    "refund_reason": Shape(
        fields=_columns("id", "label", "code", "description", "metadata", "created_at", "updated_at", "deleted_at"),
    ),
}
