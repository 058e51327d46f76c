"""Requests and response envelopes of the v1 API. Amounts are whole minor units.

Keys that a serializer has a property for are ignored by the type checker: the framework takes declared fields out of
the class.
"""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from medusa_payments.api.lists.filters import SelectionQuery
from medusa_payments.api.v1.documents import COLLECTION, PAYMENT, REFUND, SESSION
from medusa_payments.api.v1.names import REFUND_REASONS
from medusa_payments.api.wire.fields import RecordField, StrictSerializer, StringField

MAX_NOTE_LENGTH = 5000
MAX_DESCRIPTION_LENGTH = 5000


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
    reason = serializers.ChoiceField(choices=REFUND_REASONS)
    note = StringField(
        required=False, allow_null=True, max_length=MAX_NOTE_LENGTH, help_text="Visible to the customer."
    )


class V1PaymentSessionResponseSerializer(serializers.Serializer[Any]):
    payment_session = SESSION.serializer()


class V1PaymentResponseSerializer(serializers.Serializer[Any]):
    payment = PAYMENT.serializer()


class V1RefundResponseSerializer(serializers.Serializer[Any]):
    refund = REFUND.serializer()


class V1PaymentCollectionResponseSerializer(serializers.Serializer[Any]):
    payment_collection = COLLECTION.serializer()


class V1PaymentCollectionDeletedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["payment_collection"])
    deleted = serializers.BooleanField()
