"""Response envelopes of the v1 API. Amounts are whole minor units."""

from typing import Any

from rest_framework import serializers

from medusa_payments.api.fields import RecordField
from medusa_payments.states import SessionStatus

V1_STATUSES = [
    SessionStatus.AUTHORIZED,
    SessionStatus.PENDING,
    SessionStatus.REQUIRES_MORE,
    SessionStatus.ERROR,
    SessionStatus.CANCELED,
]


class V1PaymentSessionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    cart_id = serializers.CharField(allow_null=True, help_text="Always null: the collection belongs to the cart.")
    provider_id = serializers.CharField(help_text="Without v2's `pp_` prefix.")
    is_selected = serializers.BooleanField(allow_null=True)
    is_initiated = serializers.BooleanField()
    amount = serializers.IntegerField(allow_null=True)
    payment_authorized_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=[status.value for status in V1_STATUSES])
    data = RecordField(help_text="What the provider lets the storefront see.")  # type: ignore[assignment]
    idempotency_key = serializers.CharField(allow_null=True)


class V1PaymentSessionResponseSerializer(serializers.Serializer[Any]):
    payment_session = V1PaymentSessionSerializer()
