"""The demo's orders as a Django app."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "storefront_project.orders"
    verbose_name = "Demo orders"
