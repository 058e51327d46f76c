"""What becomes of money that doesn't fit the cart any more: one pure rule over small facts (minor units).

Nothing here reads the database, the clock or a provider. `sessions.cart` loads the facts.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CartFacts:
    """What a cart costs now: from `amount` to `most`, which is `amount` in the coarsest step of the providers.

    `has_order` is what the host says; an order that is attached to the collection makes it True. None: unknown.
    """

    amount: int
    currency_code: str
    most: int
    has_order: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMoney:
    """What one payment holds of what was paid with it (`paid`).

    `releasable` is the part that is neither captured nor in flight, and that its provider has not refused to release.
    `is_empty`: a payment of 0, for a cart that cost nothing.
    """

    payment_id: str
    session_id: str
    currency_code: str
    paid: int
    held: int
    releasable: int = 0
    is_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenSplit:
    """The sessions that a customer asks for at once: those that stay as they are, and what all of them come to."""

    kept: Collection[str]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """Money that doesn't fit the cart any more. `release` names the payments to be released now.

    Once nothing is left to release, `kept` is what stays and counts, and `kept_abroad` what stays in another currency
    and counts for nothing.
    """

    release: tuple[str, ...] = ()
    kept: int = 0
    kept_abroad: int = 0


def misfit(
    cart: CartFacts, money: Iterable[HeldMoney], *, pending: int, split: ChosenSplit | None = None
) -> Misfit | None:
    """Return what becomes of money that doesn't fit the cart any more; None when all of it fits, or nobody may ask.

    | order     | not captured | captured |
    |-----------|--------------|----------|
    | none      | released     | kept     |
    | unknown   | kept         | kept     |
    | there     | no question: the cart is history |

    Money fits when it comes to the cart's amount in its currency: alone, with what the live sessions that wait for
    their payment come to (`pending`), or within the split that the customer asks for. So does money that came to it
    once, and of which a part was given back or disputed since: that isn't the cart's doing.
    """
    there = [each for each in money if each.held or each.is_empty]
    if not there or cart.has_order or _fits(cart, there, pending, split):
        return None
    if cart.has_order is False:
        release = tuple(each.payment_id for each in there if each.releasable or each.is_empty)
        if release:
            return Misfit(release=release)
    at_home = sum(each.held for each in there if each.currency_code == cart.currency_code)
    return Misfit(kept=at_home, kept_abroad=sum(each.held for each in there) - at_home)


def _fits(cart: CartFacts, there: list[HeldMoney], pending: int, split: ChosenSplit | None) -> bool:
    if any(each.currency_code != cart.currency_code for each in there):
        return False
    held, paid = sum(each.held for each in there), sum(each.paid for each in there)
    totals = [held, held + pending, paid, paid + pending]
    if split is not None and all(each.session_id in split.kept for each in there):
        totals.append(split.total)
    return any(cart.amount <= total <= cart.most for total in totals)
