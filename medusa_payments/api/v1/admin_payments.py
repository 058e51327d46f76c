"""Payments in the v1 shape, for the staff."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents.representations import STAFF
from medusa_payments.api.openapi.schema import operation
from medusa_payments.api.v1 import examples
from medusa_payments.api.v1.representations import PAYMENT, refund
from medusa_payments.api.v1.serializers import (
    V1PaymentResponseSerializer,
    V1RefundPaymentSerializer,
    V1RefundResponseSerializer,
    V1SelectionQuery,
)
from medusa_payments.api.v1.validation import InV1Words
from medusa_payments.api.viewsets import AdminViewSet
from medusa_payments.exceptions import InvalidData, NotAllowed, NotFound
from medusa_payments.money import to_major_units
from medusa_payments.queries import Payment
from medusa_payments.queries import payments as payment_queries
from medusa_payments.queries import refunds as refund_queries
from medusa_payments.services import captures, refunds

TAGS = ["v1: payments"]


class V1AdminPaymentViewSet(InV1Words, AdminViewSet):
    required_permissions: ClassVar = {
        "retrieve": "medusa_payments.view_payment",
        "capture": "medusa_payments.capture_payment",
        "refund": "medusa_payments.refund_payment",
    }

    @operation(
        operation_id="v1AdminGetPayment",
        summary="Get a payment (v1)",
        description="Returns the payment.",
        tags=TAGS,
        parameters=[V1SelectionQuery],
        response=V1PaymentResponseSerializer,
        response_example={"payment": examples.PAYMENT},
    )
    def retrieve(self, request: Request, id: str) -> Response:
        query = self.validated_query(V1SelectionQuery)
        return Response({"payment": PAYMENT.represent(_existing(id), STAFF, **query)})

    @operation(
        operation_id="v1AdminCapturePayment",
        summary="Capture a payment (v1)",
        description="Captures all that remains. A payment captured in full is answered as it is.",
        tags=TAGS,
        response=V1PaymentResponseSerializer,
        response_example={"payment": examples.CAPTURED_PAYMENT},
    )
    @action(detail=True, methods=["post"])
    def capture(self, request: Request, id: str) -> Response:
        _existing(id)
        captures.capture(payment_id=id, created_by=self.actor_id, idempotency_key=self.idempotency_key)
        return Response({"payment": PAYMENT.represent(_existing(id), STAFF)})

    @operation(
        operation_id="v1AdminRefundPayment",
        summary="Refund a payment (v1)",
        description=(
            "Gives back a part of what was captured and returns the refund. The reason is kept with it, and linked to "
            "the shop's refund reason of that code, where there is one. A refund that the provider has only accepted "
            "is `pending`, under its final id."
        ),
        tags=TAGS,
        request=V1RefundPaymentSerializer,
        request_example={"amount": 1000, "reason": "return", "note": "Sorry for the dented box."},
        response=V1RefundResponseSerializer,
        response_example={"refund": examples.REFUND},
    )
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, id: str) -> Response:
        body = self.validated(V1RefundPaymentSerializer, request.data)
        payment = _existing(id)
        with _about_refunding(payment):
            operation = refunds.refund_operation(
                payment_id=id,
                amount=to_major_units(body["amount"], payment.currency_code),
                refund_reason_code=body["reason"],
                note=body.get("note"),
                metadata={"reason": body["reason"]},
                created_by=self.actor_id,
                idempotency_key=self.refund_key,
            )
        return Response({"refund": refund(refund_queries.of_operation(operation, payment))})


def _existing(payment_id: str) -> Payment:
    try:
        return payment_queries.detailed(payment_id)
    except NotFound as error:
        raise NotFound(f"Payment with id {payment_id} was not found") from error


@contextmanager
def _about_refunding(payment: Payment) -> Iterator[None]:
    """A block in which a refund is asked for: v1 has words of its own for one that isn't possible."""
    try:
        yield
    except InvalidData as error:
        if "refunded_amount" not in error.details:
            raise
        current = payment_queries.detailed(payment.pk)
        if not current.captured_amount:
            raise NotAllowed(f"Payment {payment.pk} is not captured") from error
        raise NotAllowed(f"Only {current.refundable_amount} can be refunded from Payment {payment.pk}") from error
