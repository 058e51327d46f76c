"""`/store/carts/{id}/complete`, `/store/orders` and `/admin/orders`."""

from typing import ClassVar

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.pagination import paginate
from medusa_payments.api.representations import STAFF, Reader
from medusa_payments.api.schema import operation
from medusa_payments.api.viewsets import AdminViewSet, StoreViewSet
from medusa_payments.exceptions import PaymentAuthorizationError
from storefront_project.orders import orders
from storefront_project.orders.api import examples
from storefront_project.orders.api.serializers import (
    AdminAuthorizeOrderPaymentSessionSerializer,
    ShopAuthorizedOrderSerializer,
    ShopOrderListResponseSerializer,
    ShopOrderResponseSerializer,
    ShopOrderSerializer,
    StoreCompleteCartSerializer,
    complete_cart_response,
)
from storefront_project.orders.models import Order
from storefront_project.shop import carts
from storefront_project.shop.api.schema import TAGS, shop_operation
from storefront_project.shop.api.serializers import CatalogueQuery, ShopCartSerializer, WholeDocumentQuery


class CompletionViewSet(StoreViewSet):
    @operation(
        operation_id="completeCart",
        summary="Complete a cart",
        description=(
            "Has the cart's payment session authorized and places the order: one, however often and by how many "
            "callers it is asked for. A cart that costs nothing needs no payment. When the provider declines, the "
            "answer is `type` `cart` with the error, and the cart stays open."
        ),
        tags=TAGS,
        parameters=[WholeDocumentQuery],
        request=StoreCompleteCartSerializer,
        response=complete_cart_response,
        response_example={"type": "order", **examples.ORDER},
    )
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, id: str) -> Response:
        self.validated(StoreCompleteCartSerializer, request.data)
        self.validated_query(WholeDocumentQuery)
        context = {"reader": Reader(customer_id=self.customer_id)}
        try:
            order = orders.complete_cart(cart_id=id, request=request, idempotency_key=self.idempotency_key)
        except PaymentAuthorizationError as declined:
            error = {"message": declined.message, "name": declined.type, "type": declined.type}
            cart = ShopCartSerializer(carts.get_cart(id), context=context).data
            return Response({"type": "cart", "cart": cart, "error": error})
        return Response({"type": "order", "order": ShopOrderSerializer(order, context=context).data})


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
        "list": "orders.view_order",
        "retrieve": "orders.view_order",
        "authorize_payment_session": "orders.change_order",
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
