from medusa_payments.api.routers import PaymentsRouter
from medusa_payments.api.store.payment_collections import StorePaymentCollectionViewSet
from medusa_payments.api.store.payment_providers import StorePaymentProviderViewSet

router = PaymentsRouter()
router.register("payment-collections", StorePaymentCollectionViewSet, "medusa-store-payment-collection")
router.register("payment-providers", StorePaymentProviderViewSet, "medusa-store-payment-provider")

urlpatterns = router.urls
