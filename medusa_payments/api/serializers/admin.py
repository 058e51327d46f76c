"""Requests and response envelopes of the admin API."""

from typing import Any, ClassVar

from rest_framework import serializers

from medusa_payments.api.fields import AmountField, ListParameter, StrictSerializer, StringField
from medusa_payments.api.filters import ListQuery
from medusa_payments.api.serializers.documents import AdminPaymentSerializer

MAX_NOTE_LENGTH = 5000


class AdminPaymentListQuery(ListQuery):
    orderable: ClassVar[frozenset[str]] = frozenset(
        {"id", "amount", "currency_code", "provider_id", "captured_at", "canceled_at", "created_at", "updated_at"}
    )

    id = ListParameter(required=False, help_text="Payments with one of these ids.")
    payment_session_id = ListParameter(required=False, help_text="Payments of one of these payment sessions.")
    q = StringField(required=False, help_text="Accepted as Medusa does; payments have no text to search.")


class AdminCreatePaymentCaptureSerializer(StrictSerializer):
    amount = AmountField(required=False, help_text="In major units; all that remains when absent.")


class AdminCreatePaymentRefundSerializer(StrictSerializer):
    amount = AmountField(required=False, help_text="In major units; all that remains when absent.")
    refund_reason_id = StringField(required=False)
    note = StringField(required=False, max_length=MAX_NOTE_LENGTH, help_text="Visible to the customer.")


class AdminPaymentResponseSerializer(serializers.Serializer[Any]):
    payment = AdminPaymentSerializer()


class AdminPaymentListResponseSerializer(serializers.Serializer[Any]):
    payments = AdminPaymentSerializer(many=True)
    count = serializers.IntegerField(help_text="How many match in all.")
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()
