"""Money crosses the edge as whole minor units, and comes back as what was asked for."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from medusa_payments.money import Money
from medusa_payments.providers import cleaning
from medusa_payments.testing.conformance.bench import Customer
from medusa_payments.testing.conformance.desk import Desk, Sale, outcome
from medusa_payments.testing.conformance.expectations import describe, expect, expect_money
from medusa_payments.testing.conformance.needs import counted
from medusa_payments.testing.conformance.rules import rule

_TRAPS = (1_003, 1_020, 1_615, 1_640, 1_690, 3_230, 3_580)
"""Hundredths that end one too low when they are cut after a way through floats: `int(10.20 * 100)` is 1019."""


@rule(
    "MON-01",
    "In every currency, with two, no or three decimals, the service gets exactly the amount asked for.",
    change="Send `money.minor_units`; if the service takes decimals, convert with `medusa_payments.money`.",
    stake="A yen price times 100 charges a hundredfold.",
)
def keeps_currencies_apart(desk: Desk) -> None:
    for code in desk.bench.currencies:
        sale = desk.sale(desk.whole(code))
        expect_money(desk.initiate(sale).money, sale.money, "the object is for")
        if desk.bench.offers("books"):
            made = desk.books(sale).objects
            expect(made == (sale.money,), f"the service has {describe(made)} instead of {sale.money}")


@rule(
    "MON-02",
    "`amount_step` is a whole number of at least 1, always the same for a currency.",
    change="Return an `int`: 1, or what the service's documentation says for the currency.",
    stake="Amounts are brought to the step before the customer sees them; a wrong one asks a wrong price.",
)
def has_a_step(desk: Desk) -> None:
    for code in {*desk.bench.currencies, "eur", "usd", "jpy", "kwd"}:
        step = desk.provider.amount_step(code)
        expect(type(step) is int and step >= 1, f"the step in {code} is {describe(step)}")
        expect(desk.provider.amount_step(code) == step, f"two answers for {code} differ")


@rule(
    "MON-03",
    "No amount is rounded or cut on its way.",
    change="Keep `float` away from amounts; use whole minor units or `Decimal`.",
    stake="A cent is lost in some payments, and no two books agree any more.",
)
def takes_no_detour_through_floats(desk: Desk) -> None:
    for minor_units in _TRAPS:
        sale = desk.sale(desk.on_step(minor_units))
        expect_money(desk.initiate(sale).money, sale.money, "the object is for")
        if desk.bench.offers("books"):
            made = desk.books(sale).objects
            expect(made == (sale.money,), f"the service has {describe(made)} instead of {sale.money}")


@rule(
    "MON-04",
    "A capture or refund in another currency than the object's is never confirmed.",
    change="Refuse it, or answer with the amount and currency that the service says it moved, not with the request's.",
    stake="100 yen refunded as 100 euros.",
    needs=[counted],
)
def never_mixes_currencies(desk: Desk) -> None:
    sale = desk.captured()
    foreign = Money(minor_units=desk.part(3).minor_units, currency_code=_other_currency(sale))
    for name, verb in (("capture", desk.capture), ("refund", desk.refund)):
        answer = outcome(partial(verb, sale, foreign))
        told = sale.money if isinstance(answer, Exception) else answer.money
        is_honest = told.currency_code == sale.money.currency_code
        expect(is_honest, f"{name} of {foreign} on {sale.money} was answered with {told}")


@rule(
    "MON-05",
    "Every amount in every answer is `Money`: an `int` of minor units and a lower-case currency code.",
    change="Build `Money(minor_units=int, currency_code=code.lower())`; no `float`, no `Decimal`, no major units.",
    stake="The ledger refuses the answer, and a payment that was made stays unknown.",
)
def answers_in_minor_units(desk: Desk) -> None:
    for result in _a_life(desk):
        for name in ("money", "captured", "released"):
            money = getattr(result, name, None)
            if money is not None:
                _expect_minor_units(money, f"{type(result).__name__}.{name}")
        odd = cleaning.misfit(result)
        expect(not odd, f"{type(result).__name__} has {odd}")


def _a_life(desk: Desk) -> Iterator[Any]:
    customer = desk.payer
    sale = desk.sale(customer=customer)
    initiated = desk.initiate(sale)
    yield initiated
    sale = replace(sale, ref=initiated.provider_ref)
    desk.bench.act(sale.ref, customer)
    yield desk.authorize(sale)
    if customer is Customer.AUTHORIZES:
        yield desk.capture(sale)
    yield desk.refund(sale)
    if desk.provider.capabilities.can_retrieve:
        yield desk.retrieve(sale)


def _expect_minor_units(money: Any, what: str) -> None:
    is_money = isinstance(money, Money) and type(money.minor_units) is int and isinstance(money.currency_code, str)
    expect(is_money and money.currency_code == money.currency_code.lower(), f"{what} is {money!r}")


def _other_currency(sale: Sale) -> str:
    return "usd" if sale.money.currency_code != "usd" else "eur"
