"""Capture takes exactly what is asked for, of what is authorized, and never more."""

from medusa_payments.providers.types import CaptureResult
from medusa_payments.testing.conformance.desk import Desk, Sale, outcome, total
from medusa_payments.testing.conformance.expectations import describe, expect, expect_money, expect_refusal
from medusa_payments.testing.conformance.needs import (
    AUTHORIZES,
    MULTIPLE_CAPTURES,
    PARTIAL_CAPTURE,
    books,
    counted,
)
from medusa_payments.testing.conformance.rules import rule


@rule(
    "CAP-01",
    "Capturing the whole amount captures it, and leaves nothing held.",
    change="Capture `request.money`, and answer with what the service says that it captured.",
    stake="Goods are shipped on the strength of it.",
    needs=[AUTHORIZES],
)
def captures_everything(desk: Desk) -> None:
    sale = desk.authorized()
    result = desk.capture(sale)
    expect(isinstance(result, CaptureResult), f"answered {describe(result)}")
    expect_money(result.money, sale.money, "captured")
    if desk.bench.offers("books"):
        _expect_captured(desk, sale, sale.money.minor_units)
        expect(desk.books(sale).held is None, f"the service still holds {describe(desk.books(sale).held)}")


@rule(
    "CAP-02",
    "Capturing a part captures exactly that part.",
    change="Send the amount with the capture; most services take everything when it is left out.",
    stake="A shop that ships half of an order would charge all of it.",
    needs=[AUTHORIZES, PARTIAL_CAPTURE],
)
def captures_a_part(desk: Desk) -> None:
    sale, part = desk.authorized(), desk.part(3)
    expect_money(desk.capture(sale, part).money, part, "captured")
    if desk.bench.offers("books"):
        _expect_captured(desk, sale, part.minor_units)


@rule(
    "CAP-03",
    "Several captures add up, and each has a reference of its own or none.",
    change="Return the id of the capture, not of the payment; leave it out where the service has none.",
    stake="The ledger takes two captures with one reference for one: the second is never booked.",
    needs=[AUTHORIZES, MULTIPLE_CAPTURES],
)
def captures_add_up(desk: Desk) -> None:
    sale = desk.authorized()
    first, second = desk.capture(sale, desk.part(3)), desk.capture(sale, desk.part(4))
    is_told_apart = first.capture_ref is None or first.capture_ref != second.capture_ref
    expect(is_told_apart, f"both captures have the reference {describe(first.capture_ref)}")
    if desk.bench.offers("books"):
        _expect_captured(desk, sale, desk.part(3).minor_units + desk.part(4).minor_units)


@rule(
    "CAP-04",
    "More than what is authorized is refused, and nothing is captured.",
    change="Let the service refuse it and raise `ProviderRejected`; don't cut the amount to what is left.",
    stake="The customer would be charged more than was confirmed.",
    needs=[AUTHORIZES, books],
)
def never_captures_too_much(desk: Desk) -> None:
    sale = desk.authorized()
    expect_refusal(lambda: desk.capture(sale, desk.on_step(desk.bench.amount * 2)), "capture of twice the amount")
    _expect_captured(desk, sale, 0)


@rule(
    "CAP-05",
    "A second capture that goes beyond the rest is refused.",
    change="Leave the limit to the service, which counts what is captured already.",
    stake="Two parts that are each allowed together charge too much.",
    needs=[AUTHORIZES, MULTIPLE_CAPTURES, books],
)
def counts_what_is_captured(desk: Desk) -> None:
    sale = desk.authorized()
    desk.capture(sale, desk.part(6))
    expect_refusal(lambda: desk.capture(sale, desk.part(5)), "capture of five tenths after six")
    _expect_captured(desk, sale, desk.part(6).minor_units)


@rule(
    "CAP-06",
    "What isn't authorized isn't captured.",
    change="Let the service refuse it and raise `ProviderRejected`.",
    stake="A capture is booked as money; this one never comes.",
    needs=[counted],
)
def captures_only_what_is_authorized(desk: Desk) -> None:
    sale = desk.initiated()
    expect_refusal(lambda: desk.capture(sale), "capture before the customer authorized")
    if desk.bench.offers("books"):
        _expect_captured(desk, sale, 0)


@rule(
    "CAP-07",
    "After a final capture nothing is held any more.",
    change="With `is_final`, tell the service that it was the last, or release the rest.",
    stake="The rest blocks the customer's card for weeks.",
    needs=[AUTHORIZES, MULTIPLE_CAPTURES, books],
)
def lets_go_after_the_last_capture(desk: Desk) -> None:
    sale, first = desk.authorized(), desk.part(7)
    desk.capture(sale, first)
    desk.capture(sale, desk.on_step(sale.money.minor_units - first.minor_units), is_final=True)
    expect(desk.books(sale).held is None, f"the service still holds {describe(desk.books(sale).held)}")


@rule(
    "CAP-08",
    "What the service lets go with a capture is told.",
    change="Where a partial capture ends the authorization, answer with the rest as `released`.",
    stake="The ledger would go on to count on money that the customer has back.",
    needs=[AUTHORIZES, PARTIAL_CAPTURE, books],
)
def tells_what_it_lets_go(desk: Desk) -> None:
    sale, part = desk.authorized(), desk.part(3)
    result = desk.capture(sale, part)
    found = desk.books(sale)
    kept = total(found.captures) + (found.held.minor_units if found.held else 0)
    let_go = sale.money.minor_units - kept
    if let_go > 0 and (result.released is None or result.released.minor_units != let_go):
        told = desk.snapshot(sale).released if desk.provider.capabilities.can_retrieve else result.released
        is_told = told is not None and told.minor_units == let_go
        expect(is_told, f"released {describe(told)}; the service let {let_go} minor units go")


@rule(
    "CAP-09",
    "Capabilities about captures are not too modest.",
    change="Declare `supports_partial_capture` and `supports_multiple_captures` where they work.",
    stake="The core refuses what isn't declared: a shop could not ship in parts.",
    needs=[AUTHORIZES, books],
)
def captures_as_it_declares(desk: Desk) -> None:
    capabilities = desk.provider.capabilities
    if capabilities.supports_multiple_captures:
        return
    sale = desk.authorized()
    is_partial = isinstance(outcome(lambda: desk.capture(sale, desk.part(3))), CaptureResult)
    if is_partial and not capabilities.supports_partial_capture:
        desk.note("captures a part and doesn't declare supports_partial_capture")
    if is_partial and isinstance(outcome(lambda: desk.capture(sale, desk.part(3))), CaptureResult):
        desk.note("captures twice and doesn't declare supports_multiple_captures")


def _expect_captured(desk: Desk, sale: Sale, wanted: int) -> None:
    seen = desk.books(sale).captures
    is_kept = total(seen) == wanted and all(money.currency_code == sale.money.currency_code for money in seen)
    expect(is_kept, f"the service captured {describe(seen)}; expected {wanted} minor units")
