"""Sessions of a payment collection in the v1 shape.

The paths with `batch` stand before those with a session's id: the router tries the actions in the order of their names.
"""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents.representations import Reader
from medusa_payments.api.openapi.schema import operation
from medusa_payments.api.v1 import examples
from medusa_payments.api.v1.errors import (
    NotAuthorized,
    about_authorizing,
    about_refreshing,
    about_setting_sessions,
    existing_collection,
    session_not_found,
)
from medusa_payments.api.v1.providers import named
from medusa_payments.api.v1.representations import (
    COLLECTION_WITH_PAYMENTS,
    COLLECTION_WITH_SESSIONS,
    Shape,
    payment_session,
)
from medusa_payments.api.v1.serializers import (
    V1AuthorizePaymentSessionsSerializer,
    V1PaymentCollectionResponseSerializer,
    V1PaymentSessionResponseSerializer,
    V1SetPaymentSessionSerializer,
    V1SetPaymentSessionsSerializer,
)
from medusa_payments.api.v1.validation import InV1Words
from medusa_payments.api.viewsets import PublicViewSet
from medusa_payments.exceptions import InvalidData, NotAllowed
from medusa_payments.money import to_major_units
from medusa_payments.queries import PaymentCollection, payment_collections, payment_providers
from medusa_payments.queries import payment_sessions as session_queries
from medusa_payments.services import payment_sessions
from medusa_payments.services.payment_sessions import SessionChoice
from medusa_payments.states import SessionStatus

TAGS = ["v1: payment collections"]
NO_KEY = "No publishable key is needed; one that is sent is checked."


class V1PaymentSessionViewSet(InV1Words, PublicViewSet):
    @operation(
        operation_id="v1AuthorizePaymentSessionBatch",
        summary="Authorize several payment sessions (v1)",
        description=(
            "Authorizes those of a collection's sessions that are named, one after the other. What one provider "
            "refuses keeps the others from nothing: the answer is 200 and the statuses say how far it went. Ids of no "
            f"session are ignored. {NO_KEY}"
        ),
        tags=TAGS,
        request=V1AuthorizePaymentSessionsSerializer,
        request_example={"session_ids": [examples.SESSION_ID]},
        response=V1PaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.AUTHORIZED_COLLECTION},
    )
    @action(detail=True, methods=["post"], url_path="sessions/batch/authorize")
    def authorize_batch(self, request: Request, id: str) -> Response:
        body = self.validated(V1AuthorizePaymentSessionsSerializer, request.data)
        existing_collection(id)
        payment_sessions.authorize_sessions(
            payment_collection_id=id,
            payment_session_ids=body["session_ids"],
            request=request,
            idempotency_key=self.idempotency_key,
            shopper=self.shopper,
        )
        return self._answer(id, COLLECTION_WITH_PAYMENTS)

    @operation(
        operation_id="v1AuthorizePaymentSession",
        summary="Authorize a payment session (v1)",
        description=(
            "Authorizes a session of a payment collection and returns it in the v1 shape. Anything but an authorized "
            f"session is 422 `payment_authorization_error`. {NO_KEY}"
        ),
        tags=TAGS,
        response=V1PaymentSessionResponseSerializer,
        response_example={"payment_session": examples.SESSION},
    )
    @action(detail=True, methods=["post"], url_path="sessions/<str:session_id>/authorize")
    def authorize_one(self, request: Request, id: str, session_id: str) -> Response:
        with about_authorizing(id, session_id):
            session = payment_sessions.authorize(
                payment_collection_id=id,
                payment_session_id=session_id,
                request=request,
                idempotency_key=self.idempotency_key,
                shopper=self.shopper,
            )
        if session.status != SessionStatus.AUTHORIZED:
            raise NotAuthorized(session_id)
        return Response({"payment_session": payment_session(session, self.reader)})

    @operation(
        operation_id="v1ManagePaymentSessionsBatch",
        summary="Manage several payment sessions (v1)",
        description=(
            "Splits the collection among several sessions, each for a part of its amount; the sum is exact. A session "
            "named by `session_id` keeps its id and is changed; live sessions that aren't named are given up. One that "
            f"holds money has to be named as it is. All become live at once or none. {NO_KEY}"
        ),
        tags=TAGS,
        request=V1SetPaymentSessionsSerializer,
        request_example={
            "sessions": [{"provider_id": "manual", "amount": 2000}, {"provider_id": "fake_fake", "amount": 3997}]
        },
        response=V1PaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.SPLIT_COLLECTION},
    )
    @action(detail=True, methods=["post"], url_path="sessions/batch")
    def manage_batch(self, request: Request, id: str) -> Response:
        body = self.validated(V1SetPaymentSessionsSerializer, request.data)
        collection = existing_collection(id)
        choices = [_choice(collection, **chosen) for chosen in body["sessions"]]
        with about_setting_sessions(id):
            payment_sessions.set_sessions(
                payment_collection_id=id,
                sessions=choices,
                customer=self.logged_in_customer,
                request=request,
                idempotency_key=self.idempotency_key,
                shopper=self.shopper,
            )
        return self._answer(id, COLLECTION_WITH_SESSIONS)

    @operation(
        operation_id="v1ManagePaymentSession",
        summary="Create a payment session (v1)",
        description=(
            "Makes a provider the way all of the collection is to be paid. A live session of the same provider is kept "
            f"and changed; all others are given up. {NO_KEY}"
        ),
        tags=TAGS,
        request=V1SetPaymentSessionSerializer,
        request_example={"provider_id": "manual"},
        response=V1PaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.PENDING_COLLECTION},
    )
    @action(detail=True, methods=["post"], url_path="sessions")
    def manage_one(self, request: Request, id: str) -> Response:
        body = self.validated(V1SetPaymentSessionSerializer, request.data)
        provider_id = _enabled(existing_collection(id), body["provider_id"])
        with about_setting_sessions(id):
            payment_sessions.initialize(
                payment_collection_id=id,
                provider_id=provider_id,
                customer=self.logged_in_customer,
                request=request,
                idempotency_key=self.idempotency_key,
                shopper=self.shopper,
            )
        return self._answer(id, COLLECTION_WITH_SESSIONS)

    @operation(
        operation_id="v1RefreshPaymentSession",
        summary="Refresh a payment session (v1)",
        description=(
            "Makes a session anew, with the same provider and a new id, for what the cart costs now; the old one is "
            f"given up. One that holds money which stays is 400 `not_allowed`. {NO_KEY}"
        ),
        tags=TAGS,
        response=V1PaymentSessionResponseSerializer,
        response_example={"payment_session": examples.PENDING_SESSION},
    )
    @action(detail=True, methods=["post"], url_path="sessions/<str:session_id>")
    def refresh(self, request: Request, id: str, session_id: str) -> Response:
        _refuse_if_elsewhere(id, session_id)
        with about_refreshing(session_id):
            session = payment_sessions.refresh(
                payment_collection_id=id,
                payment_session_id=session_id,
                request=request,
                idempotency_key=self.idempotency_key,
                shopper=self.shopper,
            )
        return Response({"payment_session": payment_session(session, self.reader)})

    @property
    def reader(self) -> Reader:
        return Reader(customer_id=self.customer_id)

    def _answer(self, payment_collection_id: str, shape: Shape) -> Response:
        collection = payment_collections.detailed(payment_collection_id)
        return Response({"payment_collection": shape.represent(collection, self.reader)})


def _choice(
    collection: PaymentCollection, *, provider_id: str, amount: int, session_id: str | None = None
) -> SessionChoice:
    return SessionChoice(
        provider_id=_enabled(collection, provider_id),
        amount=to_major_units(amount, collection.currency_code),
        payment_session_id=session_id,
    )


def _enabled(collection: PaymentCollection, name: str) -> str:
    """Return the provider that v1 calls so. Whether a shopper may choose one that takes no money, the service knows."""
    provider_id = named(name, payment_providers.nameable_in(collection.region_id))
    if provider_id is None:
        raise InvalidData("Payment provider not found")
    return provider_id


def _refuse_if_elsewhere(payment_collection_id: str, payment_session_id: str) -> None:
    existing_collection(payment_collection_id)
    belongs_to = session_queries.collection_id_of(payment_session_id)
    if belongs_to is None:
        raise session_not_found(payment_session_id)
    if belongs_to != payment_collection_id:
        raise NotAllowed(
            f"Payment Session {payment_session_id} does not belong to Payment Collection {payment_collection_id}"
        )
