"""Cancel gives up what isn't captured, and touches nothing else."""

from medusa_payments.providers.types import CancelResult, CaptureResult, SessionResult
from medusa_payments.testing.conformance.desk import Desk, outcome, total
from medusa_payments.testing.conformance.expectations import describe, expect, expect_refusal
from medusa_payments.testing.conformance.needs import AUTHORIZES, MULTIPLE_CAPTURES, books, counted, hook
from medusa_payments.testing.conformance.rules import rule


@rule(
    "CAN-01",
    "Canceling an authorized payment releases it, whole, and captures nothing.",
    change="Void the authorization at the service, and answer with what was released, or with nothing.",
    stake="The customer's card stays blocked, or is charged, for an order that doesn't exist any more.",
    needs=[AUTHORIZES],
)
def releases(desk: Desk) -> None:
    sale = desk.authorized()
    result = desk.cancel(sale)
    expect(isinstance(result, CancelResult), f"answered {describe(result)}")
    expect(result.released in {None, sale.money}, f"released {describe(result.released)} of {sale.money}")
    if desk.bench.offers("books"):
        found = desk.books(sale)
        expect(found.held is None and not total(found.captures), f"the service has {describe(found)}")


@rule(
    "CAN-02",
    "Canceling twice is no error, under one key or under two.",
    change='Treat the service\'s "already canceled" as done.',
    stake="Recovery cancels again what it isn't sure of, and would wait for a person each time.",
    needs=[AUTHORIZES],
)
def cancels_again(desk: Desk) -> None:
    sale = desk.authorized()
    for attempt in ("the first cancel", "the second cancel"):
        answer = outcome(lambda: desk.cancel(sale))
        expect(isinstance(answer, CancelResult), f"{attempt} ended in {describe(answer)}")


@rule(
    "CAN-03",
    "Captured money is not canceled: that is refused, and the money stays.",
    change="Raise `ProviderRejected`; never refund inside cancel.",
    stake="The ledger would show money as captured that the customer already has back.",
    needs=[books],
)
def leaves_captured_money_alone(desk: Desk) -> None:
    sale = desk.captured()
    expect_refusal(lambda: desk.cancel(sale), "cancel of a captured payment")
    found = desk.books(sale)
    is_kept = total(found.captures) == sale.money.minor_units and not found.refunds
    expect(is_kept, f"the service has {describe(found)}")


@rule(
    "CAN-04",
    "Canceling a payment that is captured in part releases the rest and leaves the part.",
    change="Release what is held; answer with what was released, not with the whole amount.",
    stake="Money that was earned would be booked as given back.",
    needs=[AUTHORIZES, MULTIPLE_CAPTURES, books],
)
def releases_only_the_rest(desk: Desk) -> None:
    sale, part = desk.authorized(), desk.part(3)
    desk.capture(sale, part)
    result = desk.cancel(sale)
    found = desk.books(sale)
    is_kept = found.held is None and total(found.captures) == part.minor_units and not found.refunds
    expect(is_kept, f"the service has {describe(found)}")
    rest = sale.money.minor_units - part.minor_units
    is_told = result.released is None or result.released.minor_units == rest
    expect(is_told, f"released {describe(result.released)} instead of {rest} minor units")


@rule(
    "CAN-05",
    "What was canceled before the customer paid can't be paid any more.",
    change="Cancel the object at the service too, not only in the answer.",
    stake="The customer could pay an order in a second tab that was paid in the first.",
    needs=[counted],
)
def closes_what_is_unpaid(desk: Desk) -> None:
    sale = desk.initiated()
    desk.cancel(sale)
    outcome(lambda: desk.bench.act(sale.ref, desk.payer))
    answer = outcome(lambda: desk.authorize(sale))
    is_paid = isinstance(answer, SessionResult) and answer.status.holds_money
    expect(not is_paid, f"authorize after cancel was answered with {describe(answer)}")


@rule(
    "CAN-06",
    "What was canceled can't be captured any more.",
    change="Let the service refuse it and raise `ProviderRejected`.",
    stake="The customer would be charged for a canceled order.",
    needs=[AUTHORIZES, counted],
)
def captures_nothing_after_cancel(desk: Desk) -> None:
    sale = desk.authorized()
    desk.cancel(sale)
    answer = outcome(lambda: desk.capture(sale))
    expect(not isinstance(answer, CaptureResult), f"capture after cancel was answered with {describe(answer)}")
    if desk.bench.offers("books"):
        expect(not desk.books(sale).captures, f"the service captured {describe(desk.books(sale).captures)}")


@rule(
    "CAN-07",
    "An authorization that runs out is told as gone, with what it released.",
    change='Translate the service\'s "expired" to `canceled`, and count what it gave back as released.',
    stake="The shop would ship on the strength of an authorization that doesn't exist any more.",
    needs=[AUTHORIZES, counted, hook("let_authorization_run_out")],
)
def tells_that_it_ran_out(desk: Desk) -> None:
    sale = desk.authorized()
    desk.bench.let_authorization_run_out(sale.ref)
    answer = outcome(lambda: desk.capture(sale))
    expect(not isinstance(answer, CaptureResult), f"capture after its end was answered with {describe(answer)}")
    if desk.provider.capabilities.can_retrieve:
        found = desk.snapshot(sale)
        expect(not found.status.holds_money, f"the status is {found.status} after its end")
        expect(found.released == sale.money, f"released {describe(found.released)} of {sale.money}")
