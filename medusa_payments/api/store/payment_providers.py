"""What a cart can be paid with."""

from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents import examples
from medusa_payments.api.documents.representations import payment_provider
from medusa_payments.api.lists.pagination import paginate_rows
from medusa_payments.api.openapi.schema import operation
from medusa_payments.api.store.serializers import (
    StorePaymentProviderListQuery,
    StorePaymentProviderListResponseSerializer,
)
from medusa_payments.api.viewsets import StoreViewSet
from medusa_payments.exceptions import NotAllowed
from medusa_payments.services import payment_sessions

TAGS = ["Store: payment providers"]


class StorePaymentProviderViewSet(StoreViewSet):
    is_cacheable = True

    @operation(
        operation_id="listPaymentProviders",
        summary="List payment providers",
        description=(
            "Returns the providers that a region's carts can be paid with: none for an unknown region. One that takes "
            "no money (`pp_system_default`) is listed only where the shop says so."
        ),
        tags=TAGS,
        parameters=[StorePaymentProviderListQuery],
        response=StorePaymentProviderListResponseSerializer,
        response_example=examples.PAYMENT_PROVIDERS,
    )
    def list(self, request: Request) -> Response:
        query = self.validated_query(StorePaymentProviderListQuery)
        if not query["region_id"]:
            raise NotAllowed("You must provide the region_id to list payment providers")
        page = paginate_rows(payment_sessions.offered(query["region_id"]), query)
        documents = [payment_provider(provider, query.get("fields")) for provider in page.items]
        return Response(page.envelope("payment_providers", documents))
