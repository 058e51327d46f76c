"""Bodies and documents of the shop's API. Amounts on the wire are in major units."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import EmailValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from medusa_payments.api.fields import AmountField, StrictSerializer, StringField
from medusa_payments.api.representations import (
    GUEST,
    STORE_PAYMENT_COLLECTION,
    Document,
    represent,
)
from medusa_payments.api.serializers.documents import PaymentCollectionSerializer
from medusa_payments.queries import PaymentCollection, payment_collections
from storefront_project.shop.api import examples
from storefront_project.shop.api.schema import document, example, page
from storefront_project.shop.carts import MAX_QUANTITY
from storefront_project.shop.models import Cart

MAX_ITEMS = 100


def amount_from(source: str, **options: Any) -> AmountField:
    """Return a field for a property of a model that is an amount in major units."""
    return AmountField(positive=False, read_only=True, source=source, **options)


def payment_collection_document(collection: PaymentCollection, context: Mapping[str, Any]) -> Document:
    """Return a detailed collection as the payment API shows it to the `reader` of the serializer's context."""
    reader = context.get("reader", GUEST)
    return represent("payment_collection", collection, STORE_PAYMENT_COLLECTION.default, reader)


class TimeField(serializers.DateTimeField):
    """A time that the renderer writes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format=None, read_only=True, **options)


class QuantityField(serializers.IntegerField):
    """A JSON integer; no text is taken for one."""

    def __init__(self, *, at_least: int = 1) -> None:
        super().__init__(min_value=at_least, max_value=MAX_QUANTITY, help_text="How many pieces.")

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class EmailField(StringField):
    def __init__(self) -> None:
        super().__init__(required=False, allow_null=True, max_length=254, validators=[EmailValidator(code="email")])


class CreateCartLineItemSerializer(StrictSerializer):
    variant_id = StringField()
    quantity = QuantityField()


@example({"region_id": "reg_eu", "items": [{"variant_id": "variant_tshirt_m", "quantity": 3}]})
class StoreCreateCartSerializer(StrictSerializer):
    region_id = StringField(help_text="Decides the currency and the payment providers.")
    email = EmailField()
    items = serializers.ListField(child=CreateCartLineItemSerializer(), required=False, max_length=MAX_ITEMS)


@example({"variant_id": "variant_mug", "quantity": 1})
class StoreAddCartLineItemSerializer(CreateCartLineItemSerializer):
    """A variant and a quantity."""


@example({"quantity": 2})
class StoreUpdateCartLineItemSerializer(StrictSerializer):
    quantity = QuantityField(at_least=0)


@example({"email": "ada@example.com"})
class StoreUpdateCartSerializer(StrictSerializer):
    email = EmailField()


class ShopRegionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    currency_code = serializers.CharField()
    countries = serializers.SerializerMethodField()
    payment_providers = serializers.SerializerMethodField()

    def get_countries(self, region: Any) -> list[dict[str, str]]:
        return [{"iso_2": code} for code in region.countries]

    def get_payment_providers(self, region: Any) -> list[dict[str, str]]:
        return [{"id": provider_id} for provider_id in region.payment_providers]


class ShopPriceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    amount = amount_from("major_amount")
    currency_code = serializers.CharField()


class ShopVariantSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    prices = ShopPriceSerializer(many=True)


class ShopProductSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    variants = ShopVariantSerializer(many=True)


class ShopLineItemSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    variant_id = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = amount_from("major_unit_price")
    total = amount_from("major_total")


class ShopCartSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    region_id = serializers.CharField()
    currency_code = serializers.CharField()
    email = serializers.EmailField(allow_null=True)
    subtotal = amount_from("major_total", help_text="The sum of the items.")
    total = amount_from("major_total", help_text="What is to be paid: the demo knows no taxes and no shipping.")
    items = ShopLineItemSerializer(many=True)
    payment_collection = serializers.SerializerMethodField()
    completed_at = TimeField(allow_null=True)
    created_at = TimeField()
    updated_at = TimeField()

    @extend_schema_field(PaymentCollectionSerializer(allow_null=True))
    def get_payment_collection(self, cart: Cart) -> Document | None:
        collection = payment_collections.of_cart(cart.pk)
        return None if collection is None else payment_collection_document(collection, self.context)


regions_page = page("ShopRegionListResponse", examples.REGIONS, regions=ShopRegionSerializer(many=True))
region_document = document("ShopRegionResponse", examples.REGION, region=ShopRegionSerializer())
products_page = page("ShopProductListResponse", examples.PRODUCTS, products=ShopProductSerializer(many=True))
product_document = document("ShopProductResponse", examples.PRODUCT, product=ShopProductSerializer())
cart_document = document("ShopCartResponse", examples.CART, cart=ShopCartSerializer())
deleted_line_item_document = document(
    "ShopDeletedLineItem",
    examples.DELETED_LINE_ITEM,
    id=serializers.CharField(),
    object=serializers.CharField(help_text="Always `line-item`."),
    deleted=serializers.BooleanField(),
    parent=ShopCartSerializer(),
)
