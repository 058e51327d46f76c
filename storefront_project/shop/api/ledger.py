"""`/fake-provider/…`: what the fake provider did, for people who try things out."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.viewsets import PublicViewSet
from medusa_payments.providers.registry import providers
from medusa_payments.testing.fake_provider import FakeProvider
from storefront_project.shop.api import examples
from storefront_project.shop.api.schema import shop_operation
from storefront_project.shop.api.serializers import LedgerResponseSerializer


class LedgerViewSet(PublicViewSet):
    def get_authenticators(self) -> list[BaseAuthentication]:
        return []

    @shop_operation(
        operation_id="getFakeProviderLedger",
        summary="Read the fake provider's ledger",
        description="Lists every effect that the fake provider executed, oldest first. Amounts are minor units.",
        response=LedgerResponseSerializer,
        response_example=examples.LEDGER,
    )
    def list(self, request: Request) -> Response:
        provider = providers["pp_fake_fake"]
        entries = provider.ledger_entries() if isinstance(provider, FakeProvider) else []
        return Response({"entries": entries})
