"""`/store/shipping-options`: what brings the goods."""

from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.viewsets import StoreViewSet
from medusa_payments.api.wire.fields import StringField
from storefront_project.shop import carts
from storefront_project.shop.api.queries import WholeDocumentQuery
from storefront_project.shop.api.schema import shop_operation
from storefront_project.shop.api.serializers import ShopShippingOptionSerializer, shipping_options_document
from storefront_project.shop.catalogue import SHIPPING_OPTIONS


class ShippingOptionQuery(WholeDocumentQuery):
    cart_id = StringField(help_text="For which cart.")


class ShippingOptionViewSet(StoreViewSet):
    @shop_operation("listShippingOptions", parameters=[ShippingOptionQuery], response=shipping_options_document)
    def list(self, request: Request) -> Response:
        """List shipping options.

        Returns what can bring the cart's goods: all of it costs nothing.
        """
        carts.get_cart(self.validated_query(ShippingOptionQuery)["cart_id"])
        options = [{"id": option_id, "name": name} for option_id, name in SHIPPING_OPTIONS.items()]
        return Response({"shipping_options": ShopShippingOptionSerializer(options, many=True).data})
