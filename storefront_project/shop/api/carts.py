"""`/store/carts`: filling a cart."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents.representations import Reader
from medusa_payments.api.viewsets import StoreViewSet
from storefront_project.shop import carts
from storefront_project.shop.api.queries import WholeDocuments
from storefront_project.shop.api.schema import shop_operation
from storefront_project.shop.api.serializers import (
    ShopCartSerializer,
    StoreAddCartLineItemSerializer,
    StoreAddCartShippingMethodSerializer,
    StoreCreateCartSerializer,
    StoreUpdateCartLineItemSerializer,
    StoreUpdateCartSerializer,
    cart_document,
    deleted_line_item_document,
)
from storefront_project.shop.models import Cart
from storefront_project.shop.payments import refresh_payment_collection


class CartViewSet(WholeDocuments, StoreViewSet):
    @shop_operation("createCart", request=StoreCreateCartSerializer, response=cart_document)
    def create(self, request: Request) -> Response:
        """Create a cart.

        Makes a cart in the region's currency, empty or with items.
        """
        return self._answer(carts.create_cart(**self.validated(StoreCreateCartSerializer, request.data)))

    @shop_operation("getCart", response=cart_document)
    def retrieve(self, request: Request, id: str) -> Response:
        """Get a cart.

        Returns a cart with its items and, once there is one, its payment collection.
        """
        return self._answer(carts.get_cart(id))

    @shop_operation("updateCart", request=StoreUpdateCartSerializer, response=cart_document)
    def update(self, request: Request, id: str) -> Response:
        """Update a cart.

        Changes the email, the addresses, the language or the region. In another region the cart has another currency
        and other prices, and its payment collection follows unless it holds money. Refused for a completed cart.
        """
        body = self.validated(StoreUpdateCartSerializer, request.data)
        cart = carts.update_cart(cart_id=id, **body)
        return self._answer_changed(cart) if "region_id" in body else self._answer(cart)

    @shop_operation("addShippingMethod", request=StoreAddCartShippingMethodSerializer, response=cart_document)
    @action(detail=True, methods=["post"], url_path="shipping-methods")
    def shipping_methods(self, request: Request, id: str) -> Response:
        """Choose a shipping method.

        Chooses how the goods come, in place of what was chosen before.
        """
        body = self.validated(StoreAddCartShippingMethodSerializer, request.data)
        return self._answer(carts.choose_shipping(cart_id=id, **body))

    @shop_operation("addLineItem", request=StoreAddCartLineItemSerializer, response=cart_document)
    @action(detail=True, methods=["post"], url_path="line-items")
    def line_items(self, request: Request, id: str) -> Response:
        """Add a line item.

        Puts pieces of a variant into the cart; a variant that is there already grows in quantity. The cart's payment
        collection follows the new total unless it holds money.
        """
        body = self.validated(StoreAddCartLineItemSerializer, request.data)
        return self._answer_changed(carts.add_line_item(cart_id=id, **body))

    @shop_operation("updateLineItem", request=StoreUpdateCartLineItemSerializer, response=cart_document)
    @action(detail=True, methods=["post"], url_path="line-items/<str:line_item_id>")
    def line_item(self, request: Request, id: str, line_item_id: str) -> Response:
        """Update a line item.

        Sets how many pieces a line has; 0 removes it.
        """
        body = self.validated(StoreUpdateCartLineItemSerializer, request.data)
        return self._answer_changed(carts.update_line_item(cart_id=id, line_item_id=line_item_id, **body))

    @shop_operation("deleteLineItem", response=deleted_line_item_document)
    @line_item.mapping.delete
    def delete_line_item(self, request: Request, id: str, line_item_id: str) -> Response:
        """Delete a line item.

        Removes a line; `parent` is the cart without it.
        """
        answer = self._answer_changed(carts.update_line_item(cart_id=id, line_item_id=line_item_id, quantity=0))
        return Response({"id": line_item_id, "object": "line-item", "deleted": True, "parent": answer.data["cart"]})

    def _answer(self, cart: Cart) -> Response:
        context = {"reader": Reader(customer_id=self.customer_id)}
        return Response({"cart": ShopCartSerializer(cart, context=context).data})

    def _answer_changed(self, cart: Cart) -> Response:
        refresh_payment_collection(cart.pk, self.request)
        return self._answer(cart)
