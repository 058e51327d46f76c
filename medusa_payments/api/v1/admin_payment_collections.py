"""Payment collections in the v1 shape, for the staff."""

from contextlib import suppress
from typing import ClassVar

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents.representations import STAFF
from medusa_payments.api.openapi.schema import UnkeyedAutoSchema, operation
from medusa_payments.api.v1 import examples
from medusa_payments.api.v1.errors import existing_collection
from medusa_payments.api.v1.representations import ADMIN_COLLECTION, SAVED_COLLECTION, collection_status
from medusa_payments.api.v1.serializers import (
    V1PaymentCollectionDeletedSerializer,
    V1PaymentCollectionResponseSerializer,
    V1SelectionQuery,
    V1UpdatePaymentCollectionSerializer,
)
from medusa_payments.api.v1.validation import InV1Words
from medusa_payments.api.viewsets import AdminViewSet
from medusa_payments.exceptions import NotAllowed, NotFound
from medusa_payments.queries import payment_collections as collection_queries
from medusa_payments.services import collection_notes, manual_authorization, payment_collections

TAGS = ["v1: payment collections of the staff"]


class V1AdminPaymentCollectionViewSet(InV1Words, AdminViewSet):
    required_permissions: ClassVar = {
        "retrieve": "medusa_payments.view_paymentcollection",
        "update": "medusa_payments.change_paymentcollection",
        "destroy": "medusa_payments.delete_paymentcollection",
        "authorize": "medusa_payments.mark_paid_paymentcollection",
    }

    @operation(
        operation_id="v1AdminGetPaymentCollection",
        summary="Get a payment collection (v1)",
        description="Returns the collection with its live payment sessions and its payments.",
        tags=TAGS,
        parameters=[V1SelectionQuery],
        response=V1PaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.ADMIN_COLLECTION},
    )
    def retrieve(self, request: Request, id: str) -> Response:
        query = self.validated_query(V1SelectionQuery)
        existing_collection(id)
        collection = collection_queries.detailed(id)
        return Response({"payment_collection": ADMIN_COLLECTION.represent(collection, STAFF, **query)})

    @operation(
        operation_id="v1AdminUpdatePaymentCollection",
        summary="Update a payment collection (v1)",
        description='Changes the description, and merges the metadata; a value of "" removes its key.',
        tags=TAGS,
        schema=UnkeyedAutoSchema,
        request=V1UpdatePaymentCollectionSerializer,
        request_example={"description": "Two shirts more", "metadata": {"ticket": "4711"}},
        response=V1PaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.SAVED_COLLECTION},
    )
    def update(self, request: Request, id: str) -> Response:
        body = self.validated(V1UpdatePaymentCollectionSerializer, request.data)
        existing_collection(id)
        collection_notes.update(payment_collection_id=id, created_by=self.actor_id, **body)
        return _saved(id)

    @operation(
        operation_id="v1AdminDeletePaymentCollection",
        summary="Delete a payment collection (v1)",
        description=(
            "Deletes a collection that nothing was paid for, and gives up its sessions at their providers. Any status "
            "but `not_paid` and `canceled` is 400 `not_allowed`. An unknown id is 200."
        ),
        tags=TAGS,
        schema=UnkeyedAutoSchema,
        response=V1PaymentCollectionDeletedSerializer,
        response_example={"id": examples.COLLECTION_ID, "object": "payment_collection", "deleted": True},
    )
    def destroy(self, request: Request, id: str) -> Response:
        with suppress(NotFound):
            _delete(id, created_by=self.actor_id)
        return Response({"id": id, "object": "payment_collection", "deleted": True})

    @operation(
        operation_id="v1AdminMarkPaymentCollectionAsAuthorized",
        summary="Mark a payment collection as authorized (v1)",
        description=(
            "Records that what is lacking will be paid by other means: a session of `manual` is made for it and "
            "authorized. Its payment is captured once the money is there. What other sessions hold is kept."
        ),
        tags=TAGS,
        response=V1PaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.SAVED_COLLECTION},
    )
    @action(detail=True, methods=["post"])
    def authorize(self, request: Request, id: str) -> Response:
        existing_collection(id)
        manual_authorization.mark_as_authorized(
            payment_collection_id=id, created_by=self.actor_id, request=request, idempotency_key=self.idempotency_key
        )
        return _saved(id)


def _delete(payment_collection_id: str, *, created_by: str) -> None:
    try:
        payment_collections.delete(
            payment_collection_id=payment_collection_id, created_by=created_by, may_be_canceled=True
        )
    except NotAllowed as error:
        status = collection_status(collection_queries.existing(payment_collection_id))
        raise NotAllowed(f"Cannot delete payment collection with status {status}") from error


def _saved(payment_collection_id: str) -> Response:
    collection = collection_queries.existing(payment_collection_id)
    return Response({"payment_collection": SAVED_COLLECTION.represent(collection, STAFF)})
