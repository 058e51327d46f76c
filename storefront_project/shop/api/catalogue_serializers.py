"""Documents of the catalogue. Amounts on the wire are in major units."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from medusa_payments.api.documents.representations import Document
from storefront_project.shop.api import examples
from storefront_project.shop.api.fields import amount_from, no_rows, no_text
from storefront_project.shop.api.schema import document, page
from storefront_project.shop.catalogue import COUNTRIES
from storefront_project.shop.models import PRODUCT_PREFIX, Price, Product, Region, Variant


class ShopRegionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    currency_code = serializers.CharField()
    countries = serializers.SerializerMethodField()
    payment_providers = serializers.SerializerMethodField()

    def get_countries(self, region: Region) -> list[dict[str, str]]:
        return [{"iso_2": code, "display_name": COUNTRIES.get(code, code.upper())} for code in region.countries]

    def get_payment_providers(self, region: Region) -> list[dict[str, str]]:
        return [{"id": provider_id} for provider_id in region.payment_providers]


class ShopPriceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    amount = amount_from("major_amount")
    currency_code = serializers.CharField()


class ShopPriceListSerializer(serializers.Serializer[Any]):
    price_list_type = no_text()


class ShopCalculatedPriceSerializer(serializers.Serializer[Any]):
    calculated_amount = amount_from("major_amount")
    original_amount = amount_from("major_amount")
    currency_code = serializers.CharField()
    calculated_price = ShopPriceListSerializer(source="*")


class ShopOptionValueSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    value = serializers.CharField()
    option_id = serializers.CharField()


class ShopVariantSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    prices = ShopPriceSerializer(many=True)
    calculated_price = serializers.SerializerMethodField(
        help_text="Of the region that `region_id` named, or else null."
    )
    options = serializers.SerializerMethodField()
    manage_inventory = serializers.BooleanField(read_only=True, default=False, help_text="The demo never runs out.")

    @extend_schema_field(ShopCalculatedPriceSerializer(allow_null=True))
    def get_calculated_price(self, variant: Variant) -> Document | None:
        region = self.context.get("region")
        price = next((each for each in variant.prices.all() if region and _is_in(each, region)), None)
        return None if price is None else dict(ShopCalculatedPriceSerializer(price).data)

    @extend_schema_field(ShopOptionValueSerializer(many=True))
    def get_options(self, variant: Variant) -> list[Document]:
        return [_option_value(variant)]


class ShopOptionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    values = ShopOptionValueSerializer(many=True)


class ShopProductSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    handle = serializers.CharField(help_text="Its name in the address of a page.")
    thumbnail = no_text()
    images = no_rows()
    options = serializers.SerializerMethodField(help_text="One, whose values are the variants' titles.")
    variants = ShopVariantSerializer(many=True)

    @extend_schema_field(ShopOptionSerializer(many=True))
    def get_options(self, product: Product) -> list[Document]:
        values = [_option_value(variant) for variant in product.variants.all()]
        return [{"id": _option_id(product.pk), "title": "Kind", "values": values}]


def _is_in(price: Price, region: Region) -> bool:
    return price.currency_code == region.currency_code


def _option_id(product_id: str) -> str:
    return f"opt_{product_id.removeprefix(PRODUCT_PREFIX)}"


def _option_value(variant: Variant) -> Document:
    value_id = f"optval_{variant.pk.removeprefix('variant_')}"
    return {"id": value_id, "value": variant.title, "option_id": _option_id(variant.product_id)}


regions_page = page("ShopRegionListResponse", examples.REGIONS, regions=ShopRegionSerializer(many=True))
region_document = document("ShopRegionResponse", examples.REGION, region=ShopRegionSerializer())
products_page = page("ShopProductListResponse", examples.PRODUCTS, products=ShopProductSerializer(many=True))
product_document = document("ShopProductResponse", examples.PRODUCT, product=ShopProductSerializer())
collections_page = page("ShopCollectionListResponse", examples.NO_COLLECTIONS, collections=no_rows())
categories_page = page("ShopCategoryListResponse", examples.NO_CATEGORIES, product_categories=no_rows())
