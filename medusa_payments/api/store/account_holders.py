"""The logged-in customer's accounts with payment providers."""

from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents import examples
from medusa_payments.api.documents.representations import account_holder
from medusa_payments.api.lists.filters import SelectionQuery
from medusa_payments.api.openapi.schema import UnkeyedAutoSchema, operation
from medusa_payments.api.store.serializers import (
    StoreAccountHolderListResponseSerializer,
    StoreAccountHolderResponseSerializer,
    StoreCreateAccountHolderSerializer,
)
from medusa_payments.api.viewsets import CustomerViewSet
from medusa_payments.queries import account_holders as holder_queries
from medusa_payments.services import account_holders

TAGS = ["Store: saved payment methods"]


class StoreAccountHolderViewSet(CustomerViewSet):
    @operation(
        operation_id="listAccountHolders",
        summary="List the customer's account holders",
        description=(
            "Returns the accounts that the logged-in customer has with payment providers, one per account of the shop "
            "there. One is opened by the first checkout, or by the next call."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        response=StoreAccountHolderListResponseSerializer,
        response_example={"account_holders": [examples.ACCOUNT_HOLDER]},
    )
    def list(self, request: Request) -> Response:
        fields = self.validated_query(SelectionQuery).get("fields")
        found = holder_queries.of_customer(self.customer_id)
        return Response({"account_holders": [account_holder(holder, fields) for holder in found]})

    @operation(
        operation_id="createAccountHolder",
        summary="Open an account holder",
        description=(
            "Returns the logged-in customer's account with a provider, opened when there is none: one, however often "
            "it is asked for. So a payment method can be saved before anything was bought."
        ),
        tags=TAGS,
        schema=UnkeyedAutoSchema,
        parameters=[SelectionQuery],
        request=StoreCreateAccountHolderSerializer,
        request_example={"provider_id": "pp_stripe_stripe"},
        response=StoreAccountHolderResponseSerializer,
        response_example={"account_holder": examples.ACCOUNT_HOLDER},
    )
    def create(self, request: Request) -> Response:
        body = self.validated(StoreCreateAccountHolderSerializer, request.data)
        fields = self.validated_query(SelectionQuery).get("fields")
        holder = account_holders.create(provider_id=body["provider_id"], customer=self.required_customer)
        return Response({"account_holder": account_holder(holder, fields)})
