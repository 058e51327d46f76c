"""What a shopper does with a cart. Amounts are minor units of the cart's currency."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypedDict, Unpack

from django.db import transaction
from django.db.models import F, Prefetch

from medusa_payments.exceptions import InvalidData, NotAllowed, NotFound
from medusa_payments.money import MAX_MINOR_UNITS
from storefront_project.shop.catalogue import SHIPPING_OPTIONS
from storefront_project.shop.models import Cart, LineItem, Price, Region, Variant

MAX_QUANTITY = 10**15
"""Pieces of one variant in a cart; large enough to try totals beyond 2^53."""


ITEMS = Prefetch("items", LineItem.objects.select_related("variant__product"))
"""A cart's lines, with all that is shown of them."""

PLAIN = ("email", "locale", "shipping_address", "billing_address")

Address = Mapping[str, str | None]


class Item(TypedDict):
    """A variant and how many pieces of it."""

    variant_id: str
    quantity: int


class Changes(TypedDict, total=False):
    """What else a shopper says about a cart. `promo_codes` are codes of promotions, of which this shop has none."""

    region_id: str
    email: str | None
    locale: str | None
    shipping_address: Address | None
    billing_address: Address | None
    promo_codes: list[str]


def get_cart(cart_id: str) -> Cart:
    """Return the cart with its line items loaded. Raises `NotFound`."""
    carts = Cart.objects.select_related("region").prefetch_related(ITEMS)
    return _existing(carts.filter(pk=cart_id).first(), cart_id)


@contextmanager
def locked_cart(cart_id: str) -> Iterator[Cart]:
    """Hold the cart in a transaction: nobody else changes or completes it meanwhile. Raises `NotFound`."""
    with transaction.atomic():  # noqa: TID251 -- the shop's own rows; no payment is made in here
        carts = Cart.objects.select_for_update().prefetch_related(ITEMS)
        yield _existing(carts.filter(pk=cart_id).first(), cart_id)


def create_cart(*, items: Iterable[Item] = (), **details: Unpack[Changes]) -> Cart:
    """Make a cart in the region's currency.

    Raises `NotFound` for an unknown region or variant and `InvalidData` for a variant without a price in that
    currency, a total that is too large, a shipping address outside the region or a promotion; nothing is stored then.
    """
    region = _region(details["region_id"])
    with transaction.atomic():  # noqa: TID251 -- the shop's own rows; no payment is made in here
        cart = Cart(region=region, currency_code=region.currency_code)
        _change(cart, details)
        cart.save()
        for item in items:
            _add(cart, **item)
        return _checked(cart.pk)


def update_cart(*, cart_id: str, **changes: Unpack[Changes]) -> Cart:
    """Change what the cart says of its shopper, or its region, and with it the currency and prices.

    A shipping address outside the new region is forgotten, unless it came with it.

    Raises `NotFound` (cart, region) and `InvalidData` for a completed cart, a shipping address outside the region, a
    promotion, and a variant without a price in the region's currency; nothing is changed then.
    """
    with _open_cart(cart_id) as cart:
        if "region_id" in changes and changes["region_id"] != cart.region_id:
            _move(cart, _region(changes["region_id"]))
        _change(cart, changes)
    return get_cart(cart_id)


def choose_shipping(*, cart_id: str, option_id: str) -> Cart:
    """Choose how the goods come, in place of what was chosen before. Raises `NotFound` (cart), and `InvalidData` for a
    completed cart and an unknown option.
    """
    with _open_cart(cart_id) as cart:
        if option_id not in SHIPPING_OPTIONS:
            raise InvalidData(f"Shipping Options are invalid for cart: {option_id}")
        cart.shipping_option_id = option_id
    return get_cart(cart_id)


def give_to_customer(*, cart_id: str, customer_id: str, email: str | None) -> Cart:
    """Make a guest's cart that of a customer who has logged in; no-op when it is theirs already.

    Raises `NotFound`, `InvalidData` for a completed cart, and `NotAllowed` for a cart of another customer's.
    """
    with _open_cart(cart_id) as cart:
        if cart.customer_id not in {None, customer_id}:
            raise NotAllowed("The cart belongs to another customer")
        cart.customer_id = customer_id
        cart.email = email or cart.email
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
        cart.save()
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


def _region(region_id: str) -> Region:
    region = Region.objects.filter(pk=region_id).first()
    if region is None:
        raise NotFound(f"Region id not found: {region_id}")
    return region


def _move(cart: Cart, region: Region) -> None:
    cart.region, cart.currency_code = region, region.currency_code
    for line_item in cart.items.all():
        line_item.unit_price = _price(line_item.variant_id, region.currency_code).amount
        line_item.save(update_fields=["unit_price"])
    if _country_outside(region, cart.shipping_address):
        cart.shipping_address = None


def _change(cart: Cart, changes: Changes) -> None:
    for code in changes.get("promo_codes", []):
        raise InvalidData(f"The promotion code {code} is invalid")
    for name, value in changes.items():
        if name in PLAIN:
            setattr(cart, name, value)
    country = _country_outside(cart.region, cart.shipping_address)
    if country:
        raise InvalidData(f"Country with code {country} is not within region {cart.region.name}")


def _country_outside(region: Region, address: Address | None) -> str | None:
    """Return the address's country if it isn't one of the region's; one that doesn't say its country, will do."""
    country = (address or {}).get("country_code")
    return country if country and country.lower() not in region.countries else None


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
