"""What a shopper does with a cart. Amounts are minor units of the cart's currency."""

from collections.abc import Iterable
from typing import TypedDict

from django.db.models import F

from medusa_payments.exceptions import InvalidData, NotFound
from storefront_project.shop.models import Cart, LineItem, Price, Region, Variant

MAX_QUANTITY = 10**15
"""Pieces of one variant in a cart; large enough to try totals beyond 2^53."""


class Item(TypedDict):
    """A variant and how many pieces of it."""

    variant_id: str
    quantity: int


def get_cart(cart_id: str) -> Cart:
    """Return the cart with its line items loaded. Raises `NotFound`."""
    cart = Cart.objects.prefetch_related("items").filter(pk=cart_id).first()
    if cart is None:
        raise NotFound(f"Cart id not found: {cart_id}")
    return cart


def create_cart(*, region_id: str, email: str | None = None, items: Iterable[Item] = ()) -> Cart:
    """Make a cart in the region's currency.

    Raises `NotFound` for an unknown region or variant and `InvalidData` for a variant without a price in that
    currency; nothing is stored then.
    """
    region = Region.objects.filter(pk=region_id).first()
    if region is None:
        raise NotFound(f"Region id not found: {region_id}")
    lines = [(_price(item["variant_id"], region.currency_code), item["quantity"]) for item in items]
    cart = Cart.objects.create(region=region, currency_code=region.currency_code, email=email)
    for price, quantity in lines:
        _add(cart, price, quantity)
    return get_cart(cart.pk)


def add_line_item(*, cart_id: str, variant_id: str, quantity: int) -> Cart:
    """Put pieces of a variant into the cart; a variant that is there already grows in quantity.

    Raises `NotFound` for an unknown cart or variant and `InvalidData` for a variant without a price in the
    cart's currency or a line of more than `MAX_QUANTITY` pieces.
    """
    cart = get_cart(cart_id)
    _add(cart, _price(variant_id, cart.currency_code), quantity)
    cart.save(update_fields=["updated_at"])
    return get_cart(cart_id)


def _price(variant_id: str, currency_code: str) -> Price:
    prices = Price.objects.select_related("variant__product")
    price = prices.filter(variant_id=variant_id, currency_code=currency_code).first()
    if price is not None:
        return price
    if Variant.objects.filter(pk=variant_id).exists():
        raise InvalidData(f"Variant {variant_id} has no price in {currency_code}")
    raise NotFound(f"Variant id not found: {variant_id}")


def _add(cart: Cart, price: Price, quantity: int) -> None:
    line_item, is_new = LineItem.objects.get_or_create(
        cart=cart,
        variant=price.variant,
        defaults={"title": price.variant.product.title, "unit_price": price.amount, "quantity": quantity},
    )
    if is_new:
        return
    line = LineItem.objects.filter(pk=line_item.pk, quantity__lte=MAX_QUANTITY - quantity)
    if not line.update(quantity=F("quantity") + quantity):
        raise InvalidData(f"A line item holds at most {MAX_QUANTITY} pieces")
