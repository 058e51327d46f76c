"""The whole v1 API, under a prefix of its own: a v1 client's base URL takes it."""

from django.urls import include, path

from medusa_payments.api.routers import PaymentsRouter
from medusa_payments.api.v1.admin_payment_collections import V1AdminPaymentCollectionViewSet
from medusa_payments.api.v1.admin_payments import V1AdminPaymentViewSet
from medusa_payments.api.v1.store_payment_collections import V1StorePaymentCollectionViewSet

store = PaymentsRouter()
store.register("payment-collections", V1StorePaymentCollectionViewSet, "medusa-v1-payment-collection")

admin = PaymentsRouter()
admin.register("payment-collections", V1AdminPaymentCollectionViewSet, "medusa-v1-admin-payment-collection")
admin.register("payments", V1AdminPaymentViewSet, "medusa-v1-admin-payment")

urlpatterns = [path("store/", include(store.urls)), path("admin/", include(admin.urls))]
