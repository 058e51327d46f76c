"""Requests and response envelopes of the store API."""

from typing import Any, ClassVar

from rest_framework import serializers

from medusa_payments.api.fields import RecordField, StrictSerializer, StringField
from medusa_payments.api.filters import ListQuery
from medusa_payments.api.serializers.documents import (
    PageSerializer,
    PaymentCollectionSerializer,
    PaymentProviderSerializer,
)


class StoreCreatePaymentCollectionSerializer(StrictSerializer):
    cart_id = StringField(help_text="The cart to pay for.")


class StoreInitializePaymentSessionSerializer(StrictSerializer):
    provider_id = StringField(help_text="The payment provider the customer chose.")
    data = RecordField(required=False, help_text="What the provider needs; it says which keys it accepts.")  # type: ignore[assignment]


class StoreAuthorizePaymentSessionSerializer(StrictSerializer):
    """Nothing to say."""


class StorePaymentCollectionResponseSerializer(serializers.Serializer[Any]):
    payment_collection = PaymentCollectionSerializer()


class StorePaymentProviderListQuery(ListQuery):
    orderable: ClassVar[frozenset[str]] = frozenset({"id", "is_enabled"})

    region_id = StringField(help_text="The region of the cart.")


class StorePaymentProviderListResponseSerializer(PageSerializer):
    payment_providers = PaymentProviderSerializer(many=True)
