"""Bodies and documents of carts. Amounts on the wire are in major units."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from medusa_payments.api.documents.representations import (
    GUEST,
    STORE_PAYMENT_COLLECTION,
    Document,
    represent,
)
from medusa_payments.api.documents.serializers import PaymentCollectionSerializer
from medusa_payments.api.wire.fields import StrictSerializer, StringField
from medusa_payments.queries import PaymentCollection, payment_collections
from storefront_project.shop.api import examples
from storefront_project.shop.api.catalogue_serializers import ShopRegionSerializer
from storefront_project.shop.api.fields import (
    EmailField,
    QuantityField,
    TimeField,
    amount_from,
    no_amount,
    no_rows,
    no_text,
)
from storefront_project.shop.api.schema import Field, document, example
from storefront_project.shop.catalogue import SHIPPING_OPTIONS
from storefront_project.shop.models import Cart

MAX_ITEMS = 100
ADDRESS_PARTS = tuple(examples.ADDRESS)


def payment_collection_document(collection: PaymentCollection, context: Mapping[str, Any]) -> Document:
    """Return a detailed collection as the payment API shows it to the `reader` of the serializer's context."""
    reader = context.get("reader", GUEST)
    return represent("payment_collection", collection, STORE_PAYMENT_COLLECTION.default, reader)


class EmptySerializer(StrictSerializer):
    """Nothing to say."""


class StoreAddressSerializer(StrictSerializer):
    """Takes any part of an address; what isn't told is null."""

    def get_fields(self) -> dict[str, Field]:
        return {part: StringField(required=False, allow_null=True, default=None) for part in ADDRESS_PARTS}


class CartDetailsSerializer(StrictSerializer):
    email = EmailField(required=False, allow_null=True)
    locale = StringField(required=False, allow_null=True, max_length=64)
    shipping_address = StoreAddressSerializer(
        required=False, allow_null=True, help_text="In a country of the cart's region."
    )
    billing_address = StoreAddressSerializer(required=False, allow_null=True)
    promo_codes = serializers.ListField(
        child=StringField(),
        required=False,
        max_length=MAX_ITEMS,
        help_text="The demo has no promotions: any code is refused.",
    )


class CreateCartLineItemSerializer(StrictSerializer):
    variant_id = StringField()
    quantity = QuantityField()


@example({"region_id": "reg_eu", "items": [{"variant_id": "variant_tshirt_m", "quantity": 3}]})
class StoreCreateCartSerializer(CartDetailsSerializer):
    region_id = StringField(help_text="Decides the currency and the payment providers.")
    items = serializers.ListField(child=CreateCartLineItemSerializer(), required=False, max_length=MAX_ITEMS)


@example({"variant_id": "variant_mug", "quantity": 1})
class StoreAddCartLineItemSerializer(CreateCartLineItemSerializer):
    """A variant and a quantity."""


@example({"quantity": 2})
class StoreUpdateCartLineItemSerializer(StrictSerializer):
    quantity = QuantityField(at_least=0)


@example({"email": "ada@example.com", "shipping_address": examples.ADDRESS, "billing_address": examples.ADDRESS})
class StoreUpdateCartSerializer(CartDetailsSerializer):
    region_id = StringField(required=False, help_text="Another region brings its currency and its prices.")


@example({"option_id": "so_free"})
class StoreAddCartShippingMethodSerializer(StrictSerializer):
    option_id = StringField(help_text="One of the shipping options.")


class ShopItemVariantSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()


class ShopLineItemSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    product_title = serializers.CharField(source="variant.product.title")
    product_handle = serializers.CharField(source="variant.product.handle")
    variant_id = serializers.CharField()
    variant = ShopItemVariantSerializer()
    thumbnail = no_text()
    quantity = serializers.IntegerField()
    unit_price = amount_from("major_unit_price")
    original_total = amount_from("major_total")
    total = amount_from("major_total")
    created_at = TimeField()


class ShopAddressSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Field]:
        return {part: serializers.CharField(allow_null=True) for part in ADDRESS_PARTS}


class ShopShippingMethodSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    shipping_option_id = serializers.CharField()
    amount = no_amount()
    total = no_amount()


class TotalsSerializer(serializers.Serializer[Any]):
    """What a cart or an order comes to: what its items cost, and nothing else."""

    item_subtotal = amount_from("major_total")
    item_total = amount_from("major_total")
    subtotal = amount_from("major_total", help_text="The sum of the items.")
    original_total = amount_from("major_total")
    total = amount_from("major_total", help_text="What is to be paid: the demo knows no taxes, and shipping is free.")
    discount_subtotal = no_amount()
    discount_total = no_amount()
    shipping_subtotal = no_amount()
    shipping_total = no_amount()
    tax_total = no_amount()
    gift_card_total = no_amount()


class ShopCartSerializer(TotalsSerializer):
    id = serializers.CharField()
    region_id = serializers.CharField()
    region = ShopRegionSerializer()
    currency_code = serializers.CharField()
    customer_id = serializers.CharField(allow_null=True)
    email = serializers.EmailField(allow_null=True)
    locale = serializers.CharField(allow_null=True)
    items = ShopLineItemSerializer(many=True)
    promotions = no_rows()
    shipping_address = ShopAddressSerializer(allow_null=True)
    billing_address = ShopAddressSerializer(allow_null=True)
    shipping_methods = serializers.SerializerMethodField()
    payment_collection = serializers.SerializerMethodField()
    completed_at = TimeField(allow_null=True)
    created_at = TimeField()
    updated_at = TimeField()

    @extend_schema_field(ShopShippingMethodSerializer(many=True))
    def get_shipping_methods(self, cart: Cart) -> list[Document]:
        return shipping_methods(cart)

    @extend_schema_field(PaymentCollectionSerializer(allow_null=True))
    def get_payment_collection(self, cart: Cart) -> Document | None:
        collection = payment_collections.of_cart(cart.pk)
        return None if collection is None else payment_collection_document(collection, self.context)


class ShopShippingOptionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    price_type = serializers.CharField(read_only=True, default="flat")
    amount = no_amount()
    insufficient_inventory = serializers.BooleanField(read_only=True, default=False)


def shipping_methods(cart: Cart) -> list[Document]:
    """Return what the shopper has chosen; nothing before that."""
    option_id = cart.shipping_option_id
    if not option_id:
        return []
    method = {
        "id": f"casm_{cart.pk.removeprefix('cart_')}",
        "name": SHIPPING_OPTIONS.get(option_id, option_id),
        "shipping_option_id": option_id,
    }
    return [dict(ShopShippingMethodSerializer(method).data)]


cart_document = document("ShopCartResponse", examples.CART, cart=ShopCartSerializer())
shipping_options_document = document(
    "ShopShippingOptionListResponse",
    examples.SHIPPING_OPTIONS,
    shipping_options=ShopShippingOptionSerializer(many=True),
)
deleted_line_item_document = document(
    "ShopDeletedLineItem",
    examples.DELETED_LINE_ITEM,
    id=serializers.CharField(),
    object=serializers.CharField(help_text="Always `line-item`."),
    deleted=serializers.BooleanField(),
    parent=ShopCartSerializer(),
)
