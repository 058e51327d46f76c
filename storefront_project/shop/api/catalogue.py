"""`/store/regions`, `/store/products`, and the groups of products that the demo doesn't have."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.lists.pagination import paginate, paginate_rows
from medusa_payments.api.viewsets import StoreViewSet
from medusa_payments.api.wire.fields import BooleanParameter, StringField
from medusa_payments.exceptions import InvalidData, NotFound
from storefront_project.shop.api.catalogue_serializers import (
    ShopProductSerializer,
    ShopRegionSerializer,
    categories_page,
    collections_page,
    product_document,
    products_page,
    region_document,
    regions_page,
)
from storefront_project.shop.api.queries import PageQuery, WholeDocuments
from storefront_project.shop.api.schema import shop_operation
from storefront_project.shop.models import PRODUCT_PREFIX, Product, Region


class ProductQuery(PageQuery):
    """Takes a region, whose prices are wanted, and the handle of the one product that is."""

    region_id = StringField(required=False, help_text="Whose `calculated_price` the variants are to have.")
    handle = StringField(required=False, help_text="Returns the product with that handle alone.")
    is_giftcard = BooleanParameter(required=False, help_text="The demo has no gift cards.")


class RegionViewSet(WholeDocuments, StoreViewSet):
    is_cacheable = True

    @shop_operation("listRegions", parameters=[PageQuery], response=regions_page)
    def list(self, request: Request) -> Response:
        """List regions.

        Where the demo sells, in which currency, and with which payment providers.
        """
        page = paginate(Region.objects.all(), self.query)
        return Response(page.envelope("regions", list(ShopRegionSerializer(page.items, many=True).data)))

    @shop_operation("getRegion", response=region_document)
    def retrieve(self, request: Request, id: str) -> Response:
        """Get a region.

        Returns one region.
        """
        region = Region.objects.filter(pk=id).first()
        if region is None:
            raise NotFound(f"Region with id: {id} was not found")
        return Response({"region": ShopRegionSerializer(region).data})


class ProductViewSet(WholeDocuments, StoreViewSet):
    is_cacheable = True
    list_query = ProductQuery

    @shop_operation("listProducts", parameters=[ProductQuery], response=products_page)
    def list(self, request: Request) -> Response:
        """List products.

        What the demo sells. Each variant has a price in every region's currency.
        """
        products = Product.objects.prefetch_related("variants__prices")
        if "handle" in self.query:
            products = products.filter(pk=f"{PRODUCT_PREFIX}{self.query['handle']}")
        if self.query.get("is_giftcard"):
            products = products.none()
        context = {"region": _region_of(self.query)}
        page = paginate(products, self.query)
        documents = ShopProductSerializer(page.items, many=True, context=context).data
        return Response(page.envelope("products", list(documents)))

    @shop_operation("getProduct", response=product_document)
    def retrieve(self, request: Request, id: str) -> Response:
        """Get a product.

        Returns one product with its variants and their prices.
        """
        product = Product.objects.prefetch_related("variants__prices").filter(pk=id).first()
        if product is None:
            raise NotFound(f"Product with id: {id} was not found")
        return Response({"product": ShopProductSerializer(product).data})


class CollectionViewSet(WholeDocuments, StoreViewSet):
    is_cacheable = True

    @shop_operation("listCollections", parameters=[PageQuery], response=collections_page)
    def list(self, request: Request) -> Response:
        """List collections.

        The demo has none.
        """
        return Response(paginate_rows([], self.query).envelope("collections", []))


class CategoryViewSet(WholeDocuments, StoreViewSet):
    is_cacheable = True

    @shop_operation("listProductCategories", parameters=[PageQuery], response=categories_page)
    def list(self, request: Request) -> Response:
        """List product categories.

        The demo has none.
        """
        return Response(paginate_rows([], self.query).envelope("product_categories", []))


def _region_of(query: dict[str, Any]) -> Region | None:
    if "region_id" not in query:
        return None
    region = Region.objects.filter(pk=query["region_id"]).first()
    if region is None:
        raise InvalidData(f"Region with id {query['region_id']} not found when populating the pricing context")
    return region
