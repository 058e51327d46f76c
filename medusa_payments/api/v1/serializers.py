"""Requests and response envelopes of the v1 API. Amounts are whole minor units.

Keys that a serializer has a property for are ignored by the type checker: the framework takes declared fields out of
the class.
"""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from medusa_payments.api.lists.filters import SelectionQuery
from medusa_payments.api.wire.fields import RecordField, StrictSerializer, StringField
from medusa_payments.states import CollectionStatus, SessionStatus

MAX_NOTE_LENGTH = 5000
MAX_DESCRIPTION_LENGTH = 5000

V1_SESSION_STATUSES = [
    SessionStatus.AUTHORIZED,
    SessionStatus.PENDING,
    SessionStatus.REQUIRES_MORE,
    SessionStatus.ERROR,
    SessionStatus.CANCELED,
]
V1_COLLECTION_STATUSES = [
    CollectionStatus.NOT_PAID,
    CollectionStatus.AWAITING,
    CollectionStatus.AUTHORIZED,
    CollectionStatus.PARTIALLY_AUTHORIZED,
    CollectionStatus.CANCELED,
]
V1_REFUND_REASONS = ["discount", "return", "swap", "claim", "other"]


class MinorUnitsField(serializers.IntegerField):
    """A whole JSON number."""

    wire_type = "number"

    def to_internal_value(self, data: Any) -> int:
        is_number = isinstance(data, (int, Decimal)) and not isinstance(data, bool)
        if not is_number or Decimal(data) != Decimal(data).to_integral_value():
            self.fail("invalid")
        return int(data)


class V1SelectionQuery(SelectionQuery):
    expand = StringField(required=False, help_text="Relations, in place of the usual ones.")


class V1SetPaymentSessionSerializer(StrictSerializer):
    provider_id = StringField(help_text="The payment provider that takes all of it, as v1 names it.")


class V1SessionChoiceSerializer(StrictSerializer):
    provider_id = StringField(help_text="The payment provider that takes this part, as v1 names it.")
    amount = MinorUnitsField(help_text="This part, in minor units.")
    session_id = StringField(
        required=False, allow_null=True, help_text="The live session that is to be kept or changed."
    )


class V1SetPaymentSessionsSerializer(StrictSerializer):
    sessions = V1SessionChoiceSerializer(many=True, help_text="In the customer's order; at most 20.")


class V1AuthorizePaymentSessionsSerializer(StrictSerializer):
    session_ids = serializers.ListField(child=StringField(), max_length=100)


class V1UpdatePaymentCollectionSerializer(StrictSerializer):
    description = StringField(required=False, allow_null=True, max_length=MAX_DESCRIPTION_LENGTH)
    metadata = RecordField(
        required=False,
        allow_null=True,
        help_text='Merged with what is there; a value of "" removes its key, null all of them.',
    )


class V1RefundPaymentSerializer(StrictSerializer):
    amount = MinorUnitsField(help_text="In minor units.")
    reason = serializers.ChoiceField(choices=V1_REFUND_REASONS)
    note = StringField(
        required=False, allow_null=True, max_length=MAX_NOTE_LENGTH, help_text="Visible to the customer."
    )


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
    status = serializers.ChoiceField(choices=[status.value for status in V1_SESSION_STATUSES])
    data = RecordField(help_text="What the provider lets the storefront see.")  # type: ignore[assignment]
    idempotency_key = serializers.CharField(allow_null=True)


class V1PaymentSessionResponseSerializer(serializers.Serializer[Any]):
    payment_session = V1PaymentSessionSerializer()


class V1RefundSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="Final from the request on.")
    order_id = serializers.CharField(allow_null=True)
    payment_id = serializers.CharField(allow_null=True)
    amount = serializers.IntegerField(help_text="0 once it has failed.")
    failed_amount = serializers.IntegerField(help_text="What a failed refund was to be; 0 for any other.")
    # The same choices under two names would make a schema's generator warn.
    status = serializers.CharField(help_text="`pending`, `succeeded` or `failed`, as in v2.")
    note = serializers.CharField(allow_null=True)
    reason = serializers.ChoiceField(choices=V1_REFUND_REASONS)
    metadata = RecordField(allow_null=True, help_text="Always null.")
    idempotency_key = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class V1PaymentSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    swap_id = serializers.CharField(required=False, allow_null=True, help_text="Always null.")
    cart_id = serializers.CharField(required=False, allow_null=True)
    order_id = serializers.CharField(required=False, allow_null=True)
    amount = serializers.IntegerField(required=False)
    currency_code = serializers.CharField(required=False)
    amount_refunded = serializers.IntegerField(required=False, help_text="What has been given back for certain.")
    refunding_amount = serializers.IntegerField(required=False, help_text="What is on its way back.")
    refundable_amount = serializers.IntegerField(
        required=False, help_text="The most that a refund would be accepted for now."
    )
    provider_id = serializers.CharField(required=False, help_text="Without v2's `pp_` prefix.")
    data = RecordField(required=False, help_text="What the provider lets outsiders see.")  # type: ignore[assignment]
    captured_at = serializers.DateTimeField(required=False, allow_null=True)
    canceled_at = serializers.DateTimeField(required=False, allow_null=True)
    metadata = RecordField(required=False, allow_null=True)
    idempotency_key = serializers.CharField(required=False, allow_null=True)
    created_at = serializers.DateTimeField(required=False)
    updated_at = serializers.DateTimeField(required=False)
    refunds = V1RefundSerializer(required=False, many=True, help_text="Also those that are pending or have failed.")


class V1PaymentResponseSerializer(serializers.Serializer[Any]):
    payment = V1PaymentSerializer()


class V1RefundResponseSerializer(serializers.Serializer[Any]):
    refund = V1RefundSerializer()


class V1PaymentProviderSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    is_installed = serializers.BooleanField()


class V1RegionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    currency_code = serializers.CharField()
    payment_providers = V1PaymentProviderSerializer(many=True)


class V1CurrencySerializer(serializers.Serializer[Any]):
    code = serializers.CharField()


class V1PaymentCollectionSerializer(serializers.Serializer[Any]):
    """`fields` and `expand` can leave out everything but `id`."""

    id = serializers.CharField()
    type = serializers.ChoiceField(required=False, choices=["order_edit"])
    status = serializers.ChoiceField(required=False, choices=[status.value for status in V1_COLLECTION_STATUSES])
    description = serializers.CharField(required=False, allow_null=True)
    amount = serializers.IntegerField(required=False)
    authorized_amount = serializers.IntegerField(required=False, allow_null=True)
    refunding_amount = serializers.IntegerField(required=False, help_text="What is on its way back.")
    refundable_amount = serializers.IntegerField(
        required=False, help_text="The most that a refund across the payments would be accepted for now."
    )
    region_id = serializers.CharField(required=False, allow_null=True)
    region = V1RegionSerializer(required=False, allow_null=True)
    currency_code = serializers.CharField(required=False)
    currency = V1CurrencySerializer(required=False)
    payment_sessions = V1PaymentSessionSerializer(required=False, many=True, help_text="The live ones.")
    payments = V1PaymentSerializer(required=False, many=True)
    metadata = RecordField(required=False, allow_null=True)
    created_by = serializers.CharField(required=False, help_text="Always empty: who on the staff did it stays there.")
    created_at = serializers.DateTimeField(required=False)
    updated_at = serializers.DateTimeField(required=False)
    deleted_at = serializers.DateTimeField(required=False, allow_null=True)


class V1PaymentCollectionResponseSerializer(serializers.Serializer[Any]):
    payment_collection = V1PaymentCollectionSerializer()


class V1PaymentCollectionDeletedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["payment_collection"])
    deleted = serializers.BooleanField()
