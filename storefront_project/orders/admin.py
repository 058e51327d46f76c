"""Orders in Django admin."""

from django.contrib import admin

from storefront_project.orders.models import Order

admin.site.register(Order)
