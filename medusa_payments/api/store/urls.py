from medusa_payments.api.routers import PaymentsRouter
from medusa_payments.api.store.payment_collections import StorePaymentCollectionViewSet

router = PaymentsRouter()
router.register("payment-collections", StorePaymentCollectionViewSet, "medusa-store-payment-collection")

urlpatterns = router.urls
