"""Requests and response envelopes of the store API."""

from typing import Any

from rest_framework import serializers

from medusa_payments.api.fields import RecordField, StrictSerializer, StringField
from medusa_payments.api.serializers.documents import StorePaymentCollectionSerializer


class StoreCreatePaymentCollectionSerializer(StrictSerializer):
    cart_id = StringField(help_text="The cart to pay for.")


class StoreInitializePaymentSessionSerializer(StrictSerializer):
    provider_id = StringField(help_text="The payment provider the customer chose.")
    data = RecordField(required=False, help_text="What the provider needs; it says which keys it accepts.")  # type: ignore[assignment]


class StoreAuthorizePaymentSessionSerializer(StrictSerializer):
    """Nothing to say."""


class StorePaymentCollectionResponseSerializer(serializers.Serializer[Any]):
    payment_collection = StorePaymentCollectionSerializer()
