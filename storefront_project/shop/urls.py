"""The shop's paths."""

from django.conf import settings

from medusa_payments.api.routers import PaymentsRouter
from storefront_project.shop.api.auth import AuthViewSet
from storefront_project.shop.api.carts import CartViewSet
from storefront_project.shop.api.catalogue import CategoryViewSet, CollectionViewSet, ProductViewSet, RegionViewSet
from storefront_project.shop.api.customers import CartCustomerViewSet, ShopCustomerViewSet
from storefront_project.shop.api.ledger import LedgerViewSet
from storefront_project.shop.api.shipping import ShippingOptionViewSet

router = PaymentsRouter()
router.register("store/regions", RegionViewSet, "shop-regions")
router.register("store/products", ProductViewSet, "shop-products")
router.register("store/collections", CollectionViewSet, "shop-collections")
router.register("store/product-categories", CategoryViewSet, "shop-categories")
router.register("store/carts", CartViewSet, "shop-carts")
router.register("store/carts", CartCustomerViewSet, "shop-cart-customers")
router.register("store/shipping-options", ShippingOptionViewSet, "shop-shipping-options")
router.register("store/customers", ShopCustomerViewSet, "shop-customers")
router.register("auth", AuthViewSet, "shop-auth")
if settings.IS_DEMO:
    router.register("fake-provider/ledger", LedgerViewSet, "fake-provider-ledger")

urlpatterns = router.urls
