"""`/store/orders` and `/admin/orders`."""

from typing import ClassVar

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.pagination import paginate
from medusa_payments.api.representations import STAFF, Reader
from medusa_payments.api.schema import operation
from medusa_payments.api.viewsets import AdminViewSet, StoreViewSet
from storefront_project.shop import orders
from storefront_project.shop.api import examples
from storefront_project.shop.api.schema import TAGS, shop_operation
from storefront_project.shop.api.serializers import (
    AdminAuthorizeOrderPaymentSessionSerializer,
    CatalogueQuery,
    ShopAuthorizedOrderSerializer,
    ShopOrderListResponseSerializer,
    ShopOrderResponseSerializer,
    ShopOrderSerializer,
    WholeDocumentQuery,
)
from storefront_project.shop.models import Order


class OrderViewSet(StoreViewSet):
    @shop_operation(
        operation_id="getOrder",
        summary="Get an order",
        description="Returns an order with its items and payment collections.",
        parameters=[WholeDocumentQuery],
        response=ShopOrderResponseSerializer,
        response_example=examples.ORDER,
    )
    def retrieve(self, request: Request, id: str) -> Response:
        self.validated_query(WholeDocumentQuery)
        reader = Reader(customer_id=self.customer_id)
        return Response({"order": ShopOrderSerializer(orders.get_order(id), context={"reader": reader}).data})


class AdminOrderViewSet(AdminViewSet):
    required_permissions: ClassVar = {
        "list": "shop.view_order",
        "retrieve": "shop.view_order",
        "authorize_payment_session": "shop.change_order",
    }

    @shop_operation(
        operation_id="adminListOrders",
        summary="List orders",
        description="Returns a page of orders and the count of all.",
        parameters=[CatalogueQuery],
        response=ShopOrderListResponseSerializer,
        response_example={"orders": [examples.ORDER["order"]], "count": 1, "offset": 0, "limit": 20},
    )
    def list(self, request: Request) -> Response:
        page = paginate(Order.objects.all(), self.validated_query(CatalogueQuery))
        documents = ShopOrderSerializer(orders.loaded(page.items), many=True, context={"reader": STAFF}).data
        return Response(page.envelope("orders", [*documents]))

    @shop_operation(
        operation_id="adminGetOrder",
        summary="Get an order",
        description="Returns an order with its items and payment collections.",
        parameters=[WholeDocumentQuery],
        response=ShopOrderResponseSerializer,
        response_example=examples.ORDER,
    )
    def retrieve(self, request: Request, id: str) -> Response:
        self.validated_query(WholeDocumentQuery)
        return _answer(id)

    @operation(
        operation_id="adminAuthorizeOrderPaymentSession",
        summary="Authorize a payment session of an order",
        description=(
            "Asks the provider again about a session that is `pending_authorization`. `is_authorized` says whether "
            "the money has come; while it is still on its way, nothing changes."
        ),
        tags=TAGS,
        parameters=[WholeDocumentQuery],
        request=AdminAuthorizeOrderPaymentSessionSerializer,
        request_example=examples.AUTHORIZE_PAYMENT_SESSION,
        response=ShopAuthorizedOrderSerializer,
        response_example={**examples.ORDER, "is_authorized": True},
    )
    @action(detail=True, methods=["post"], url_path="payment-sessions/authorize")
    def authorize_payment_session(self, request: Request, id: str) -> Response:
        body = self.validated(AdminAuthorizeOrderPaymentSessionSerializer, request.data)
        self.validated_query(WholeDocumentQuery)
        is_authorized = orders.authorize_payment_session(
            order_id=id,
            created_by=self.actor_id,
            request=request,
            idempotency_key=self.idempotency_key,
            **body,
        )
        return _answer(id, is_authorized=is_authorized)


def _answer(order_id: str, **more: bool) -> Response:
    document = ShopOrderSerializer(orders.get_order(order_id), context={"reader": STAFF}).data
    return Response({"order": document, **more})
