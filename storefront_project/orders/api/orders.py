"""`/store/carts/{id}/complete`, `/store/orders` and `/admin/orders`."""

from typing import ClassVar

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents.representations import STAFF, Reader
from medusa_payments.api.lists.pagination import paginate
from medusa_payments.api.openapi.schema import PaymentsAutoSchema
from medusa_payments.api.viewsets import AdminViewSet, StoreViewSet
from medusa_payments.exceptions import PaymentAuthorizationError
from storefront_project.orders import orders
from storefront_project.orders.api import examples
from storefront_project.orders.api.serializers import (
    AdminAuthorizeOrderPaymentSessionSerializer,
    ShopOrderSerializer,
    StoreCompleteCartSerializer,
    authorized_order_document,
    completion_document,
    order_document,
    orders_page,
)
from storefront_project.orders.models import Order
from storefront_project.shop import carts
from storefront_project.shop.api.queries import PageQuery, WholeDocuments
from storefront_project.shop.api.schema import shop_operation
from storefront_project.shop.api.serializers import ShopCartSerializer


class CompletionViewSet(WholeDocuments, StoreViewSet):
    @shop_operation(
        "completeCart",
        schema=PaymentsAutoSchema,
        request=StoreCompleteCartSerializer,
        response=completion_document,
        response_example=examples.PLACED,
    )
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, id: str) -> Response:
        """Complete a cart.

        Has the cart's payment session authorized and places the order: one, however often and by how many callers it
        is asked for. A cart that costs nothing needs no payment. When the provider declines, the answer is `type`
        `cart` with the error, and the cart stays open.
        """
        self.validated(StoreCompleteCartSerializer, request.data)
        context = {"reader": Reader(customer_id=self.customer_id)}
        try:
            order = orders.complete_cart(
                cart_id=id, request=request, idempotency_key=self.idempotency_key, shopper=self.shopper
            )
        except PaymentAuthorizationError as declined:
            error = {
                "message": declined.message,
                "shopper_message": declined.shopper_message,
                "name": declined.type,
                "type": declined.type,
            }
            cart = ShopCartSerializer(carts.get_cart(id), context=context).data
            return Response({"type": "cart", "cart": cart, "error": error})
        return Response({"type": "order", "order": ShopOrderSerializer(order, context=context).data})


class OrderViewSet(WholeDocuments, StoreViewSet):
    @shop_operation("getOrder", response=order_document)
    def retrieve(self, request: Request, id: str) -> Response:
        """Get an order.

        Returns an order with its items and payment collections.
        """
        reader = Reader(customer_id=self.customer_id)
        return Response({"order": ShopOrderSerializer(orders.get_order(id), context={"reader": reader}).data})


class AdminOrderViewSet(WholeDocuments, AdminViewSet):
    required_permissions: ClassVar = {
        "list": "orders.view_order",
        "retrieve": "orders.view_order",
        "authorize_payment_session": "orders.change_order",
    }

    @shop_operation("adminListOrders", parameters=[PageQuery], response=orders_page)
    def list(self, request: Request) -> Response:
        """List orders.

        Returns a page of orders and the count of all.
        """
        page = paginate(Order.objects.all(), self.query)
        documents = ShopOrderSerializer(orders.loaded(page.items), many=True, context={"reader": STAFF}).data
        return Response(page.envelope("orders", [*documents]))

    @shop_operation("adminGetOrder", response=order_document)
    def retrieve(self, request: Request, id: str) -> Response:
        """Get an order.

        Returns an order with its items and payment collections.
        """
        return _answer(id)

    @shop_operation(
        "adminAuthorizeOrderPaymentSession",
        schema=PaymentsAutoSchema,
        request=AdminAuthorizeOrderPaymentSessionSerializer,
        response=authorized_order_document,
    )
    @action(detail=True, methods=["post"], url_path="payment-sessions/authorize")
    def authorize_payment_session(self, request: Request, id: str) -> Response:
        """Authorize a payment session of an order.

        Asks the provider again about a session that is `pending_authorization`. `is_authorized` says whether the money
        has come; while it is still on its way, nothing changes.
        """
        is_authorized = orders.authorize_payment_session(
            order_id=id,
            created_by=self.actor_id,
            request=request,
            idempotency_key=self.idempotency_key,
            **self.validated(AdminAuthorizeOrderPaymentSessionSerializer, request.data),
        )
        return _answer(id, is_authorized=is_authorized)


def _answer(order_id: str, **more: bool) -> Response:
    document = ShopOrderSerializer(orders.get_order(order_id), context={"reader": STAFF}).data
    return Response({"order": document, **more})
