"""Regions, products and carts of the demo. Every column of money is whole minor units of the row's currency."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from medusa_payments.ids import new_id
from medusa_payments.money import to_major_units

PRODUCT_PREFIX = "prod_"
"""What comes after it in a product's id is the product's name in addresses of pages: its handle."""


def new_cart_id() -> str:
    return new_id("cart")


def new_line_item_id() -> str:
    return new_id("cali")


class Region(models.Model):
    id = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=200)
    currency_code = models.CharField(max_length=3)
    countries = models.JSONField(default=list, help_text="ISO 3166 codes of two letters")
    payment_providers = models.JSONField(default=list, help_text="Ids of the providers that this region may use")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    id = models.CharField(primary_key=True, max_length=64)
    title = models.CharField(max_length=200)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.title

    @property
    def handle(self) -> str:
        return self.pk.removeprefix(PRODUCT_PREFIX)


class Variant(models.Model):
    id = models.CharField(primary_key=True, max_length=64)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    title = models.CharField(max_length=200)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.title


class Price(models.Model):
    id = models.CharField(primary_key=True, max_length=64)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="prices")
    amount = models.BigIntegerField()
    currency_code = models.CharField(max_length=3)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("variant", "currency_code"), name="shop_price_one_per_currency"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="shop_price_not_negative"),
        )

    def __str__(self) -> str:
        return self.id

    @property
    def major_amount(self) -> Decimal:
        return to_major_units(self.amount, self.currency_code)


class Cart(models.Model):
    id = models.CharField(primary_key=True, max_length=64, default=new_cart_id)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="carts")
    currency_code = models.CharField(max_length=3)
    email = models.EmailField(null=True, blank=True)
    customer_id = models.CharField(max_length=64, null=True, blank=True, help_text="Whose it became at a login")
    locale = models.CharField(max_length=64, null=True, blank=True)
    shipping_address = models.JSONField(null=True, blank=True)
    billing_address = models.JSONField(null=True, blank=True)
    shipping_option_id = models.CharField(max_length=64, blank=True, default="")
    completed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.id

    @property
    def total(self) -> int:
        return sum(line_item.unit_price * line_item.quantity for line_item in self.items.all())

    @property
    def major_total(self) -> Decimal:
        return to_major_units(self.total, self.currency_code)


class LineItem(models.Model):
    id = models.CharField(primary_key=True, max_length=64, default=new_line_item_id)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="items")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="line_items")
    title = models.CharField(max_length=200)
    quantity = models.BigIntegerField()
    unit_price = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("cart", "variant"), name="shop_line_item_one_per_variant"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="shop_line_item_quantity_positive"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def major_unit_price(self) -> Decimal:
        return to_major_units(self.unit_price, self.cart.currency_code)

    @property
    def major_total(self) -> Decimal:
        return to_major_units(self.unit_price * self.quantity, self.cart.currency_code)
