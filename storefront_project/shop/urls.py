"""The shop's paths."""

from medusa_payments.api.routers import PaymentsRouter
from storefront_project.shop.api.ledger import LedgerViewSet
from storefront_project.shop.api.login import LoginViewSet
from storefront_project.shop.api.store import CartViewSet, ProductViewSet, RegionViewSet

router = PaymentsRouter()
router.register("store/regions", RegionViewSet, "shop-regions")
router.register("store/products", ProductViewSet, "shop-products")
router.register("store/carts", CartViewSet, "shop-carts")
router.register("auth/user/emailpass", LoginViewSet, "shop-login")
router.register("fake-provider/ledger", LedgerViewSet, "fake-provider-ledger")

urlpatterns = router.urls
