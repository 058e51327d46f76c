"""`/store/regions` and `/store/products`."""

from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.pagination import paginate
from medusa_payments.api.viewsets import StoreViewSet
from medusa_payments.exceptions import NotFound
from storefront_project.shop.api.queries import PageQuery, WholeDocuments
from storefront_project.shop.api.schema import shop_operation
from storefront_project.shop.api.serializers import (
    ShopProductSerializer,
    ShopRegionSerializer,
    product_document,
    products_page,
    region_document,
    regions_page,
)
from storefront_project.shop.models import Product, Region


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

    @shop_operation("listProducts", parameters=[PageQuery], response=products_page)
    def list(self, request: Request) -> Response:
        """List products.

        What the demo sells. Each variant has a price in every region's currency.
        """
        page = paginate(Product.objects.prefetch_related("variants__prices"), self.query)
        return Response(page.envelope("products", list(ShopProductSerializer(page.items, many=True).data)))

    @shop_operation("getProduct", response=product_document)
    def retrieve(self, request: Request, id: str) -> Response:
        """Get a product.

        Returns one product with its variants and their prices.
        """
        product = Product.objects.prefetch_related("variants__prices").filter(pk=id).first()
        if product is None:
            raise NotFound(f"Product with id: {id} was not found")
        return Response({"product": ShopProductSerializer(product).data})
