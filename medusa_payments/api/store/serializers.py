"""Requests and response envelopes of the store API."""

from typing import Any, ClassVar

from rest_framework import serializers

from medusa_payments.api.documents.serializers import (
    AccountHolderSerializer,
    PageSerializer,
    PaymentCollectionSerializer,
    PaymentMethodSerializer,
    PaymentProviderSerializer,
)
from medusa_payments.api.lists.filters import ListQuery, SelectionQuery
from medusa_payments.api.wire.fields import AmountField, RecordField, StrictSerializer, StringField


class StoreCreatePaymentCollectionSerializer(StrictSerializer):
    cart_id = StringField(help_text="The cart to pay for.")


class StoreInitializePaymentSessionSerializer(StrictSerializer):
    provider_id = StringField(help_text="The payment provider the customer chose.")
    data = RecordField(required=False, help_text="What the provider needs; it says which keys it accepts.")  # type: ignore[assignment]


class StoreSessionChoiceSerializer(StrictSerializer):
    provider_id = StringField(help_text="The payment provider that takes this part.")
    amount = AmountField(help_text="This part, in major units.")
    data = RecordField(required=False, help_text="What the provider needs; absent, a session's data stay as they are.")  # type: ignore[assignment]
    session_id = StringField(required=False, help_text="The live session that is to be kept or changed.")


class StoreSetPaymentSessionsSerializer(StrictSerializer):
    sessions = StoreSessionChoiceSerializer(many=True, help_text="In the customer's order; at most 20.")


class StoreAuthorizePaymentSessionSerializer(StrictSerializer):
    """Nothing to say."""


class StorePaymentCollectionResponseSerializer(serializers.Serializer[Any]):
    payment_collection = PaymentCollectionSerializer()


class StorePaymentProviderListQuery(ListQuery):
    orderable: ClassVar[frozenset[str]] = frozenset({"id", "is_enabled"})

    region_id = StringField(help_text="The region of the cart.")


class StorePaymentProviderListResponseSerializer(PageSerializer):
    payment_providers = PaymentProviderSerializer(many=True)


class StoreCreateAccountHolderSerializer(StrictSerializer):
    provider_id = StringField(help_text="The payment provider to open an account with.")


class StoreAccountHolderResponseSerializer(serializers.Serializer[Any]):
    account_holder = AccountHolderSerializer()


class StoreAccountHolderListResponseSerializer(serializers.Serializer[Any]):
    account_holders = AccountHolderSerializer(many=True)


class StorePaymentMethodQuery(SelectionQuery):
    provider_id = StringField(
        required=False,
        help_text="Which of several providers on the account; by default the one that it was opened through.",
    )


class StoreSavePaymentMethodSerializer(StrictSerializer):
    data = RecordField(required=False, help_text="What the provider needs; it says which keys it accepts.")  # type: ignore[assignment]


class StorePaymentMethodResponseSerializer(serializers.Serializer[Any]):
    payment_method = PaymentMethodSerializer()


class StorePaymentMethodListResponseSerializer(serializers.Serializer[Any]):
    payment_methods = PaymentMethodSerializer(many=True)


class StorePaymentMethodDeletedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["payment_method"])
    deleted = serializers.BooleanField()
