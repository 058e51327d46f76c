"""`/store/regions` and `/store/products`."""

from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.pagination import paginate
from medusa_payments.api.viewsets import StoreViewSet
from medusa_payments.exceptions import NotFound
from storefront_project.shop.api import examples
from storefront_project.shop.api.schema import shop_operation
from storefront_project.shop.api.serializers import (
    CatalogueQuery,
    ShopProductListResponseSerializer,
    ShopProductResponseSerializer,
    ShopProductSerializer,
    ShopRegionListResponseSerializer,
    ShopRegionResponseSerializer,
    ShopRegionSerializer,
    WholeDocumentQuery,
)
from storefront_project.shop.models import Product, Region


class RegionViewSet(StoreViewSet):
    @shop_operation(
        operation_id="listRegions",
        summary="List regions",
        description="Where the demo sells, in which currency, and with which payment providers.",
        parameters=[CatalogueQuery],
        response=ShopRegionListResponseSerializer,
        response_example=examples.REGIONS,
    )
    def list(self, request: Request) -> Response:
        page = paginate(Region.objects.all(), self.validated_query(CatalogueQuery))
        return Response(page.envelope("regions", list(ShopRegionSerializer(page.items, many=True).data)))

    @shop_operation(
        operation_id="getRegion",
        summary="Get a region",
        description="Returns one region.",
        parameters=[WholeDocumentQuery],
        response=ShopRegionResponseSerializer,
        response_example={"region": examples.REGIONS["regions"][0]},
    )
    def retrieve(self, request: Request, id: str) -> Response:
        self.validated_query(WholeDocumentQuery)
        region = Region.objects.filter(pk=id).first()
        if region is None:
            raise NotFound(f"Region with id: {id} was not found")
        return Response({"region": ShopRegionSerializer(region).data})


class ProductViewSet(StoreViewSet):
    @shop_operation(
        operation_id="listProducts",
        summary="List products",
        description="What the demo sells. Each variant has a price in every region's currency.",
        parameters=[CatalogueQuery],
        response=ShopProductListResponseSerializer,
        response_example=examples.PRODUCTS,
    )
    def list(self, request: Request) -> Response:
        products = Product.objects.prefetch_related("variants__prices")
        page = paginate(products, self.validated_query(CatalogueQuery))
        return Response(page.envelope("products", list(ShopProductSerializer(page.items, many=True).data)))

    @shop_operation(
        operation_id="getProduct",
        summary="Get a product",
        description="Returns one product with its variants and their prices.",
        parameters=[WholeDocumentQuery],
        response=ShopProductResponseSerializer,
        response_example={"product": examples.PRODUCTS["products"][0]},
    )
    def retrieve(self, request: Request, id: str) -> Response:
        self.validated_query(WholeDocumentQuery)
        product = Product.objects.prefetch_related("variants__prices").filter(pk=id).first()
        if product is None:
            raise NotFound(f"Product with id: {id} was not found")
        return Response({"product": ShopProductSerializer(product).data})
