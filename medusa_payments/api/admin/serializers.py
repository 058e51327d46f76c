"""Requests and response envelopes of the admin API."""

from typing import Any, ClassVar

from rest_framework import serializers

from medusa_payments.api.documents.serializers import (
    AdminPaymentSerializer,
    PageSerializer,
    PaymentCollectionSerializer,
    PaymentProviderSerializer,
    RefundReasonSerializer,
)
from medusa_payments.api.lists.filters import TIMESTAMPS, BooleanFilter, DateFilter, ListQuery, TextFilter
from medusa_payments.api.wire.fields import AmountField, RecordField, StrictSerializer, StringField
from medusa_payments.states import RefundStrategy

MAX_NOTE_LENGTH = 5000
MAX_DESCRIPTION_LENGTH = 5000
SYSTEM_PROVIDER = "pp_system_default"


class AdminPaymentListQuery(ListQuery):
    orderable: ClassVar[frozenset[str]] = frozenset(
        {
            "id",
            "amount",
            "currency_code",
            "provider_id",
            "payment_collection_id",
            "payment_session_id",
            "captured_at",
            "canceled_at",
            "created_at",
            "updated_at",
        }
    )

    filterable: ClassVar = {
        "id": TextFilter(help_text="Payments with one of these ids."),
        "payment_session_id": TextFilter(help_text="Payments of one of these payment sessions."),
        **TIMESTAMPS,
        "deleted_at": DateFilter(is_always_null=True, help_text="Payments are never deleted: it matches none."),
    }
    searchable: ClassVar = ()
    has_groups: ClassVar = True


class AdminCreatePaymentCaptureSerializer(StrictSerializer):
    amount = AmountField(required=False, help_text="In major units; all that remains when absent.")


class AdminCreatePaymentRefundSerializer(StrictSerializer):
    amount = AmountField(required=False, help_text="In major units; all that remains when absent.")
    refund_reason_id = StringField(required=False)
    note = StringField(required=False, max_length=MAX_NOTE_LENGTH, help_text="Visible to the customer.")


class AdminRefundPaymentCollectionSerializer(AdminCreatePaymentRefundSerializer):
    strategy = serializers.ChoiceField(
        choices=[strategy.value for strategy in RefundStrategy],
        default=RefundStrategy.PROPORTIONAL.value,
        help_text="By what each payment can still give back, or all of the oldest one first.",
    )


class AdminPaymentResponseSerializer(serializers.Serializer[Any]):
    payment = AdminPaymentSerializer()


class AdminPaymentListResponseSerializer(PageSerializer):
    payments = AdminPaymentSerializer(many=True)


class AdminCancelPaymentSerializer(StrictSerializer):
    """Nothing to say."""


class AdminPaymentProviderListQuery(ListQuery):
    orderable: ClassVar[frozenset[str]] = frozenset({"id", "is_enabled"})
    filterable: ClassVar = {
        "id": TextFilter(help_text="Providers with one of these ids."),
        "is_enabled": BooleanFilter(help_text="All configured providers are enabled."),
    }
    has_groups: ClassVar = True


class AdminPaymentProviderListResponseSerializer(PageSerializer):
    payment_providers = PaymentProviderSerializer(many=True)


class AdminCreatePaymentCollectionSerializer(StrictSerializer):
    order_id = StringField(help_text="The order that is still to be paid.")
    amount = AmountField(positive=False, help_text="In major units of the order's currency; not negative.")


class AdminMarkPaymentCollectionAsPaidSerializer(StrictSerializer):
    order_id = StringField(help_text="The order that was paid. Asked for by Medusa's clients; nothing depends on it.")
    provider_id = StringField(default=SYSTEM_PROVIDER, help_text="The provider that books the payment.")


class AdminInitializePaymentSessionSerializer(StrictSerializer):
    provider_id = StringField(help_text="The payment provider to pay with.")
    data = RecordField(required=False, help_text="What the provider needs; it says which keys it accepts.")  # type: ignore[assignment]


class AdminPaymentCollectionResponseSerializer(serializers.Serializer[Any]):
    payment_collection = PaymentCollectionSerializer()


class AdminPaymentCollectionDeletedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["payment-collection"])
    deleted = serializers.BooleanField()


class AdminRefundReasonListQuery(ListQuery):
    default_limit: ClassVar = 15
    orderable: ClassVar[frozenset[str]] = frozenset({"id", "label", "code", "description", "created_at", "updated_at"})
    filterable: ClassVar = {
        "id": TextFilter(help_text="Reasons with one of these ids."),
        **TIMESTAMPS,
        "deleted_at": DateFilter(is_always_null=True, help_text="Deleted reasons aren't listed: it matches none."),
    }
    searchable: ClassVar = ("label", "code", "description")


class AdminCreateRefundReasonSerializer(StrictSerializer):
    label = StringField(help_text="As people read it.")  # type: ignore[assignment]
    code = StringField(help_text="As programs read it. One live reason has it.")
    description = StringField(required=False, allow_null=True, max_length=MAX_DESCRIPTION_LENGTH)


class AdminUpdateRefundReasonSerializer(StrictSerializer):
    label = StringField(required=False, help_text="As people read it.")  # type: ignore[assignment]
    code = StringField(required=False, help_text="As programs read it. One live reason has it.")
    description = StringField(required=False, allow_null=True, max_length=MAX_DESCRIPTION_LENGTH)


class AdminRefundReasonResponseSerializer(serializers.Serializer[Any]):
    refund_reason = RefundReasonSerializer()


class AdminRefundReasonListResponseSerializer(PageSerializer):
    refund_reasons = RefundReasonSerializer(many=True)


class AdminRefundReasonDeletedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["refund_reason"])
    deleted = serializers.BooleanField()
