from django.urls import path

from medusa_payments.api.hooks.payment_webhooks import PaymentWebhookViewSet

_receive = {"post": "receive"}

urlpatterns = [
    path("payment/<str:provider_id>", PaymentWebhookViewSet.as_view(_receive), name="medusa-payment-webhook"),
    path("payment/<str:provider_id>/", PaymentWebhookViewSet.as_view(_receive, schema=None)),
]
