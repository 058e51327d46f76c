"""`/store/carts`: filling a cart."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.representations import Reader
from medusa_payments.api.viewsets import StoreViewSet
from storefront_project.shop import carts
from storefront_project.shop.api import examples
from storefront_project.shop.api.schema import shop_operation
from storefront_project.shop.api.serializers import (
    ShopCartResponseSerializer,
    ShopCartSerializer,
    ShopDeletedLineItemSerializer,
    StoreAddCartLineItemSerializer,
    StoreCreateCartSerializer,
    StoreUpdateCartLineItemSerializer,
    StoreUpdateCartSerializer,
    WholeDocumentQuery,
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

    def _answer(self, cart: Cart) -> Response:
        context = {"reader": Reader(customer_id=self.customer_id)}
        return Response({"cart": ShopCartSerializer(cart, context=context).data})

    def _answer_changed(self, cart: Cart) -> Response:
        refresh_payment_collection(cart.pk, self.request)
        return self._answer(cart)
