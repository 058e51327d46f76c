"""Sessions of a payment collection in the v1 shape."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api import examples
from medusa_payments.api.schema import operation
from medusa_payments.api.serializers.v1 import V1PaymentSessionResponseSerializer
from medusa_payments.api.v1.representations import payment_session
from medusa_payments.api.viewsets import PublicViewSet
from medusa_payments.exceptions import InvalidData, NotAllowed, NotFound, PaymentAuthorizationError
from medusa_payments.queries import PaymentSession, payment_collections
from medusa_payments.services import payment_sessions
from medusa_payments.states import SessionStatus

TAGS = ["v1: payment collections"]


class V1PaymentSessionViewSet(PublicViewSet):
    @operation(
        operation_id="v1AuthorizePaymentSession",
        summary="Authorize a payment session (v1)",
        description=(
            "Authorizes a session of a payment collection and returns it in the v1 shape. Anything but an authorized "
            "session is 422 `payment_authorization_error`. No publishable key is needed; one that is sent is checked."
        ),
        tags=TAGS,
        response=V1PaymentSessionResponseSerializer,
        response_example={"payment_session": examples.V1_SESSION},
    )
    @action(detail=True, methods=["post"], url_path="sessions/<str:session_id>/authorize")
    def authorize(self, request: Request, id: str, session_id: str) -> Response:
        session = _authorized(
            payment_collection_id=id,
            payment_session_id=session_id,
            request=request,
            idempotency_key=self.idempotency_key,
        )
        return Response({"payment_session": payment_session(session)})


@extend_schema_view(authorize=extend_schema(operation_id="storeAuthorizePaymentSessionV1"))
class RootV1PaymentSessionViewSet(V1PaymentSessionViewSet):
    """The same, where the v1 document has it: under the store's own prefix."""


def _authorized(*, payment_collection_id: str, payment_session_id: str, **options: Any) -> PaymentSession:
    try:
        session = payment_sessions.authorize(
            payment_collection_id=payment_collection_id, payment_session_id=payment_session_id, **options
        )
    except (NotAllowed, PaymentAuthorizationError) as error:
        raise _failed(payment_session_id) from error
    except InvalidData as error:
        if "operation_id" not in error.details:  # the request itself is wrong, no provider was asked
            raise
        raise _failed(payment_session_id) from error
    except NotFound as error:
        if payment_collections.exists(payment_collection_id):
            raise _failed(payment_session_id) from error
        raise NotFound(f"Payment collection with id {payment_collection_id} was not found") from error
    if session.status != SessionStatus.AUTHORIZED:
        raise _failed(payment_session_id)
    return session


def _failed(payment_session_id: str) -> PaymentAuthorizationError:
    return PaymentAuthorizationError(f'Failed to authorize Payment Session id "{payment_session_id}"')
