"""All APIs at once. Each of them can also be included alone, under any prefix."""

from django.urls import include, path

urlpatterns = [
    path("store/", include("medusa_payments.api.store.urls")),
    path("store/", include("medusa_payments.api.v1.store_urls")),
    path("admin/", include("medusa_payments.api.admin.urls")),
    path("hooks/", include("medusa_payments.api.hooks.urls")),
    path("v1/", include("medusa_payments.api.v1.urls")),
]
