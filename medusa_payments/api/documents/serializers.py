"""The documents inside responses. They feed the schema only; `documents.shapes` builds what is sent.

`fields` can leave out everything but `id`, hence only `id` is required. Keys that a serializer has a property for
are ignored by the type checker: the framework takes declared fields out of the class.
"""

from typing import Any

from rest_framework import serializers

from medusa_payments.api.wire.fields import AmountField, RecordField
from medusa_payments.states import CollectionStatus, DisputeState, RefundState, SessionStatus


def _text(**options: Any) -> serializers.CharField:
    return serializers.CharField(required=False, **options)


def _time(**options: Any) -> serializers.DateTimeField:
    return serializers.DateTimeField(required=False, **options)


def _amount(**options: Any) -> AmountField:
    return AmountField(positive=False, required=False, **options)


def _record(**options: Any) -> RecordField:
    return RecordField(required=False, **options)


class PageSerializer(serializers.Serializer[Any]):
    """What the envelope of a list has beside the list."""

    count = serializers.IntegerField(help_text="How many match in all.")
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


class ObjectReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()


class RawAmountSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="The amount in major units, as text.")
    precision = serializers.IntegerField()


class CustomerReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()


class AccountHolderReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()


class PaymentSessionContextSerializer(serializers.Serializer[Any]):
    customer = CustomerReferenceSerializer(required=False, help_text="Present when a customer was logged in.")
    account_holder = AccountHolderReferenceSerializer(
        required=False, help_text="The customer's account with the provider, whose saved payment methods can be used."
    )


class StorePaymentProviderSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()


class PaymentProviderSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    is_enabled = serializers.BooleanField(required=False)


class AccountHolderSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    provider_id = _text(help_text="The provider that it was opened through; others on the same account share it.")
    external_id = _text(help_text="The provider's own id of the customer.")
    email = _text(allow_null=True, help_text="As it was told to the provider.")
    data = _record(help_text="Always empty: what the provider keeps stays on the server.")  # type: ignore[assignment]
    metadata = _record(allow_null=True)
    created_at = _time()
    updated_at = _time()
    deleted_at = _time(allow_null=True)


class PaymentMethodSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The provider's own id.")
    provider_id = _text()
    data = _record(help_text="What the provider lets the customer see, such as brand and last digits of a card.")  # type: ignore[assignment]


class RefundReasonSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    label = _text()  # type: ignore[assignment]
    code = _text()
    description = _text(allow_null=True)
    metadata = _record(allow_null=True)
    created_at = _time()
    updated_at = _time()
    deleted_at = _time(allow_null=True)


class BaseCaptureSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    amount = _amount()
    raw_amount = RawAmountSerializer(required=False)
    payment_id = _text()
    payment = ObjectReferenceSerializer(required=False)
    metadata = _record(allow_null=True)
    created_at = _time()
    updated_at = _time()
    deleted_at = _time(allow_null=True)
    created_by = _text(allow_null=True, help_text="Who on the staff captured; always null in the store.")


class BaseRefundSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="Final from the request on.")
    amount = _amount(help_text="0 once it has failed, so that the amounts of all refunds add up to what they take.")
    raw_amount = RawAmountSerializer(required=False)
    failed_amount = _amount(help_text="What a failed refund was to be; 0 for any other.")
    status = serializers.ChoiceField(
        required=False,
        choices=[state.value for state in RefundState],
        help_text="`pending` until the provider has said how it ended; then it counts in the payment's "
        "`refunding_amount`. A request that was refused at once is no refund and isn't shown.",
    )
    payment_id = _text()
    payment = ObjectReferenceSerializer(required=False)
    refund_reason_id = _text(allow_null=True)
    refund_reason = RefundReasonSerializer(required=False, allow_null=True)
    note = _text(allow_null=True, help_text="Visible to the customer.")
    metadata = _record(allow_null=True)
    created_at = _time()
    updated_at = _time(help_text="When its status last changed.")
    deleted_at = _time(allow_null=True)
    created_by = _text(allow_null=True, help_text="Who on the staff refunded; always null in the store.")


class DisputeSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    amount = _amount(help_text="As the provider has it; may be more than the payment.")
    raw_amount = RawAmountSerializer(required=False)
    currency_code = _text(help_text="Not always the payment's.")
    withheld_amount = _amount(
        help_text="What it takes out of reach of refunds, in the payment's currency; 0 for an inquiry, and once it was "
        "won or closed."
    )
    state = serializers.ChoiceField(required=False, choices=[state.value for state in DisputeState])
    reason = _text(help_text="The provider's own word.")
    provider_ref = _text(help_text="The provider's id of the dispute.")
    payment_id = _text()
    evidence_due_by = _time(allow_null=True, help_text="Until when the bank can be answered.")
    opened_at = _time(allow_null=True)
    closed_at = _time(allow_null=True, help_text="When it was known to have ended.")
    created_at = _time()
    updated_at = _time()


class PaymentFieldsSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    amount = _amount(help_text="What was authorized.")
    raw_amount = RawAmountSerializer(required=False)
    authorized_amount = _amount(help_text="What is authorized and not given back; 0 once canceled.")
    captured_amount = _amount()
    refunded_amount = _amount(help_text="What has been given back for certain.")
    refunding_amount = _amount(help_text="What is on its way back: the refunds that are `pending`.")
    refundable_amount = _amount(help_text="The most that a refund would be accepted for now.")
    currency_code = _text()
    provider_id = _text()
    data = _record(help_text="What the provider lets outsiders see of its payment object.")  # type: ignore[assignment]
    captured_at = _time(allow_null=True, help_text="When the last of it was captured.")
    canceled_at = _time(allow_null=True)
    payment_collection_id = _text()
    payment_session_id = _text()
    captures = BaseCaptureSerializer(many=True, required=False)
    refunds = BaseRefundSerializer(many=True, required=False)
    metadata = _record(allow_null=True)
    created_at = _time()
    updated_at = _time()
    deleted_at = _time(allow_null=True)


class BasePaymentSerializer(PaymentFieldsSerializer):
    payment_collection = ObjectReferenceSerializer(required=False)
    payment_session = ObjectReferenceSerializer(required=False)


class PaymentSessionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    amount = _amount(help_text="As the provider has it.")
    raw_amount = RawAmountSerializer(required=False)
    currency_code = _text()
    provider_id = _text()
    data = _record(help_text="What the storefront sent, with what the provider lets the storefront see.")  # type: ignore[assignment]
    context = PaymentSessionContextSerializer(required=False)  # type: ignore[assignment]
    status = serializers.ChoiceField(required=False, choices=[status.value for status in SessionStatus])
    authorized_at = _time(allow_null=True)
    payment_collection_id = _text()
    metadata = _record(allow_null=True)
    created_at = _time()
    updated_at = _time()
    deleted_at = _time(allow_null=True)
    payment_collection = ObjectReferenceSerializer(required=False)
    payment = BasePaymentSerializer(required=False, allow_null=True)


class PaymentCollectionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    currency_code = _text()
    amount = _amount(help_text="What is to be paid.")
    authorized_amount = _amount()
    captured_amount = _amount()
    refunded_amount = _amount(help_text="What has been given back for certain.")
    refunding_amount = _amount(help_text="What is on its way back.")
    refundable_amount = _amount(help_text="The most that a refund across the payments would be accepted for now.")
    raw_amount = RawAmountSerializer(required=False)
    raw_authorized_amount = RawAmountSerializer(required=False)
    raw_captured_amount = RawAmountSerializer(required=False)
    raw_refunded_amount = RawAmountSerializer(required=False)
    status = serializers.ChoiceField(required=False, choices=[status.value for status in CollectionStatus])
    metadata = _record(allow_null=True)
    completed_at = _time(allow_null=True)
    created_at = _time()
    updated_at = _time()
    deleted_at = _time(allow_null=True)
    payment_providers = StorePaymentProviderSerializer(many=True, required=False)
    payment_sessions = PaymentSessionSerializer(many=True, required=False, help_text="The live ones.")
    payments = BasePaymentSerializer(many=True, required=False)


class AdminPaymentSerializer(PaymentFieldsSerializer):
    payment_collection = ObjectReferenceSerializer(
        required=False, help_text="`fields` can ask for more, such as `payment_collection.status`."
    )
    payment_session = ObjectReferenceSerializer(
        required=False, help_text="`fields` can ask for more, such as `payment_session.data`."
    )
    disputes = DisputeSerializer(many=True, required=False, help_text="Only where `fields` asks for them.")
