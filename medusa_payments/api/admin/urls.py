from medusa_payments.api.admin.payments import AdminPaymentViewSet
from medusa_payments.api.routers import PaymentsRouter

router = PaymentsRouter()
router.register("payments", AdminPaymentViewSet, "medusa-admin-payment")

urlpatterns = router.urls
