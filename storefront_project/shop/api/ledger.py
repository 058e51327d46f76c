"""`/fake-provider/…`: what the fake provider did, for people who try things out."""

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.viewsets import PublicViewSet
from medusa_payments.providers.registry import providers
from medusa_payments.testing.fake_provider import FakeProvider
from storefront_project.shop.api.schema import Field, document, shop_operation

ENTRY = {
    "verb": "capture",
    "session_id": "payses_01JD3M6Q8R5V7X9Z2B4C6D8F0G",
    "idempotency_key": "payop_01JD3M6Q8S1T3V5W7X9Y0Z2A4B",
    "amount": 5997,
    "currency_code": "eur",
    "created_at": "2026-01-31T12:00:00.000Z",
}
FIELDS: dict[str, Field] = {
    "verb": serializers.CharField(),
    "session_id": serializers.CharField(),
    "idempotency_key": serializers.CharField(help_text="The operation that called the provider."),
    "amount": serializers.IntegerField(help_text="In minor units."),
    "currency_code": serializers.CharField(),
    "created_at": serializers.DateTimeField(),
}
ledger_document = document(
    "LedgerResponse", {"entries": [ENTRY]}, entries=inline_serializer("LedgerEntry", FIELDS, many=True)
)


class LedgerViewSet(PublicViewSet):
    def get_authenticators(self) -> list[BaseAuthentication]:
        return []

    @shop_operation("getFakeProviderLedger", parameters=(), response=ledger_document)
    def list(self, request: Request) -> Response:
        """Read the fake provider's ledger.

        Lists every effect that the fake provider executed, oldest first. Amounts are minor units.
        """
        provider = providers["pp_fake_fake"]
        entries = provider.ledger_entries() if isinstance(provider, FakeProvider) else []
        return Response({"entries": entries})
