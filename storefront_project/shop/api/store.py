"""`/store/…`: regions, products and carts."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.pagination import paginate
from medusa_payments.api.schema import operation
from medusa_payments.api.viewsets import StoreViewSet
from storefront_project.shop import carts
from storefront_project.shop.api import examples
from storefront_project.shop.api.serializers import (
    CatalogueQuery,
    ShopCartResponseSerializer,
    ShopCartSerializer,
    ShopProductListResponseSerializer,
    ShopProductSerializer,
    ShopRegionListResponseSerializer,
    ShopRegionSerializer,
    StoreAddCartLineItemSerializer,
    StoreCreateCartSerializer,
    WholeDocumentQuery,
)
from storefront_project.shop.models import Cart, Product, Region
from storefront_project.shop.payments import refresh_payment_collection

TAGS = ["Demo shop"]


class RegionViewSet(StoreViewSet):
    @operation(
        operation_id="listRegions",
        summary="List regions",
        description="Where the demo sells, in which currency, and with which payment providers.",
        tags=TAGS,
        parameters=[CatalogueQuery],
        response=ShopRegionListResponseSerializer,
        response_example=examples.REGIONS,
    )
    def list(self, request: Request) -> Response:
        page = paginate(Region.objects.all(), self.validated_query(CatalogueQuery))
        return Response(page.envelope("regions", list(ShopRegionSerializer(page.items, many=True).data)))


class ProductViewSet(StoreViewSet):
    @operation(
        operation_id="listProducts",
        summary="List products",
        description="What the demo sells. Each variant has a price in every region's currency.",
        tags=TAGS,
        parameters=[CatalogueQuery],
        response=ShopProductListResponseSerializer,
        response_example=examples.PRODUCTS,
    )
    def list(self, request: Request) -> Response:
        products = Product.objects.prefetch_related("variants__prices")
        page = paginate(products, self.validated_query(CatalogueQuery))
        return Response(page.envelope("products", list(ShopProductSerializer(page.items, many=True).data)))


class CartViewSet(StoreViewSet):
    @operation(
        operation_id="createCart",
        summary="Create a cart",
        description="Makes a cart in the region's currency, empty or with items.",
        tags=TAGS,
        parameters=[WholeDocumentQuery],
        request=StoreCreateCartSerializer,
        request_example=examples.CREATE_CART,
        response=ShopCartResponseSerializer,
        response_example=examples.CART,
    )
    def create(self, request: Request) -> Response:
        body = self.validated(StoreCreateCartSerializer, request.data)
        self.validated_query(WholeDocumentQuery)
        return _answer(carts.create_cart(**body))

    @operation(
        operation_id="getCart",
        summary="Get a cart",
        description="Returns a cart with its items and, once there is one, its payment collection.",
        tags=TAGS,
        parameters=[WholeDocumentQuery],
        response=ShopCartResponseSerializer,
        response_example=examples.CART,
    )
    def retrieve(self, request: Request, id: str) -> Response:
        self.validated_query(WholeDocumentQuery)
        return _answer(carts.get_cart(id))

    @operation(
        operation_id="addLineItem",
        summary="Add a line item",
        description=(
            "Puts pieces of a variant into the cart; a variant that is there already grows in quantity. "
            "The cart's payment collection follows the new total unless it holds money."
        ),
        tags=TAGS,
        parameters=[WholeDocumentQuery],
        request=StoreAddCartLineItemSerializer,
        request_example=examples.ADD_LINE_ITEM,
        response=ShopCartResponseSerializer,
        response_example=examples.CART,
    )
    @action(detail=True, methods=["post"], url_path="line-items")
    def line_items(self, request: Request, id: str) -> Response:
        body = self.validated(StoreAddCartLineItemSerializer, request.data)
        self.validated_query(WholeDocumentQuery)
        cart = carts.add_line_item(cart_id=id, **body)
        refresh_payment_collection(cart.pk, request)
        return _answer(cart)


def _answer(cart: Cart) -> Response:
    return Response({"cart": ShopCartSerializer(cart).data})
