"""The shop's paths."""

from django.conf import settings

from medusa_payments.api.routers import PaymentsRouter
from storefront_project.shop.api.auth import AuthViewSet
from storefront_project.shop.api.carts import CartViewSet
from storefront_project.shop.api.catalogue import ProductViewSet, RegionViewSet
from storefront_project.shop.api.ledger import LedgerViewSet

router = PaymentsRouter()
router.register("store/regions", RegionViewSet, "shop-regions")
router.register("store/products", ProductViewSet, "shop-products")
router.register("store/carts", CartViewSet, "shop-carts")
router.register("auth", AuthViewSet, "shop-auth")
if settings.IS_DEMO:
    router.register("fake-provider/ledger", LedgerViewSet, "fake-provider-ledger")

urlpatterns = router.urls
