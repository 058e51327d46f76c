"""Refund gives back exactly what is asked for, of what was captured, and never more."""

from medusa_payments.providers.facts import RefundFact, RefundState
from medusa_payments.providers.types import RefundResult, RefundStatus
from medusa_payments.testing.conformance.desk import Desk, Sale, outcome, total
from medusa_payments.testing.conformance.expectations import describe, expect, expect_money, expect_refusal
from medusa_payments.testing.conformance.needs import AUTHORIZES, PARTIAL_REFUND, RETRIEVE, books, slow_refunds
from medusa_payments.testing.conformance.rules import rule


@rule(
    "REF-01",
    "Refunding everything that was captured gives it back.",
    change="Refund `request.money`, and answer with what the service says that it refunds.",
    stake="The customer is told that the money is on its way.",
)
def refunds_everything(desk: Desk) -> None:
    sale = desk.captured()
    result = desk.refund(sale)
    expect(isinstance(result, RefundResult), f"answered {describe(result)}")
    expect_money(result.money, sale.money, "refunded")
    if desk.bench.offers("books"):
        _expect_refunded(desk, sale, sale.money.minor_units)


@rule(
    "REF-02",
    "Refunding a part gives back exactly that part.",
    change="Send the amount with the refund; most services refund everything when it is left out.",
    stake="One returned article would refund the whole order.",
    needs=[PARTIAL_REFUND],
)
def refunds_a_part(desk: Desk) -> None:
    sale, part = desk.captured(), desk.part(3)
    expect_money(desk.refund(sale, part).money, part, "refunded")
    if desk.bench.offers("books"):
        _expect_refunded(desk, sale, part.minor_units)


@rule(
    "REF-03",
    "Several refunds add up, and each has a reference of its own or none.",
    change="Return the id of the refund, not of the payment.",
    stake="The ledger takes two refunds with one reference for one, and would allow a third.",
    needs=[PARTIAL_REFUND],
)
def refunds_add_up(desk: Desk) -> None:
    sale = desk.captured()
    first, second = desk.refund(sale, desk.part(3)), desk.refund(sale, desk.part(4))
    is_told_apart = first.refund_ref is None or first.refund_ref != second.refund_ref
    expect(is_told_apart, f"both refunds have the reference {describe(first.refund_ref)}")
    if desk.bench.offers("books"):
        _expect_refunded(desk, sale, desk.part(3).minor_units + desk.part(4).minor_units)


@rule(
    "REF-04",
    "More than what was captured is refused, and nothing is refunded.",
    change="Let the service refuse it and raise `ProviderRejected`; don't cut the amount to what is left.",
    stake="The shop would pay customers out of its own pocket.",
    needs=[books],
)
def never_refunds_too_much(desk: Desk) -> None:
    sale = desk.captured()
    expect_refusal(lambda: desk.refund(sale, desk.on_step(desk.bench.amount * 2)), "refund of twice the amount")
    _expect_refunded(desk, sale, 0)


@rule(
    "REF-05",
    "A second refund that goes beyond the rest is refused.",
    change="Leave the limit to the service, which counts what is refunded already.",
    stake="Two refunds that are each allowed together pay out too much.",
    needs=[PARTIAL_REFUND, books],
)
def counts_what_is_refunded(desk: Desk) -> None:
    sale = desk.captured()
    desk.refund(sale, desk.part(6))
    expect_refusal(lambda: desk.refund(sale, desk.part(5)), "refund of five tenths after six")
    _expect_refunded(desk, sale, desk.part(6).minor_units)


@rule(
    "REF-06",
    "What isn't captured isn't refunded.",
    change="Let the service refuse it and raise `ProviderRejected`.",
    stake="The shop would give back what it never got.",
    needs=[AUTHORIZES, books],
)
def refunds_only_what_is_captured(desk: Desk) -> None:
    sale = desk.authorized()
    expect_refusal(lambda: desk.refund(sale), "refund of a payment that is only authorized")
    _expect_refunded(desk, sale, 0)


@rule(
    "REF-07",
    "A refund that the service has only taken on is `accepted`, and told as pending until it is decided.",
    change="Return `RefundStatus.ACCEPTED` for a pending refund, with its reference; list it with its state of now.",
    stake="The customer would be told that the money is back while the bank may still refuse it.",
    needs=[RETRIEVE, slow_refunds],
)
def tells_accepted_from_done(desk: Desk) -> None:
    sale, ref = _accepted_refund(desk)
    expect(_fact(desk, sale, ref).state is RefundState.PENDING, "before it is decided it isn't told as pending")
    desk.bench.settle_refund(ref, RefundState.SUCCEEDED)
    expect(_fact(desk, sale, ref).state is RefundState.SUCCEEDED, "after it succeeded it isn't told as succeeded")


@rule(
    "REF-08",
    "A refund that fails later is told as failed, and its amount can be refunded again.",
    change="List failed refunds in the snapshot, with the state `failed`.",
    stake="Neither the customer nor the shop would ever see that money again.",
    needs=[RETRIEVE, slow_refunds],
)
def tells_that_a_refund_failed(desk: Desk) -> None:
    sale, ref = _accepted_refund(desk)
    desk.bench.settle_refund(ref, RefundState.FAILED)
    expect(_fact(desk, sale, ref).state is RefundState.FAILED, "after it failed it isn't told as failed")
    again = outcome(lambda: desk.refund(sale))
    expect(isinstance(again, RefundResult), f"refunding it again ended in {describe(again)}")


@rule(
    "REF-09",
    "`supports_partial_refund` is not too modest.",
    change="Declare it where it works.",
    stake="The core refuses what isn't declared: a shop could not refund one article.",
    needs=[books],
)
def refunds_as_it_declares(desk: Desk) -> None:
    if desk.provider.capabilities.supports_partial_refund:
        return
    sale = desk.captured()
    if isinstance(outcome(lambda: desk.refund(sale, desk.part(3))), RefundResult):
        desk.note("refunds a part and doesn't declare supports_partial_refund")


def _accepted_refund(desk: Desk) -> tuple[Sale, str]:
    with desk.bench.slow_refunds():
        sale = desk.captured()
        result = desk.refund(sale)
    expect(result.status is RefundStatus.ACCEPTED, f"a pending refund was answered with {describe(result)}")
    ref = str(result.refund_ref)
    _fact(desk, sale, ref)
    return sale, ref


def _fact(desk: Desk, sale: Sale, ref: str) -> RefundFact:
    facts = [fact for fact in desk.snapshot(sale).refunds if fact.refund_ref == ref]
    expect(len(facts) == 1, f"the snapshot has {len(facts)} refunds with the reference that refund() answered")
    return facts[0]


def _expect_refunded(desk: Desk, sale: Sale, wanted: int) -> None:
    seen = desk.books(sale).refunds
    is_kept = total(seen) == wanted and all(money.currency_code == sale.money.currency_code for money in seen)
    expect(is_kept, f"the service refunded {describe(seen)}; expected {wanted} minor units")
