"""Payment collections for the staff: ask for more money for an order, and record what was paid by other means."""

from typing import ClassVar

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.admin.serializers import (
    AdminCreatePaymentCollectionSerializer,
    AdminInitializePaymentSessionSerializer,
    AdminMarkPaymentCollectionAsPaidSerializer,
    AdminPaymentCollectionDeletedSerializer,
    AdminPaymentCollectionResponseSerializer,
    AdminRefundPaymentCollectionSerializer,
)
from medusa_payments.api.documents import examples
from medusa_payments.api.documents.representations import admin_payment_collection
from medusa_payments.api.lists.filters import SelectionQuery
from medusa_payments.api.openapi.schema import UnkeyedAutoSchema, operation
from medusa_payments.api.viewsets import AdminViewSet
from medusa_payments.queries import payment_collections as collection_queries
from medusa_payments.services import collection_refunds, payment_collections, payment_sessions

TAGS = ["Admin: payment collections"]


class AdminPaymentCollectionViewSet(AdminViewSet):
    required_permissions: ClassVar = {
        "create": "medusa_payments.add_paymentcollection",
        "retrieve": "medusa_payments.view_paymentcollection",
        "destroy": "medusa_payments.delete_paymentcollection",
        "mark_as_paid": "medusa_payments.mark_paid_paymentcollection",
        "initialize_payment_session": "medusa_payments.add_paymentsession",
        "refund": "medusa_payments.refund_payment",
    }

    @operation(
        operation_id="adminCreatePaymentCollection",
        summary="Create a payment collection for an order",
        description="Makes a collection for an amount that is still to be paid for the order. Every call makes one.",
        tags=TAGS,
        parameters=[SelectionQuery],
        request=AdminCreatePaymentCollectionSerializer,
        request_example={"order_id": examples.ORDER_ID, "amount": 59.97},
        response=AdminPaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.NEW_COLLECTION},
    )
    def create(self, request: Request) -> Response:
        body = self.validated(AdminCreatePaymentCollectionSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        collection = payment_collections.create_for_order(
            request=request, created_by=self.actor_id, idempotency_key=self.idempotency_key, **body
        )
        return _answer(collection.pk, query.get("fields"))

    @operation(
        operation_id="adminGetPaymentCollection",
        summary="Get a payment collection",
        description="Returns the collection with its live payment sessions and its payments.",
        tags=TAGS,
        parameters=[SelectionQuery],
        response=AdminPaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.AUTHORIZED_COLLECTION},
    )
    def retrieve(self, request: Request, id: str) -> Response:
        query = self.validated_query(SelectionQuery)
        return _answer(id, query.get("fields"))

    @operation(
        operation_id="adminDeletePaymentCollection",
        summary="Delete a payment collection",
        description=(
            "Deletes a collection that nothing was paid for, and gives up its session at the provider. Any status but "
            "`not_paid` is 400 `not_allowed`."
        ),
        tags=TAGS,
        schema=UnkeyedAutoSchema,
        response=AdminPaymentCollectionDeletedSerializer,
        response_example={"id": examples.COLLECTION_ID, "object": "payment-collection", "deleted": True},
    )
    def destroy(self, request: Request, id: str) -> Response:
        payment_collections.delete(payment_collection_id=id, created_by=self.actor_id)
        return Response({"id": id, "object": "payment-collection", "deleted": True})

    @operation(
        operation_id="adminMarkPaymentCollectionAsPaid",
        summary="Mark a payment collection as paid",
        description=(
            "Records that all of it was paid by other means: initializes, authorizes and captures it, "
            "with `pp_system_default` unless told. Any status but `not_paid` is 400 `not_allowed`. A repeat after a "
            "lost answer goes on where it stopped when it carries the same `Idempotency-Key`."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        request=AdminMarkPaymentCollectionAsPaidSerializer,
        request_example={"order_id": examples.ORDER_ID},
        response=AdminPaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.COMPLETED_COLLECTION},
    )
    @action(detail=True, methods=["post"], url_path="mark-as-paid")
    def mark_as_paid(self, request: Request, id: str) -> Response:
        body = self.validated(AdminMarkPaymentCollectionAsPaidSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        payment_collections.mark_as_paid(
            payment_collection_id=id,
            provider_id=body["provider_id"],
            created_by=self.actor_id,
            request=request,
            idempotency_key=self.idempotency_key,
        )
        return _answer(id, query.get("fields"))

    @operation(
        operation_id="adminInitializePaymentSession",
        summary="Initialize a payment session",
        description=(
            "Makes a provider the way this collection is to be paid, as the storefront's route does. Refused once the "
            "collection holds money."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        request=AdminInitializePaymentSessionSerializer,
        request_example={"provider_id": examples.PROVIDER_ID},
        response=AdminPaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.PENDING_COLLECTION},
    )
    @action(detail=True, methods=["post"], url_path="payment-sessions")
    def initialize_payment_session(self, request: Request, id: str) -> Response:
        body = self.validated(AdminInitializePaymentSessionSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        payment_sessions.initialize(
            payment_collection_id=id,
            created_by=self.actor_id,
            request=request,
            idempotency_key=self.idempotency_key,
            **body,
        )
        return _answer(id, query.get("fields"))

    @operation(
        operation_id="adminRefundPaymentCollection",
        summary="Refund a payment collection",
        description=(
            "Gives back `amount`, or all that remains of what was captured, across the collection's payments, exact to "
            "the minor unit and never more of a payment than it can give back. With an `Idempotency-Key`, a repeat "
            "goes on with the same parts; so does one without whose answer was lost. Where one provider refuses, the "
            "other parts stand. A shop can require an `Idempotency-Key` here."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        request=AdminRefundPaymentCollectionSerializer,
        request_example={"amount": 10, "strategy": "proportional", "note": "Sorry for the dented box."},
        response=AdminPaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.REFUNDED_COLLECTION},
    )
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, id: str) -> Response:
        body = self.validated(AdminRefundPaymentCollectionSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        collection_refunds.refund(
            payment_collection_id=id, created_by=self.actor_id, idempotency_key=self.refund_key, **body
        )
        return _answer(id, query.get("fields"))


def _answer(payment_collection_id: str, fields: str | None) -> Response:
    collection = collection_queries.detailed(payment_collection_id)
    return Response({"payment_collection": admin_payment_collection(collection, fields)})
