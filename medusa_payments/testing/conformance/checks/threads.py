"""One instance serves all threads of a process."""

from collections.abc import Callable

from medusa_payments.money import Money
from medusa_payments.providers.types import SessionResult
from medusa_payments.testing.conformance.desk import THREADS, Desk, together
from medusa_payments.testing.conformance.expectations import describe, expect
from medusa_payments.testing.conformance.rules import rule

_QUARTERS = 2_500
"""Whole numbers of these are exact in binary fractions too, so that rounding isn't taken for confusion."""


@rule(
    "THR-01",
    f"{THREADS} threads that share an instance get each their own object and amount.",
    change="Keep nothing of a call in `self`; make clients that aren't thread-safe per call.",
    stake="One customer would pay another one's order.",
)
def serves_all_threads(desk: Desk) -> None:
    prices = [desk.on_step(_QUARTERS * (desk.bench.amount // _QUARTERS + number)) for number in range(THREADS)]
    answers = together([_initiate(desk, price) for price in prices])
    for answer, price in zip(answers, prices, strict=True):
        expect(isinstance(answer, SessionResult), f"one of them got {describe(answer)}")
        expect(answer.money == price, f"a price of {price} was answered with {describe(answer.money)}")
    refs = {answer.provider_ref for answer in answers}
    expect(len(refs) == THREADS, f"{THREADS} sessions got {len(refs)} objects")


def _initiate(desk: Desk, price: Money) -> Callable[[], SessionResult]:
    sale = desk.sale(price)
    return lambda: desk.initiate(sale)
