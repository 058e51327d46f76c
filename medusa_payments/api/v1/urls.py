from django.urls import include, path

from medusa_payments.api.routers import PaymentsRouter
from medusa_payments.api.v1.payment_sessions import V1PaymentSessionViewSet

store = PaymentsRouter()
store.register("payment-collections", V1PaymentSessionViewSet, "medusa-v1-payment-session")

urlpatterns = [path("store/", include(store.urls))]
