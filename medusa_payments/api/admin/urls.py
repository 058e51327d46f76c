from medusa_payments.api.admin.payment_collections import AdminPaymentCollectionViewSet
from medusa_payments.api.admin.payment_providers import AdminPaymentProviderViewSet
from medusa_payments.api.admin.payments import AdminPaymentViewSet
from medusa_payments.api.admin.refund_reasons import AdminRefundReasonViewSet
from medusa_payments.api.routers import PaymentsRouter

router = PaymentsRouter()
# Before the payments, one of which would otherwise be called `payment-providers`.
router.register("payments/payment-providers", AdminPaymentProviderViewSet, "medusa-admin-payment-provider")
router.register("payments", AdminPaymentViewSet, "medusa-admin-payment")
router.register("payment-collections", AdminPaymentCollectionViewSet, "medusa-admin-payment-collection")
router.register("refund-reasons", AdminRefundReasonViewSet, "medusa-admin-refund-reason")

urlpatterns = router.urls
