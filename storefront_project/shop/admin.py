"""The shop in Django admin."""

from django.contrib import admin

from storefront_project.shop.models import Cart, LineItem, Price, Product, Region, Variant

admin.site.register([Region, Product, Variant, Price, Cart, LineItem])
