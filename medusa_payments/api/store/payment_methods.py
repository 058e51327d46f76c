"""The logged-in customer's saved payment methods, at the paths that Medusa's own guide gives a storefront."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents import examples
from medusa_payments.api.documents.representations import payment_method
from medusa_payments.api.openapi.schema import UnkeyedAutoSchema, operation
from medusa_payments.api.store.serializers import (
    StorePaymentMethodDeletedSerializer,
    StorePaymentMethodListResponseSerializer,
    StorePaymentMethodQuery,
    StorePaymentMethodResponseSerializer,
    StoreSavePaymentMethodSerializer,
)
from medusa_payments.api.viewsets import CustomerViewSet
from medusa_payments.services import payment_methods

TAGS = ["Store: saved payment methods"]


class StorePaymentMethodViewSet(CustomerViewSet):
    lookup_field = "account_holder_id"

    @operation(
        operation_id="listPaymentMethods",
        summary="List saved payment methods",
        description=(
            "Returns what the logged-in customer can pay with again, newest first, as the provider has it now. `id` is "
            "what a payment session takes as `data.payment_method`."
        ),
        tags=TAGS,
        parameters=[StorePaymentMethodQuery],
        response=StorePaymentMethodListResponseSerializer,
        response_example={"payment_methods": [examples.PAYMENT_METHOD]},
    )
    def retrieve(self, request: Request, account_holder_id: str) -> Response:
        query = self.validated_query(StorePaymentMethodQuery)
        saved = payment_methods.list_saved(
            account_holder_id=account_holder_id,
            customer_id=self.customer_id,
            provider_id=query.get("provider_id"),
        )
        return Response({"payment_methods": [payment_method(method, query.get("fields")) for method in saved]})

    @operation(
        operation_id="savePaymentMethod",
        summary="Begin to save a payment method",
        description=(
            "Asks the provider to save a payment method without charging anything. The browser goes on with the "
            "`data` that is returned (Stripe: a setup intent's client secret); afterwards the method is in the list."
        ),
        tags=TAGS,
        parameters=[StorePaymentMethodQuery],
        request=StoreSavePaymentMethodSerializer,
        request_example={"data": {}},
        response=StorePaymentMethodResponseSerializer,
        response_example={"payment_method": examples.SAVED_PAYMENT_METHOD},
    )
    def update(self, request: Request, account_holder_id: str) -> Response:
        body = self.validated(StoreSavePaymentMethodSerializer, request.data)
        query = self.validated_query(StorePaymentMethodQuery)
        begun = payment_methods.save(
            account_holder_id=account_holder_id,
            customer_id=self.customer_id,
            provider_id=query.get("provider_id"),
            idempotency_key=self.idempotency_key,
            shopper=self.shopper,
            **body,
        )
        return Response({"payment_method": payment_method(begun, query.get("fields"))})

    @operation(
        operation_id="deletePaymentMethod",
        summary="Delete a saved payment method",
        description="The provider forgets it. What was paid with it stays.",
        tags=TAGS,
        schema=UnkeyedAutoSchema,
        parameters=[StorePaymentMethodQuery],
        response=StorePaymentMethodDeletedSerializer,
        response_example={"id": examples.PAYMENT_METHOD_ID, "object": "payment_method", "deleted": True},
    )
    @action(detail=True, methods=["delete"], url_path="<str:payment_method_id>")
    def delete_payment_method(self, request: Request, account_holder_id: str, payment_method_id: str) -> Response:
        query = self.validated_query(StorePaymentMethodQuery)
        payment_methods.delete(
            account_holder_id=account_holder_id,
            customer_id=self.customer_id,
            payment_method_id=payment_method_id,
            provider_id=query.get("provider_id"),
        )
        return Response({"id": payment_method_id, "object": "payment_method", "deleted": True})
