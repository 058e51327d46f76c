"""The demo shop as a Django app."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "storefront_project.shop"
    verbose_name = "Demo shop"
