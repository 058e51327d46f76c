"""The checkout page as a Django app: a template and its static files."""

from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    name = "storefront_project.checkout"
    verbose_name = "Demo checkout"
