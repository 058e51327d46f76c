"""The path of the checkout page."""

from django.urls import path

from storefront_project.checkout.views import checkout

urlpatterns = [path("checkout", checkout, name="checkout")]
