"""Payment collections and their sessions, and payments as staff see them: with both of them in reach of `fields`."""

from typing import Any

from rest_framework import serializers

from medusa_payments.api.documents.keys import (
    amount,
    choice,
    hidden_from,
    key,
    never_deleted,
    raw_amount,
    record,
    text,
    time,
)
from medusa_payments.api.documents.payment_providers import PROVIDER_OF_COLLECTION
from medusa_payments.api.documents.payments import DISPUTES, PAYMENT
from medusa_payments.api.documents.sample import COLLECTION_ID, CREATED_AT, PROVIDER_ID, SESSION_ID
from medusa_payments.api.documents.shape import Shape, many, one, reference
from medusa_payments.queries import Payment, PaymentCollection, PaymentSession, payment_collections, payment_sessions
from medusa_payments.states import CollectionStatus, SessionStatus


class CustomerReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()


class AccountHolderReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()


class PaymentSessionContextSerializer(serializers.Serializer[Any]):
    customer = CustomerReferenceSerializer(required=False, help_text="Present when a customer was logged in.")
    account_holder = AccountHolderReferenceSerializer(
        required=False, help_text="The customer's account with the provider, whose saved payment methods can be used."
    )


def _context(session: PaymentSession) -> dict[str, Any]:
    """Ids alone; what else is known of a customer stays on the server."""
    ids = {"customer": session.customer_id, "account_holder": session.account_holder_id}
    return {name: {"id": pk} for name, pk in ids.items() if pk}


def _is_somebody_else(session: PaymentSession, customer_id: str) -> bool:
    return session.customer_id != customer_id


def _own_metadata(session: PaymentSession) -> dict[str, Any]:
    """Medusa's sessions have a record from the start, unlike everything else that has metadata."""
    return session.metadata or {}


def _provider_ids(collection: PaymentCollection) -> list[str]:
    return payment_collections.provider_ids(collection)


def _live_sessions(collection: PaymentCollection) -> list[PaymentSession]:
    return list(collection.payment_sessions.all())


def _payments(collection: PaymentCollection) -> list[Payment]:
    return list(collection.payments.all())


PAYMENT_SESSION = Shape(
    "PaymentSession",
    text("id", SESSION_ID),
    amount("amount", 59.97, help_text="As the provider has it."),
    raw_amount("amount", "59.97"),
    text("currency_code", "eur"),
    text("provider_id", PROVIDER_ID),
    hidden_from(
        payment_sessions.is_of_another_customer,
        record(
            "data",
            {},
            of=payment_sessions.public_data,
            help_text="What the storefront sent, with what the provider lets the storefront see.",
        ),
    ),
    hidden_from(_is_somebody_else, key("context", {}, PaymentSessionContextSerializer, of=_context)),
    choice("status", "pending", [status.value for status in SessionStatus]),
    time("authorized_at", None, allow_null=True),
    text("payment_collection_id", COLLECTION_ID),
    record("metadata", {}, of=_own_metadata, allow_null=True),
    time("created_at", CREATED_AT),
    time("updated_at", CREATED_AT),
    never_deleted(),
    one("payment", PAYMENT, None, of=payment_sessions.payment_of, allow_null=True),
    reference("payment_collection", COLLECTION_ID),
)
PAYMENT_COLLECTION = Shape(
    "PaymentCollection",
    text("id", COLLECTION_ID),
    text("currency_code", "eur"),
    amount("amount", 59.97, help_text="What is to be paid."),
    amount("authorized_amount", 0),
    amount("captured_amount", 0),
    amount("refunded_amount", 0, help_text="What has been given back for certain."),
    raw_amount("amount", "59.97", on_request=True),
    raw_amount("authorized_amount", "0", on_request=True),
    raw_amount("captured_amount", "0", on_request=True),
    raw_amount("refunded_amount", "0", on_request=True),
    amount(
        "refunding_amount",
        0,
        of=payment_collections.refunding_amount,
        help_text="What is on its way back.",
    ),
    amount(
        "refundable_amount",
        0,
        of=payment_collections.refundable_amount,
        help_text="The most that a refund across the payments would be accepted for now.",
    ),
    time("completed_at", None, allow_null=True),
    time("created_at", CREATED_AT),
    time("updated_at", CREATED_AT),
    time("deleted_at", None, allow_null=True, on_request=True),
    record("metadata", None, allow_null=True),
    choice("status", "not_paid", [status.value for status in CollectionStatus]),
    many("payment_providers", PROVIDER_OF_COLLECTION, [], of=_provider_ids),
    many("payment_sessions", PAYMENT_SESSION, [], of=_live_sessions, help_text="The live ones."),
    many("payments", PAYMENT, [], of=_payments),
)
ADMIN_PAYMENT = PAYMENT.with_keys(
    "AdminPayment",
    reference(
        "payment_collection",
        COLLECTION_ID,
        wider=PAYMENT_COLLECTION,
        help_text="`fields` can ask for more, such as `payment_collection.status`.",
    ),
    reference(
        "payment_session",
        SESSION_ID,
        wider=PAYMENT_SESSION,
        help_text="`fields` can ask for more, such as `payment_session.data`.",
    ),
    DISPUTES,
)
