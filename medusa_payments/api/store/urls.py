from medusa_payments.api.routers import PaymentsRouter
from medusa_payments.api.store.account_holders import StoreAccountHolderViewSet
from medusa_payments.api.store.payment_collections import StorePaymentCollectionViewSet
from medusa_payments.api.store.payment_methods import StorePaymentMethodViewSet
from medusa_payments.api.store.payment_providers import StorePaymentProviderViewSet

router = PaymentsRouter()
router.register("account-holders", StoreAccountHolderViewSet, "medusa-store-account-holder")
router.register("payment-collections", StorePaymentCollectionViewSet, "medusa-store-payment-collection")
router.register("payment-methods", StorePaymentMethodViewSet, "medusa-store-payment-method")
router.register("payment-providers", StorePaymentProviderViewSet, "medusa-store-payment-provider")

urlpatterns = router.urls
