"""Payment collections in the v1 shape, for the storefront."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.openapi.schema import operation
from medusa_payments.api.v1 import examples
from medusa_payments.api.v1.errors import existing_collection
from medusa_payments.api.v1.payment_sessions import NO_KEY, TAGS, V1PaymentSessionViewSet
from medusa_payments.api.v1.representations import STORE_COLLECTION
from medusa_payments.api.v1.serializers import V1PaymentCollectionResponseSerializer, V1SelectionQuery
from medusa_payments.queries import payment_collections


class V1StorePaymentCollectionViewSet(V1PaymentSessionViewSet):
    @operation(
        operation_id="v1GetPaymentCollection",
        summary="Get a payment collection (v1)",
        description=f"Returns the collection with its region and its live payment sessions. {NO_KEY}",
        tags=TAGS,
        parameters=[V1SelectionQuery],
        response=V1PaymentCollectionResponseSerializer,
        response_example={"payment_collection": examples.STORE_COLLECTION},
    )
    def retrieve(self, request: Request, id: str) -> Response:
        query = self.validated_query(V1SelectionQuery)
        existing_collection(id)
        collection = payment_collections.detailed(id)
        return Response({"payment_collection": STORE_COLLECTION.represent(collection, self.reader, **query)})


@extend_schema_view(
    authorize_batch=extend_schema(operation_id="storeAuthorizePaymentSessionBatchV1"),
    authorize_one=extend_schema(operation_id="storeAuthorizePaymentSessionV1"),
    manage_batch=extend_schema(operation_id="storeManagePaymentSessionsBatchV1"),
    manage_one=extend_schema(operation_id="storeManagePaymentSessionV1"),
    refresh=extend_schema(operation_id="storeRefreshPaymentSessionV1"),
)
class RootV1PaymentSessionViewSet(V1PaymentSessionViewSet):
    """The sessions, where the v1 document has them: under the store's own prefix. No path of v2 collides with them."""
