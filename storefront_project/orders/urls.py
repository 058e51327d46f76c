"""The paths of orders."""

from medusa_payments.api.routers import PaymentsRouter
from storefront_project.orders.api.orders import AdminOrderViewSet, CompletionViewSet, OrderViewSet

router = PaymentsRouter()
router.register("store/carts", CompletionViewSet, "shop-completion")
router.register("store/orders", OrderViewSet, "shop-orders")
router.register("admin/orders", AdminOrderViewSet, "shop-admin-orders")

urlpatterns = router.urls
