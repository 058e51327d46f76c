"""A stand-in for a shop's carts, so that payments can be tested without a shop."""

from collections.abc import Callable

from medusa_payments.carts import CartSnapshot
from medusa_payments.ids import new_id

CartResolver = Callable[[str, object | None], CartSnapshot | None]


class CartDesk:
    """Carts kept in memory. An instance can be the `CART_RESOLVER`."""

    def __init__(self) -> None:
        self._carts: dict[str, CartSnapshot] = {}
        self._shop: CartResolver | None = None

    def __call__(self, cart_id: str, request: object | None = None) -> CartSnapshot | None:
        snapshot = self._carts.get(cart_id)
        if snapshot is None and self._shop is not None:
            return self._shop(cart_id, request)
        return snapshot

    def put(self, snapshot: CartSnapshot, *, cart_id: str | None = None) -> str:
        """Keep a cart, in place of the one that had this id, and return its id."""
        cart_id = cart_id or new_id("cart")
        self._carts[cart_id] = snapshot
        return cart_id

    def stand_in_for(self, shop: CartResolver | None) -> None:
        """Forget all carts; ask `shop` for those that aren't kept here."""
        self._carts.clear()
        self._shop = shop


cart_desk = CartDesk()
"""The desk that the scenarios in `testing.factories` put their carts on."""
