"""Bodies and documents of the shop's API. Amounts on the wire are in major units."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from medusa_payments.api.fields import AmountField, StrictSerializer, StringField
from medusa_payments.api.filters import ListQuery
from medusa_payments.api.representations import Document, store_payment_collection
from medusa_payments.api.serializers.documents import StorePaymentCollectionSerializer
from medusa_payments.queries import payment_collections
from storefront_project.shop.carts import MAX_QUANTITY
from storefront_project.shop.models import Cart

MAX_ITEMS = 100


def amount_from(source: str, **options: Any) -> AmountField:
    """Return a field for a property of a model that is an amount in major units."""
    return AmountField(positive=False, read_only=True, source=source, **options)


class TimeField(serializers.DateTimeField):
    """A time that the renderer writes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format=None, read_only=True, **options)


class QuantityField(serializers.IntegerField):
    """A JSON integer; no text is taken for one."""

    def __init__(self) -> None:
        super().__init__(min_value=1, max_value=MAX_QUANTITY, help_text="How many pieces.")

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeDocumentQuery(StrictSerializer):
    """Takes `fields` from Medusa's clients, and does nothing with it."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        ignored = StringField(required=False, max_length=4096, help_text="Accepted; documents are always whole here.")
        return {**super().get_fields(), "fields": ignored}


class CatalogueQuery(WholeDocumentQuery, ListQuery):
    """Paging of regions and products."""


class CreateCartLineItemSerializer(StrictSerializer):
    variant_id = StringField()
    quantity = QuantityField()


class StoreCreateCartSerializer(StrictSerializer):
    region_id = StringField(help_text="Decides the currency and the payment providers.")
    email = serializers.EmailField(required=False, allow_null=True, max_length=254)
    items = serializers.ListField(child=CreateCartLineItemSerializer(), required=False, max_length=MAX_ITEMS)


class StoreAddCartLineItemSerializer(CreateCartLineItemSerializer):
    """A variant and a quantity."""


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

    @extend_schema_field(StorePaymentCollectionSerializer(allow_null=True))
    def get_payment_collection(self, cart: Cart) -> Document | None:
        collection = payment_collections.of_cart(cart.pk)
        return None if collection is None else store_payment_collection(collection)


class ShopPageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many there are in all.")
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


class ShopRegionListResponseSerializer(ShopPageSerializer):
    regions = ShopRegionSerializer(many=True)


class ShopProductListResponseSerializer(ShopPageSerializer):
    products = ShopProductSerializer(many=True)


class ShopCartResponseSerializer(serializers.Serializer[Any]):
    cart = ShopCartSerializer()


class EmailpassLoginSerializer(StrictSerializer):
    email = StringField()
    password = StringField()


class LoginResponseSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="A JWT, valid for a day: `Authorization: Bearer …`.")


class LedgerEntrySerializer(serializers.Serializer[Any]):
    verb = serializers.CharField()
    session_id = serializers.CharField()
    idempotency_key = serializers.CharField(help_text="The operation that called the provider.")
    amount = serializers.IntegerField(help_text="In minor units.")
    currency_code = serializers.CharField()
    created_at = serializers.DateTimeField()


class LedgerResponseSerializer(serializers.Serializer[Any]):
    entries = LedgerEntrySerializer(many=True)
