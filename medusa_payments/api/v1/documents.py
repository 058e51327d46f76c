"""The documents of v1, each declared once: whole minor units, v1's provider names and statuses."""

from operator import attrgetter
from typing import Any

from rest_framework import serializers

from medusa_payments.api.documents.keys import (
    Getter,
    Key,
    Reader,
    choice,
    flag,
    hidden_from,
    key,
    nothing,
    record,
    text,
    time,
)
from medusa_payments.api.documents.sample import (
    AUTHORIZED_AT,
    CART_ID,
    COLLECTION_ID,
    CREATED_AT,
    PAYMENT_ID,
    REFUND_ID,
    REFUNDED_AT,
    REGION_ID,
    SESSION_ID,
)
from medusa_payments.api.documents.selection import Tree
from medusa_payments.api.documents.shape import Document, Shape, many, one
from medusa_payments.api.v1.names import (
    COLLECTION_STATUSES,
    ORDER_EDIT,
    REFUND_REASONS,
    SESSION_STATUSES,
    collection_status,
    provider_name,
    session_status,
)
from medusa_payments.queries import (
    Payment,
    PaymentCollection,
    PaymentSession,
    payment_collections,
    payment_providers,
    payment_sessions,
    payments,
    refunds,
)
from medusa_payments.services.payment_sessions import offered


def _provider_name(row: Payment | PaymentSession) -> str:
    return provider_name(row.provider_id)


def _order_id(row: Payment | refunds.ShownRefund) -> str | None:
    payment = row if isinstance(row, Payment) else row.payment
    return payment.payment_collection.order_id or None


def _refund_reason(shown: refunds.ShownRefund) -> str:
    """Return v1's reason; the nearest one for a refund that was asked for elsewhere."""
    chosen = (shown.metadata or {}).get("reason")
    if chosen is None and shown.refund_reason is not None:
        chosen = shown.refund_reason.code
    return chosen if chosen in REFUND_REASONS else "other"


def _collection_of_region(collection: PaymentCollection) -> PaymentCollection | None:
    return collection if collection.region_id else None


def _providers_of_region(collection: PaymentCollection, reader: Reader, beneath: Tree) -> list[Document]:
    """Staff see every provider of the region, shoppers those that they are offered."""
    in_region = payment_providers.of_region if reader.is_staff else offered
    return [PROVIDER.with_tree(each, reader, beneath) for each in in_region(collection.region_id)]


def minor_units(name: str, example: int | None, *, of: Getter | None = None, **options: Any) -> Key:
    return key(name, example, serializers.IntegerField, of=of, **options)


SESSION = Shape(
    "V1PaymentSession",
    text("id", SESSION_ID),
    text("cart_id", None, of=nothing, allow_null=True, help_text="Always null: the collection belongs to the cart."),
    text("provider_id", "manual", of=_provider_name, help_text="Without v2's `pp_` prefix."),
    flag("is_selected", None, of=nothing, allow_null=True),
    flag("is_initiated", True, of=lambda _: True),
    minor_units("amount", 5997, allow_null=True),
    time("payment_authorized_at", AUTHORIZED_AT, of=attrgetter("authorized_at"), allow_null=True),
    time("created_at", CREATED_AT),
    time("updated_at", AUTHORIZED_AT),
    choice("status", "authorized", SESSION_STATUSES, of=session_status),
    hidden_from(
        payment_sessions.is_of_another_customer,
        record("data", {}, of=payment_sessions.public_data, help_text="What the provider lets the storefront see."),
    ),
    text("idempotency_key", None, of=nothing, allow_null=True),
    is_whole=True,
)
REFUND = Shape(
    "V1Refund",
    text("id", REFUND_ID, help_text="Final from the request on."),
    text("order_id", None, of=_order_id, allow_null=True),
    text("payment_id", PAYMENT_ID, allow_null=True),
    minor_units("amount", 1000, help_text="0 once it has failed."),
    minor_units("failed_amount", 0, help_text="What a failed refund was to be; 0 for any other."),
    # The same choices under two names would make a schema's generator warn.
    text(
        "status",
        "succeeded",
        of=attrgetter("state.value"),
        help_text="`pending`, `succeeded` or `failed`, as in v2.",
    ),
    text("note", "Sorry for the dented box.", allow_null=True),
    choice("reason", "return", REFUND_REASONS, of=_refund_reason),
    record("metadata", None, of=nothing, allow_null=True, help_text="Always null."),
    text("idempotency_key", None, of=nothing, allow_null=True),
    time("created_at", REFUNDED_AT),
    time("updated_at", REFUNDED_AT),
    is_whole=True,
)
PAYMENT = Shape(
    "V1Payment",
    text("id", PAYMENT_ID),
    text("swap_id", None, of=nothing, allow_null=True, help_text="Always null."),
    text("cart_id", CART_ID, of=lambda payment: payment.payment_collection.cart_id or None, allow_null=True),
    text("order_id", None, of=_order_id, allow_null=True),
    minor_units("amount", 5997),
    text("currency_code", "eur"),
    minor_units(
        "amount_refunded",
        0,
        of=attrgetter("refunded_amount"),
        help_text="What has been given back for certain.",
    ),
    minor_units("refunding_amount", 0, help_text="What is on its way back."),
    minor_units(
        "refundable_amount",
        0,
        of=payments.refundable_amount,
        help_text="The most that a refund would be accepted for now.",
    ),
    text("provider_id", "manual", of=_provider_name, help_text="Without v2's `pp_` prefix."),
    hidden_from(
        payments.is_of_another_customer,
        record("data", {}, of=payments.public_data, help_text="What the provider lets outsiders see."),
    ),
    time("captured_at", None, allow_null=True),
    time("canceled_at", None, allow_null=True),
    record("metadata", None, allow_null=True),
    text("idempotency_key", None, of=nothing, allow_null=True),
    time("created_at", AUTHORIZED_AT),
    time("updated_at", AUTHORIZED_AT),
    many("refunds", REFUND, [], of=refunds.of_payment, help_text="Also those that are pending or have failed."),
)
PROVIDER = Shape(
    "V1PaymentProvider",
    text("id", "manual", of=lambda provider: provider_name(provider.id)),
    flag("is_installed", True, of=lambda _: True),
    is_whole=True,
)
# The row of a region, and of a currency, is the collection that is in it.
REGION = Shape(
    "V1Region",
    text("id", REGION_ID, of=attrgetter("region_id")),
    text("currency_code", "eur"),
    Key(
        name="payment_providers",
        example=[PROVIDER.example, PROVIDER.example | {"id": "fake_fake"}],
        value=_providers_of_region,
        make_field=lambda **options: PROVIDER.serializer(many=True, **options),
        default=PROVIDER.selectable.default,
        available=PROVIDER.selectable.available,
    ),
    is_whole=True,
)
CURRENCY = Shape("V1Currency", text("code", "eur", of=attrgetter("currency_code")), is_whole=True)
COLLECTION = Shape(
    "V1PaymentCollection",
    text("id", COLLECTION_ID),
    choice("type", ORDER_EDIT, [ORDER_EDIT], of=lambda _: ORDER_EDIT),
    choice("status", "authorized", COLLECTION_STATUSES, of=collection_status),
    text("description", "Two shirts more", allow_null=True),
    minor_units("amount", 5997),
    minor_units("authorized_amount", 5997, allow_null=True),
    minor_units("refunding_amount", 0, of=payment_collections.refunding_amount, help_text="What is on its way back."),
    minor_units(
        "refundable_amount",
        0,
        of=payment_collections.refundable_amount,
        help_text="The most that a refund across the payments would be accepted for now.",
    ),
    text("region_id", REGION_ID, of=lambda collection: collection.region_id or None, allow_null=True),
    text("currency_code", "eur"),
    record("metadata", {"ticket": "4711"}, allow_null=True),
    text("created_by", "", of=lambda _: "", help_text="Always empty: who on the staff did it stays there."),
    time("created_at", CREATED_AT),
    time("updated_at", AUTHORIZED_AT),
    time("deleted_at", None, allow_null=True),
    one("region", REGION, REGION.example, of=_collection_of_region, allow_null=True),
    one("currency", CURRENCY, CURRENCY.example, of=lambda collection: collection),
    many(
        "payment_sessions",
        SESSION,
        [SESSION.example],
        of=lambda collection: collection.payment_sessions.all(),
        help_text="The live ones.",
    ),
    many("payments", PAYMENT, [PAYMENT.example], of=lambda collection: collection.payments.all()),
    description="`fields` and `expand` can leave out everything but `id`.",
)
