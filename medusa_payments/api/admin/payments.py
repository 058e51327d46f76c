"""Payments for the staff: find, capture, refund, cancel."""

from typing import ClassVar

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.admin.serializers import (
    AdminCancelPaymentSerializer,
    AdminCreatePaymentCaptureSerializer,
    AdminCreatePaymentRefundSerializer,
    AdminPaymentListQuery,
    AdminPaymentListResponseSerializer,
    AdminPaymentResponseSerializer,
)
from medusa_payments.api.documents import examples
from medusa_payments.api.documents.representations import admin_payment
from medusa_payments.api.lists.filters import SelectionQuery
from medusa_payments.api.lists.pagination import paginate
from medusa_payments.api.openapi.schema import operation
from medusa_payments.api.viewsets import AdminViewSet
from medusa_payments.queries import payments as payment_queries
from medusa_payments.services import captures, payments, refunds

TAGS = ["Admin: payments"]


class AdminPaymentViewSet(AdminViewSet):
    required_permissions: ClassVar = {
        "list": "medusa_payments.view_payment",
        "retrieve": "medusa_payments.view_payment",
        "capture": "medusa_payments.capture_payment",
        "refund": "medusa_payments.refund_payment",
        "cancel": "medusa_payments.cancel_payment",
    }

    @operation(
        operation_id="adminListPayments",
        summary="List payments",
        description=(
            "Returns a page of payments and the count of all that match. A filter takes a value, a list "
            "(`id[0]=…&id[1]=…`) or operators (`created_at[$gte]=2026-01-31`); filters add up, `$and` and `$or` nest."
        ),
        tags=TAGS,
        parameters=[AdminPaymentListQuery],
        response=AdminPaymentListResponseSerializer,
        response_example={"payments": [examples.CAPTURED_PAYMENT], "count": 1, "offset": 0, "limit": 20},
    )
    def list(self, request: Request) -> Response:
        query = self.validated_query(AdminPaymentListQuery)
        fields = query.get("fields")
        payments = payment_queries.listed(
            with_parents=fields is not None,
            with_disputes="disputes" in (fields or ""),
            with_siblings="payment_collection" in (fields or ""),
        )
        page = paginate(payments, query)
        documents = [admin_payment(payment, fields) for payment in page.items]
        return Response(page.envelope("payments", documents))

    @operation(
        operation_id="adminGetPayment",
        summary="Get a payment",
        description=(
            "Returns the payment with its captures and refunds. `fields=*disputes` adds what customers' banks question "
            "of it; what they withhold can't be refunded."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        response=AdminPaymentResponseSerializer,
        response_example={"payment": examples.REFUNDED_PAYMENT},
    )
    def retrieve(self, request: Request, id: str) -> Response:
        query = self.validated_query(SelectionQuery)
        return _answer(id, query.get("fields"))

    @operation(
        operation_id="adminCapturePayment",
        summary="Capture a payment",
        description=(
            "Captures `amount`, or all that remains. Never more than was authorized, whoever else captures at the same "
            "time. A repeat of a request whose answer was lost finds out what became of it and moves nothing twice. "
            "A payment captured in full answers 200 when no amount is given, or exactly the payment's."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        request=AdminCreatePaymentCaptureSerializer,
        request_example={"amount": 59.97},
        response=AdminPaymentResponseSerializer,
        response_example={"payment": examples.CAPTURED_PAYMENT},
    )
    @action(detail=True, methods=["post"])
    def capture(self, request: Request, id: str) -> Response:
        body = self.validated(AdminCreatePaymentCaptureSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        captures.capture(payment_id=id, created_by=self.actor_id, idempotency_key=self.idempotency_key, **body)
        return _answer(id, query.get("fields"))

    @operation(
        operation_id="adminRefundPayment",
        summary="Refund a payment",
        description=(
            "Gives back `amount`, or all that remains of what was captured. Never more than that, whoever else refunds "
            "at the same time. A repeat of a request whose answer was lost finds out what became of it and moves "
            "nothing twice. `note` is visible to the customer. A shop can require an `Idempotency-Key` here."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        request=AdminCreatePaymentRefundSerializer,
        request_example={
            "amount": 10,
            "refund_reason_id": examples.REFUND_REASON_ID,
            "note": "Sorry for the dented box.",
        },
        response=AdminPaymentResponseSerializer,
        response_example={"payment": examples.REFUNDED_PAYMENT},
    )
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, id: str) -> Response:
        body = self.validated(AdminCreatePaymentRefundSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        refunds.refund(payment_id=id, created_by=self.actor_id, idempotency_key=self.refund_key, **body)
        return _answer(id, query.get("fields"))

    @operation(
        operation_id="adminCancelPayment",
        summary="Cancel a payment",
        description=(
            "Releases what the payment holds and hasn't captured. With nothing captured, the payment is canceled and "
            "its collection can be paid again; else it counts as captured. A payment with nothing left to release "
            "answers 200; one that is captured in full is 400 `invalid_data`."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        request=AdminCancelPaymentSerializer,
        response=AdminPaymentResponseSerializer,
        response_example={"payment": examples.CANCELED_PAYMENT},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, id: str) -> Response:
        self.validated(AdminCancelPaymentSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        payments.cancel(payment_id=id, created_by=self.actor_id, idempotency_key=self.idempotency_key)
        return _answer(id, query.get("fields"))


def _answer(payment_id: str, fields: str | None) -> Response:
    return Response({"payment": admin_payment(payment_queries.detailed(payment_id), fields)})
