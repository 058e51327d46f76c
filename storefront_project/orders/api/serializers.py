"""Bodies and documents of orders. Amounts on the wire are in major units."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field, inline_serializer
from rest_framework import serializers

from medusa_payments.api.documents.examples import SESSION_ID
from medusa_payments.api.documents.representations import GUEST, Document
from medusa_payments.api.documents.serializers import PaymentCollectionSerializer
from medusa_payments.api.wire.fields import StrictSerializer, StringField
from storefront_project.orders.api import examples
from storefront_project.orders.models import Order
from storefront_project.orders.payment_status import PaymentStatus, payment_status
from storefront_project.shop.api.fields import TimeField
from storefront_project.shop.api.schema import document, example, page
from storefront_project.shop.api.serializers import (
    ShopAddressSerializer,
    ShopCartSerializer,
    ShopLineItemSerializer,
    ShopShippingMethodSerializer,
    TotalsSerializer,
    payment_collection_document,
    shipping_methods,
)


class StoreCompleteCartSerializer(StrictSerializer):
    """Nothing to say."""


@example({"payment_session_id": SESSION_ID})
class AdminAuthorizeOrderPaymentSessionSerializer(StrictSerializer):
    payment_session_id = StringField(help_text="A session of one of the order's payment collections.")


class ShopOrderSerializer(TotalsSerializer):
    """Takes orders that `orders.loaded` has loaded."""

    reader = GUEST

    id = serializers.CharField()
    cart_id = serializers.CharField()
    status = serializers.SerializerMethodField(help_text="The demo's orders stay pending: nothing is shipped.")
    payment_status = serializers.SerializerMethodField()
    email = serializers.EmailField(allow_null=True)
    fulfillment_status = serializers.CharField(read_only=True, default="not_fulfilled")
    region_id = serializers.CharField(source="cart.region_id")
    customer_id = serializers.CharField(source="cart.customer_id", allow_null=True)
    currency_code = serializers.CharField()
    shipping_address = ShopAddressSerializer(source="cart.shipping_address", allow_null=True)
    billing_address = ShopAddressSerializer(source="cart.billing_address", allow_null=True)
    shipping_methods = serializers.SerializerMethodField()
    items = ShopLineItemSerializer(many=True, source="cart.items")
    payment_collections = serializers.SerializerMethodField()
    created_at = TimeField()

    def get_status(self, _order: Order) -> str:
        return "pending"

    @extend_schema_field(serializers.ChoiceField([status.value for status in PaymentStatus]))
    def get_payment_status(self, order: Order) -> str:
        return payment_status(order.total, order.payment_collections)

    @extend_schema_field(ShopShippingMethodSerializer(many=True))
    def get_shipping_methods(self, order: Order) -> list[Document]:
        return shipping_methods(order.cart)

    @extend_schema_field(PaymentCollectionSerializer(many=True))
    def get_payment_collections(self, order: Order) -> list[Document]:
        return [payment_collection_document(each, self.context) for each in order.payment_collections]


class ShopCompletionErrorSerializer(serializers.Serializer[Any]):
    message = serializers.CharField(help_text="What the provider says. Safe to show.")
    shopper_message = serializers.CharField(help_text="What to tell the customer, in the language of the request.")
    name = serializers.CharField()
    type = serializers.CharField()


orders_page = page("ShopOrderListResponse", examples.ORDERS, orders=ShopOrderSerializer(many=True))
order_document = document("ShopOrderResponse", examples.ORDER, order=ShopOrderSerializer())
authorized_order_document = document(
    "ShopAuthorizedOrder",
    {**examples.ORDER, "is_authorized": True},
    order=ShopOrderSerializer(),
    is_authorized=serializers.BooleanField(help_text="False while the money is still on its way."),
)
placed_order = {"type": serializers.CharField(help_text="`order`"), "order": ShopOrderSerializer()}
open_cart = {
    "type": serializers.CharField(help_text="`cart`"),
    "cart": ShopCartSerializer(),
    "error": ShopCompletionErrorSerializer(),
}
completion_document = PolymorphicProxySerializer(
    component_name="ShopCompletedCart",
    serializers=[inline_serializer("ShopPlacedOrder", placed_order), inline_serializer("ShopOpenCart", open_cart)],
    resource_type_field_name=None,
)
