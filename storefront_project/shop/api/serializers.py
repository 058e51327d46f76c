"""Bodies and documents of the shop's API. Amounts on the wire are in major units."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import EmailValidator
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from medusa_payments.api.fields import AmountField, StrictSerializer, StringField
from medusa_payments.api.filters import ListQuery
from medusa_payments.api.representations import (
    GUEST,
    STORE_PAYMENT_COLLECTION,
    Document,
    represent,
)
from medusa_payments.api.serializers.documents import PaymentCollectionSerializer
from medusa_payments.queries import PaymentCollection, payment_collections
from storefront_project.shop.carts import MAX_QUANTITY
from storefront_project.shop.models import Cart, Order
from storefront_project.shop.payment_status import PaymentStatus, payment_status

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
    email = EmailField()
    items = serializers.ListField(child=CreateCartLineItemSerializer(), required=False, max_length=MAX_ITEMS)


class StoreAddCartLineItemSerializer(CreateCartLineItemSerializer):
    """A variant and a quantity."""


class StoreUpdateCartLineItemSerializer(StrictSerializer):
    quantity = QuantityField(at_least=0)


class StoreUpdateCartSerializer(StrictSerializer):
    email = EmailField()


class StoreCompleteCartSerializer(StrictSerializer):
    """Nothing to say."""


class AdminAuthorizeOrderPaymentSessionSerializer(StrictSerializer):
    payment_session_id = StringField(help_text="A session of one of the order's payment collections.")


class EmptySerializer(StrictSerializer):
    """Nothing to say."""


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


class ShopOrderSerializer(serializers.Serializer[Any]):
    """Takes orders that `orders.loaded` has loaded."""

    reader = GUEST

    id = serializers.CharField()
    cart_id = serializers.CharField()
    status = serializers.SerializerMethodField(help_text="The demo's orders stay pending: nothing is shipped.")
    payment_status = serializers.SerializerMethodField()
    email = serializers.EmailField(allow_null=True)
    currency_code = serializers.CharField()
    total = amount_from("major_total")
    items = ShopLineItemSerializer(many=True, source="cart.items")
    payment_collections = serializers.SerializerMethodField()
    created_at = TimeField()

    def get_status(self, _order: Order) -> str:
        return "pending"

    @extend_schema_field(serializers.ChoiceField([status.value for status in PaymentStatus]))
    def get_payment_status(self, order: Order) -> str:
        return payment_status(order.total, order.payment_collections)

    @extend_schema_field(PaymentCollectionSerializer(many=True))
    def get_payment_collections(self, order: Order) -> list[Document]:
        return [payment_collection_document(each, self.context) for each in order.payment_collections]


class ShopPageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many there are in all.")
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


class ShopRegionListResponseSerializer(ShopPageSerializer):
    regions = ShopRegionSerializer(many=True)


class ShopProductListResponseSerializer(ShopPageSerializer):
    products = ShopProductSerializer(many=True)


class ShopRegionResponseSerializer(serializers.Serializer[Any]):
    region = ShopRegionSerializer()


class ShopProductResponseSerializer(serializers.Serializer[Any]):
    product = ShopProductSerializer()


class ShopCartResponseSerializer(serializers.Serializer[Any]):
    cart = ShopCartSerializer()


class ShopDeletedLineItemSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.CharField(help_text="Always `line-item`.")
    deleted = serializers.BooleanField()
    parent = ShopCartSerializer()


class ShopOrderResponseSerializer(serializers.Serializer[Any]):
    order = ShopOrderSerializer()


class ShopOrderListResponseSerializer(ShopPageSerializer):
    orders = ShopOrderSerializer(many=True)


class ShopAuthorizedOrderSerializer(ShopOrderResponseSerializer):
    is_authorized = serializers.BooleanField(help_text="False while the money is still on its way.")


class ShopPlacedOrderSerializer(ShopOrderResponseSerializer):
    type = serializers.CharField(help_text="`order`")


class ShopCompletionErrorSerializer(serializers.Serializer[Any]):
    message = serializers.CharField(help_text="Safe to show.")
    name = serializers.CharField()
    type = serializers.CharField()


class ShopOpenCartSerializer(ShopCartResponseSerializer):
    type = serializers.CharField(help_text="`cart`")
    error = ShopCompletionErrorSerializer()


complete_cart_response = PolymorphicProxySerializer(
    component_name="ShopCompletedCart",
    serializers=[ShopPlacedOrderSerializer, ShopOpenCartSerializer],
    resource_type_field_name=None,
)


class EmailpassLoginSerializer(StrictSerializer):
    email = StringField()
    password = StringField()


class LoginResponseSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="A JWT, valid for a day: `Authorization: Bearer …`.")


class ActorSerializer(serializers.Serializer[Any]):
    actor_id = serializers.CharField()
    actor_type = serializers.CharField(help_text="`user` or `customer`.")


class ActorResponseSerializer(serializers.Serializer[Any]):
    user = ActorSerializer()


class LogoutResponseSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()


class LedgerEntrySerializer(serializers.Serializer[Any]):
    verb = serializers.CharField()
    session_id = serializers.CharField()
    idempotency_key = serializers.CharField(help_text="The operation that called the provider.")
    amount = serializers.IntegerField(help_text="In minor units.")
    currency_code = serializers.CharField()
    created_at = serializers.DateTimeField()


class LedgerResponseSerializer(serializers.Serializer[Any]):
    entries = LedgerEntrySerializer(many=True)
