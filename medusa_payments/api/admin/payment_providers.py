"""The configured payment providers, for the staff."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.admin.payments import TAGS
from medusa_payments.api.admin.serializers import (
    AdminPaymentProviderListQuery,
    AdminPaymentProviderListResponseSerializer,
)
from medusa_payments.api.documents import examples
from medusa_payments.api.documents.representations import payment_provider
from medusa_payments.api.lists.pagination import paginate_rows
from medusa_payments.api.openapi.schema import operation
from medusa_payments.api.viewsets import AdminViewSet
from medusa_payments.queries import payment_providers


class AdminPaymentProviderViewSet(AdminViewSet):
    required_permissions: ClassVar = {"list": "medusa_payments.view_payment"}

    @operation(
        operation_id="adminListPaymentProviders",
        summary="List payment providers",
        description="Returns the configured providers, whatever regions they are enabled in.",
        tags=TAGS,
        parameters=[AdminPaymentProviderListQuery],
        response=AdminPaymentProviderListResponseSerializer,
        response_example=examples.PAYMENT_PROVIDERS,
    )
    def list(self, request: Request) -> Response:
        query = self.validated_query(AdminPaymentProviderListQuery)
        page = paginate_rows(payment_providers.configured(), query)
        documents = [payment_provider(provider, query.get("fields")) for provider in page.items]
        return Response(page.envelope("payment_providers", documents))
