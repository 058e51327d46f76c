"""The one endpoint that payment providers call."""

from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from medusa_payments.api.openapi.schema import HookAutoSchema
from medusa_payments.api.viewsets import PaymentsViewSet
from medusa_payments.api.wire.parsers import BodyTooLarge
from medusa_payments.conf import payments_settings
from medusa_payments.services import webhooks

RECEIVED = "OK"
RAW = "raw"


class RawParser(BaseParser):
    """Hands on the bytes that were signed, whatever they are, as `{"raw": bytes}`.

    Raises `BodyTooLarge` beyond `WEBHOOK_MAX_BYTES`.
    """

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        most: int = payments_settings.WEBHOOK_MAX_BYTES
        body: bytes = stream.read(most + 1)
        if len(body) > most:
            raise BodyTooLarge(f"The webhook is larger than {most} bytes.")
        return {RAW: body}


class PaymentWebhookViewSet(PaymentsViewSet):
    """Open to everybody: what counts is the signature."""

    throttle_setting = "HOOKS_THROTTLE_CLASSES"
    throttle_scope = "payments_hooks"

    parser_classes = (RawParser,)  # type: ignore[assignment]
    authentication_classes = ()
    permission_classes = ()
    schema = HookAutoSchema()

    def get_authenticators(self) -> list[Any]:
        return []

    @extend_schema(
        operation_id="receivePaymentWebhook",
        summary="Receive a payment provider's webhook",
        description=(
            "Verifies the signature over the raw bytes, keeps the event in the inbox and applies it, now or later. "
            "`provider_id` is given with or without `pp_`. The answer is 200 as soon as the event is kept: an event is "
            "kept once however often it comes, and an error while it is applied is no reason to send it again. One "
            "that is signed and not understood is kept as ignored; an unsigned hint about no payment of ours is only "
            "counted. Any content type is taken, and the URL may have a query."
        ),
        tags=["Hooks"],
        request={"application/json": {"type": "object", "additionalProperties": True}},
        responses={
            (200, "text/plain"): OpenApiResponse(
                {"type": "string"}, description="Kept", examples=[OpenApiExample("Kept", value=RECEIVED)]
            )
        },
    )
    def receive(self, request: Request, provider_id: str) -> HttpResponse:
        body: bytes = dict(request.data).get(RAW, b"")
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = {name: str(value) for name, value in request.query_params.items()}
        webhooks.receive(provider_id=provider_id, body=body, headers=headers, query=query)
        return HttpResponse(RECEIVED, content_type="text/plain")
