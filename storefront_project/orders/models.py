"""Orders of the demo. The total is whole minor units of the order's currency."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from medusa_payments.ids import new_id
from medusa_payments.models import PaymentCollection
from medusa_payments.money import to_major_units
from storefront_project.shop.models import Cart


def new_order_id() -> str:
    return new_id("order")


class Order(models.Model):
    """A cart that was completed. Its items are the cart's, which can't change any more."""

    id = models.CharField(primary_key=True, max_length=64, default=new_order_id)
    cart = models.OneToOneField(Cart, on_delete=models.PROTECT, related_name="order")
    email = models.EmailField(null=True, blank=True)
    currency_code = models.CharField(max_length=3)
    total = models.BigIntegerField()
    payment_collection_id = models.CharField(
        max_length=64, blank=True, default="", help_text="What the cart was paid by"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    cart_id: str
    payment_collections: list[PaymentCollection]
    """Put here by `orders.loaded`."""

    class Meta:
        db_table = "shop_order"
        ordering = ("-created_at",)
        constraints = (models.CheckConstraint(condition=Q(total__gte=0), name="shop_order_total_not_negative"),)

    def __str__(self) -> str:
        return self.id

    @property
    def major_total(self) -> Decimal:
        return to_major_units(self.total, self.currency_code)
