"""Paying for a cart."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents import examples
from medusa_payments.api.documents.representations import store_payment_collection
from medusa_payments.api.lists.filters import SelectionQuery
from medusa_payments.api.openapi.schema import UnkeyedAutoSchema, operation
from medusa_payments.api.store.serializers import (
    StoreAuthorizePaymentSessionSerializer,
    StoreCreatePaymentCollectionSerializer,
    StoreInitializePaymentSessionSerializer,
    StorePaymentCollectionResponseSerializer,
    StoreSetPaymentSessionsSerializer,
)
from medusa_payments.api.viewsets import StoreViewSet
from medusa_payments.queries import payment_collections as collection_queries
from medusa_payments.services import payment_collections, payment_sessions
from medusa_payments.services.payment_sessions import SessionChoice

TAGS = ["Store: payment collections"]


class StorePaymentCollectionViewSet(StoreViewSet):
    @operation(
        operation_id="createPaymentCollection",
        summary="Create a payment collection",
        description=(
            "Returns the payment collection of the cart, created when there is none: one per cart, however often "
            "and by how many callers it is asked for. Its amount follows the cart until something is authorized. A "
            "cart whose currency has changed gets another one where money in the old currency stays."
        ),
        tags=TAGS,
        schema=UnkeyedAutoSchema,
        parameters=[SelectionQuery],
        request=StoreCreatePaymentCollectionSerializer,
        request_example={"cart_id": examples.CART_ID},
        response=StorePaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.NEW_COLLECTION},
    )
    def create(self, request: Request) -> Response:
        body = self.validated(StoreCreatePaymentCollectionSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        collection = payment_collections.create_for_cart(cart_id=body["cart_id"], request=request)
        return self._answer(collection.pk, query.get("fields"))

    @operation(
        operation_id="getPaymentCollection",
        summary="Get a payment collection",
        description="Returns the collection with its live payment sessions and its payments.",
        tags=TAGS,
        parameters=[SelectionQuery],
        response=StorePaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.AUTHORIZED_COLLECTION},
    )
    def retrieve(self, request: Request, id: str) -> Response:
        query = self.validated_query(SelectionQuery)
        return self._answer(id, query.get("fields"))

    @operation(
        operation_id="initializePaymentSession",
        summary="Initialize a payment session",
        description=(
            "Makes a provider the way this collection is to be paid. The same provider again updates the session in "
            "place, with the cart's current amount and the new `data`; another provider replaces it. Refused once the "
            "collection holds money. A collection of amount 0 takes a session with `pp_system_default`."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        request=StoreInitializePaymentSessionSerializer,
        request_example={"provider_id": examples.PROVIDER_ID, "data": {}},
        response=StorePaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.PENDING_COLLECTION},
    )
    @action(detail=True, methods=["post"], url_path="payment-sessions")
    def initialize_payment_session(self, request: Request, id: str) -> Response:
        body = self.validated(StoreInitializePaymentSessionSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        payment_sessions.initialize(
            payment_collection_id=id,
            customer=self.logged_in_customer,
            request=request,
            idempotency_key=self.idempotency_key,
            shopper=self.shopper,
            **body,
        )
        return self._answer(id, query.get("fields"))

    @operation(
        operation_id="setPaymentSessions",
        summary="Split a payment collection among several payment sessions",
        description=(
            "Makes several sessions the way this collection is to be paid, each for a part of its amount, perhaps with "
            "different providers. The parts add up to the collection's amount. A session named by `session_id` is "
            "kept or changed; live sessions that aren't named are given up. All of them become live at once or none. "
            "Authorize each of them. What is paid in part is given back when the rest isn't paid in time."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        request=StoreSetPaymentSessionsSerializer,
        request_example={
            "sessions": [
                {"provider_id": examples.PROVIDER_ID, "amount": 20},
                {"provider_id": "pp_fake_fake", "amount": 39.97, "data": {}},
            ]
        },
        response=StorePaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.SPLIT_COLLECTION},
    )
    @action(detail=True, methods=["post"], url_path="payment-sessions/batch")
    def set_payment_sessions(self, request: Request, id: str) -> Response:
        body = self.validated(StoreSetPaymentSessionsSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        payment_sessions.set_sessions(
            payment_collection_id=id,
            sessions=[_choice(**chosen) for chosen in body["sessions"]],
            customer=self.logged_in_customer,
            request=request,
            idempotency_key=self.idempotency_key,
            shopper=self.shopper,
        )
        return self._answer(id, query.get("fields"))

    @operation(
        operation_id="authorizePaymentSession",
        summary="Authorize a payment session",
        description=(
            "Asks the provider to authorize, or whether the customer has. Answers 200 when the money is authorized, or "
            "when the provider will say later (`pending_authorization`); 400 `not_allowed` when the customer has more "
            "to do or the provider gave up: the session's status, kept, says which."
        ),
        tags=TAGS,
        parameters=[SelectionQuery],
        request=StoreAuthorizePaymentSessionSerializer,
        response=StorePaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.AUTHORIZED_COLLECTION},
    )
    @action(detail=True, methods=["post"], url_path="payment-sessions/<str:session_id>/authorize")
    def authorize_payment_session(self, request: Request, id: str, session_id: str) -> Response:
        self.validated(StoreAuthorizePaymentSessionSerializer, request.data)
        query = self.validated_query(SelectionQuery)
        payment_sessions.authorize(
            payment_collection_id=id,
            payment_session_id=session_id,
            request=request,
            idempotency_key=self.idempotency_key,
            shopper=self.shopper,
        )
        return self._answer(id, query.get("fields"))

    def _answer(self, payment_collection_id: str, fields: str | None) -> Response:
        collection = collection_queries.detailed(payment_collection_id)
        document = store_payment_collection(collection, fields, customer_id=self.customer_id)
        return Response({"payment_collection": document})


def _choice(*, session_id: str | None = None, **chosen: Any) -> SessionChoice:
    return SessionChoice(payment_session_id=session_id, **chosen)
