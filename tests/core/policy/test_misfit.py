"""What becomes of money that doesn't fit the cart any more: a table of cases, without a database."""

from dataclasses import replace
from typing import Any

import pytest

from medusa_payments.core.policy.misfit import CartFacts, ChosenSplit, HeldMoney, Misfit, misfit

pytestmark = pytest.mark.any_engine

NO_ORDER, UNKNOWN, ORDERED = False, None, True


def cart(amount: int, currency_code: str = "eur", *, has_order: bool | None = NO_ORDER, most: int = 0) -> CartFacts:
    return CartFacts(amount=amount, currency_code=currency_code, most=most or amount, has_order=has_order)


def payment(held: int, *, captured: int = 0, number: int = 1, **more: Any) -> HeldMoney:
    facts = HeldMoney(
        payment_id=f"pay_{number}",
        session_id=f"payses_{number}",
        currency_code="eur",
        paid=held,
        held=held,
        releasable=held - captured,
        is_empty=held == 0,
    )
    return replace(facts, **more)


X, Y = "pay_1", "pay_2"

CASES: dict[str, tuple[CartFacts, list[HeldMoney], int, Misfit | None]] = {
    # Nothing is there, or all of it fits.
    "nothing is held": (cart(70), [], 50, None),
    "it is the cart's amount": (cart(50), [payment(50)], 0, None),
    "it is the cart's amount in the provider's step": (cart(51, most=60), [payment(60)], 0, None),
    "the rest of a split waits": (cart(100), [payment(60)], 40, None),
    "two parts come to it": (cart(100), [payment(60), payment(40, number=2)], 0, None),
    "a part of it was refunded since": (cart(50), [payment(40, captured=40, paid=50)], 0, None),
    "what is left after a refund is the new amount": (cart(40), [payment(40, captured=40, paid=50)], 0, None),
    "nothing for nothing": (cart(0), [payment(0)], 0, None),
    # No order exists: what isn't captured is released.
    "dearer": (cart(70), [payment(50)], 0, Misfit(release=(X,))),
    "cheaper": (cart(30), [payment(50)], 0, Misfit(release=(X,))),
    "free": (cart(0), [payment(50)], 0, Misfit(release=(X,))),
    "no longer free": (cart(50), [payment(0)], 0, Misfit(release=(X,))),
    "another currency": (cart(50, "usd"), [payment(50)], 0, Misfit(release=(X,))),
    "a split doesn't add up": (cart(120), [payment(60), payment(40, number=2)], 0, Misfit(release=(X, Y))),
    "paid at the old price, waiting at the new": (cart(70), [payment(50)], 70, Misfit(release=(X,))),
    # What is captured stays, and what can't be released.
    "captured": (cart(70), [payment(50, captured=50)], 0, Misfit(kept=50)),
    "captured in part": (cart(70), [payment(50, captured=20)], 0, Misfit(release=(X,))),
    "captured in part, the rest released": (cart(70), [payment(20, captured=20, paid=50)], 0, Misfit(kept=20)),
    "captured in another currency": (cart(70, "usd"), [payment(50, captured=50)], 0, Misfit(kept_abroad=50)),
    "captured and held": (cart(90), [payment(50, captured=50), payment(20, number=2)], 0, Misfit(release=(Y,))),
    "its provider refused to release it": (cart(70), [payment(50, releasable=0)], 0, Misfit(kept=50)),
    # Nobody says whether an order exists: everything stays.
    "dearer, perhaps ordered": (cart(70, has_order=UNKNOWN), [payment(50)], 0, Misfit(kept=50)),
    "cheaper, perhaps ordered": (cart(30, has_order=UNKNOWN), [payment(50)], 0, Misfit(kept=50)),
    "emptied, perhaps ordered": (cart(0, has_order=UNKNOWN), [payment(50)], 0, Misfit(kept=50)),
    "the rest is chosen": (cart(70, has_order=UNKNOWN), [payment(50)], 20, None),
    "another currency, perhaps ordered": (
        cart(70, "usd", has_order=UNKNOWN),
        [payment(50)],
        0,
        Misfit(kept_abroad=50),
    ),
    # An order exists: the cart is history.
    "emptied after the order": (cart(0, has_order=ORDERED), [payment(50)], 0, None),
    "dearer after the order": (cart(70, has_order=ORDERED), [payment(50)], 0, None),
    "another currency after the order": (cart(9, "usd", has_order=ORDERED), [payment(50)], 0, None),
}


@pytest.mark.parametrize("case", CASES)
def test_money_that_does_not_fit_the_cart(case: str) -> None:
    facts, money, pending, expected = CASES[case]
    assert misfit(facts, money, pending=pending) == expected


@pytest.mark.parametrize(
    ("kept", "total", "expected"),
    [
        (["payses_1"], 70, None),
        (["payses_1", ""], 70, None),
        ([""], 70, Misfit(release=(X,))),
        (["payses_1"], 60, Misfit(release=(X,))),
    ],
)
def test_a_split_that_keeps_the_money_and_adds_up_fits(kept: list[str], total: int, expected: Misfit | None) -> None:
    split = ChosenSplit(kept=kept, total=total)
    assert misfit(cart(70), [payment(50)], pending=0, split=split) == expected
