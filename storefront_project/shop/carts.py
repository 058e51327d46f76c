"""What a shopper does with a cart. Amounts are minor units of the cart's currency."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypedDict

from django.db import transaction
from django.db.models import F

from medusa_payments.exceptions import InvalidData, NotFound
from medusa_payments.money import MAX_MINOR_UNITS
from storefront_project.shop.models import Cart, LineItem, Price, Region, Variant

MAX_QUANTITY = 10**15
"""Pieces of one variant in a cart; large enough to try totals beyond 2^53."""


class Item(TypedDict):
    """A variant and how many pieces of it."""

    variant_id: str
    quantity: int


def get_cart(cart_id: str) -> Cart:
    """Return the cart with its line items loaded. Raises `NotFound`."""
    return _existing(Cart.objects.prefetch_related("items").filter(pk=cart_id).first(), cart_id)


@contextmanager
def locked_cart(cart_id: str) -> Iterator[Cart]:
    """Hold the cart in a transaction: nobody else changes or completes it meanwhile. Raises `NotFound`."""
    with transaction.atomic():  # noqa: TID251 -- the shop's own rows; no payment is made in here
        carts = Cart.objects.select_for_update().prefetch_related("items")
        yield _existing(carts.filter(pk=cart_id).first(), cart_id)


def create_cart(*, region_id: str, email: str | None = None, items: Iterable[Item] = ()) -> Cart:
    """Make a cart in the region's currency.

    Raises `NotFound` for an unknown region or variant and `InvalidData` for a variant without a price in that
    currency or a total that is too large; nothing is stored then.
    """
    region = Region.objects.filter(pk=region_id).first()
    if region is None:
        raise NotFound(f"Region id not found: {region_id}")
    with transaction.atomic():  # noqa: TID251 -- the shop's own rows; no payment is made in here
        cart = Cart.objects.create(region=region, currency_code=region.currency_code, email=email)
        for item in items:
            _add(cart, **item)
        return _checked(cart.pk)


def update_cart(*, cart_id: str, **changes: str | None) -> Cart:
    """Change the email. Raises `NotFound`, and `InvalidData` for a completed cart."""
    with _open_cart(cart_id) as cart:
        cart.email = changes.get("email", cart.email)
    return get_cart(cart_id)


def add_line_item(*, cart_id: str, variant_id: str, quantity: int) -> Cart:
    """Put pieces of a variant into the cart; a variant that is there already grows in quantity.

    Raises `NotFound` for an unknown cart or variant and `InvalidData` for a completed cart, a variant without a price
    in the cart's currency, a line of more than `MAX_QUANTITY` pieces or a total that is too large.
    """
    with _open_cart(cart_id) as cart:
        _add(cart, variant_id=variant_id, quantity=quantity)
    return get_cart(cart_id)


def update_line_item(*, cart_id: str, line_item_id: str, quantity: int) -> Cart:
    """Set how many pieces a line has; 0 removes it.

    Raises `NotFound` for an unknown cart or line and `InvalidData` for a completed cart or a total that is too large.
    """
    with _open_cart(cart_id) as cart:
        line_item = cart.items.filter(pk=line_item_id).first()
        if line_item is None:
            raise NotFound(f"Line item with id: {line_item_id} was not found")
        if quantity:
            line_item.quantity = quantity
            line_item.save(update_fields=["quantity"])
        else:
            line_item.delete()
    return get_cart(cart_id)


@contextmanager
def _open_cart(cart_id: str) -> Iterator[Cart]:
    with locked_cart(cart_id) as cart:
        if cart.completed_at is not None:
            raise already_completed(cart_id)
        yield cart
        cart.save(update_fields=["email", "updated_at"])
        _checked(cart_id)


def already_completed(cart_id: str) -> InvalidData:
    """Return the error that says: this cart has become an order."""
    return InvalidData(f"Cart {cart_id} is already completed.")


def _existing(cart: Cart | None, cart_id: str) -> Cart:
    if cart is None:
        raise NotFound(f"Cart id not found: {cart_id}")
    return cart


def _checked(cart_id: str) -> Cart:
    cart = get_cart(cart_id)
    if cart.total > MAX_MINOR_UNITS:
        raise InvalidData("The total of the cart is too large")
    return cart


def _price(variant_id: str, currency_code: str) -> Price:
    prices = Price.objects.select_related("variant__product")
    price = prices.filter(variant_id=variant_id, currency_code=currency_code).first()
    if price is not None:
        return price
    if Variant.objects.filter(pk=variant_id).exists():
        raise InvalidData(f"Variant {variant_id} has no price in {currency_code}")
    raise NotFound(f"Variant id not found: {variant_id}")


def _add(cart: Cart, *, variant_id: str, quantity: int) -> None:
    price = _price(variant_id, cart.currency_code)
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
