"""The v1 store paths that no v2 path collides with; served under the store's own prefix as well."""

from medusa_payments.api.routers import PaymentsRouter
from medusa_payments.api.v1.store_payment_collections import RootV1PaymentSessionViewSet

router = PaymentsRouter()
router.register("payment-collections", RootV1PaymentSessionViewSet, "medusa-store-v1-payment-session")

urlpatterns = router.urls
