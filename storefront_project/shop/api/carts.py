"""`/store/carts`: filling a cart, and making an order of it."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.representations import Reader
from medusa_payments.api.schema import operation
from medusa_payments.api.viewsets import StoreViewSet
from medusa_payments.exceptions import PaymentAuthorizationError
from storefront_project.shop import carts, orders
from storefront_project.shop.api import examples
from storefront_project.shop.api.schema import TAGS, shop_operation
from storefront_project.shop.api.serializers import (
    ShopCartResponseSerializer,
    ShopCartSerializer,
    ShopDeletedLineItemSerializer,
    ShopOrderSerializer,
    StoreAddCartLineItemSerializer,
    StoreCompleteCartSerializer,
    StoreCreateCartSerializer,
    StoreUpdateCartLineItemSerializer,
    StoreUpdateCartSerializer,
    WholeDocumentQuery,
    complete_cart_response,
)
from storefront_project.shop.models import Cart
from storefront_project.shop.payments import refresh_payment_collection


class CartViewSet(StoreViewSet):
    @shop_operation(
        operation_id="createCart",
        summary="Create a cart",
        description="Makes a cart in the region's currency, empty or with items.",
        parameters=[WholeDocumentQuery],
        request=StoreCreateCartSerializer,
        request_example=examples.CREATE_CART,
        response=ShopCartResponseSerializer,
        response_example=examples.CART,
    )
    def create(self, request: Request) -> Response:
        body = self.validated(StoreCreateCartSerializer, request.data)
        self.validated_query(WholeDocumentQuery)
        return self._answer(carts.create_cart(**body))

    @shop_operation(
        operation_id="getCart",
        summary="Get a cart",
        description="Returns a cart with its items and, once there is one, its payment collection.",
        parameters=[WholeDocumentQuery],
        response=ShopCartResponseSerializer,
        response_example=examples.CART,
    )
    def retrieve(self, request: Request, id: str) -> Response:
        self.validated_query(WholeDocumentQuery)
        return self._answer(carts.get_cart(id))

    @shop_operation(
        operation_id="updateCart",
        summary="Update a cart",
        description="Changes the email. Refused for a completed cart.",
        parameters=[WholeDocumentQuery],
        request=StoreUpdateCartSerializer,
        request_example=examples.UPDATE_CART,
        response=ShopCartResponseSerializer,
        response_example=examples.CART,
    )
    def update(self, request: Request, id: str) -> Response:
        body = self.validated(StoreUpdateCartSerializer, request.data)
        self.validated_query(WholeDocumentQuery)
        return self._answer(carts.update_cart(cart_id=id, **body))

    @shop_operation(
        operation_id="addLineItem",
        summary="Add a line item",
        description=(
            "Puts pieces of a variant into the cart; a variant that is there already grows in quantity. "
            "The cart's payment collection follows the new total unless it holds money."
        ),
        parameters=[WholeDocumentQuery],
        request=StoreAddCartLineItemSerializer,
        request_example=examples.ADD_LINE_ITEM,
        response=ShopCartResponseSerializer,
        response_example=examples.CART,
    )
    @action(detail=True, methods=["post"], url_path="line-items")
    def line_items(self, request: Request, id: str) -> Response:
        body = self.validated(StoreAddCartLineItemSerializer, request.data)
        self.validated_query(WholeDocumentQuery)
        return self._answer_changed(carts.add_line_item(cart_id=id, **body))

    @shop_operation(
        operation_id="updateLineItem",
        summary="Update a line item",
        description="Sets how many pieces a line has; 0 removes it.",
        parameters=[WholeDocumentQuery],
        request=StoreUpdateCartLineItemSerializer,
        request_example=examples.UPDATE_LINE_ITEM,
        response=ShopCartResponseSerializer,
        response_example=examples.CART,
    )
    @action(detail=True, methods=["post"], url_path="line-items/<str:line_item_id>")
    def line_item(self, request: Request, id: str, line_item_id: str) -> Response:
        body = self.validated(StoreUpdateCartLineItemSerializer, request.data)
        self.validated_query(WholeDocumentQuery)
        return self._answer_changed(carts.update_line_item(cart_id=id, line_item_id=line_item_id, **body))

    @shop_operation(
        operation_id="deleteLineItem",
        summary="Delete a line item",
        description="Removes a line; `parent` is the cart without it.",
        parameters=[WholeDocumentQuery],
        response=ShopDeletedLineItemSerializer,
        response_example=examples.DELETED_LINE_ITEM,
    )
    @line_item.mapping.delete
    def delete_line_item(self, request: Request, id: str, line_item_id: str) -> Response:
        self.validated_query(WholeDocumentQuery)
        answer = self._answer_changed(carts.update_line_item(cart_id=id, line_item_id=line_item_id, quantity=0))
        return Response({"id": line_item_id, "object": "line-item", "deleted": True, "parent": answer.data["cart"]})

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
        try:
            order = orders.complete_cart(cart_id=id, request=request, idempotency_key=self.idempotency_key)
        except PaymentAuthorizationError as declined:
            error = {"message": declined.message, "name": declined.type, "type": declined.type}
            return Response({"type": "cart", "cart": self._document(carts.get_cart(id)), "error": error})
        return Response({"type": "order", "order": ShopOrderSerializer(order, context=self._context).data})

    @property
    def _context(self) -> dict[str, Reader]:
        return {"reader": Reader(customer_id=self.customer_id)}

    def _document(self, cart: Cart) -> Any:
        return ShopCartSerializer(cart, context=self._context).data

    def _answer(self, cart: Cart) -> Response:
        return Response({"cart": self._document(cart)})

    def _answer_changed(self, cart: Cart) -> Response:
        refresh_payment_collection(cart.pk, self.request)
        return self._answer(cart)
