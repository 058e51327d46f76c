"""Where shop and payment app meet: the hooks it asks through, and the one call that tells it of a change."""

from medusa_payments.carts import CartSnapshot
from medusa_payments.queries import payment_collections as collection_queries
from medusa_payments.services import payment_collections
from storefront_project.shop.carts import already_completed
from storefront_project.shop.models import Cart, Region


def resolve_cart(cart_id: str, _request: object | None = None) -> CartSnapshot | None:
    """Return what is to be paid for the cart; None when there is no such cart.

    Raises `InvalidData` for one that was completed without a collection: nothing is to be paid for it any more.
    """
    cart = Cart.objects.prefetch_related("items").filter(pk=cart_id).first()
    if cart is None:
        return None
    if cart.completed_at is not None and collection_queries.of_cart(cart_id) is None:
        raise already_completed(cart_id)
    return CartSnapshot(
        amount=cart.major_total,
        currency_code=cart.currency_code,
        region_id=cart.region_id,
        email=cart.email,
        has_order=cart.completed_at is not None,
    )


def region_providers(region_id: str) -> list[str]:
    """Return the ids of the providers that the region may use; none for an unknown region."""
    region = Region.objects.filter(pk=region_id).first()
    return list(region.payment_providers) if region else []


def refresh_payment_collection(cart_id: str, request: object) -> None:
    """Let the cart's payment collection follow the cart; no-op when there is none yet, and once something is held: a
    customer who puts the cart back as it was has paid for it still.
    """
    collection = collection_queries.of_cart(cart_id)
    if collection is not None and not collection.authorized_amount:
        payment_collections.refresh(payment_collection_id=collection.pk, request=request)
