"""All paths of the demo: the payment APIs at the root, the shop and its checkout beside them, admin and API pages."""

from django.conf import settings
from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerView

from storefront_project.shop.api.throttles import throttled


def index(request: HttpRequest) -> HttpResponse:
    return render(
        request, "storefront/index.html", {"base_url": request.build_absolute_uri("/"), "is_demo": settings.IS_DEMO}
    )


urlpatterns = [
    path("", index, name="index"),
    path("", include("medusa_payments.urls")),
    path("", include("storefront_project.shop.urls")),
    path("", include("storefront_project.orders.urls")),
    path("", include("storefront_project.checkout.urls")),
    path("django-admin/login/", throttled(admin.site.login)),
    path("django-admin/", admin.site.urls),
    path("openapi.json", SpectacularJSONAPIView.as_view(renderer_classes=[OpenApiJsonRenderer2]), name="openapi"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="openapi"), name="docs"),
    path("redoc/", SpectacularRedocView.as_view(url_name="openapi"), name="redoc"),
    # The demo has no web server in front of it; a shop serves its static files from one, or with WhiteNoise.
    path("static/<path:path>", serve, {"insecure": True}),
]
if settings.IS_DEMO:
    urlpatterns += [path("stripe-twin/", include("medusa_payments.testing.stripe_twin.urls"))]
