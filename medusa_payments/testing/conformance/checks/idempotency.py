"""One key, one effect: whatever is lost, repeated or sent at the same time."""

from collections.abc import Callable
from typing import Any

from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.providers.types import CaptureResult, RefundResult, SessionResult
from medusa_payments.testing.conformance.bench import Customer, Fault
from medusa_payments.testing.conformance.desk import THREADS, Desk, new_key, outcome, together, total
from medusa_payments.testing.conformance.expectations import describe, expect
from medusa_payments.testing.conformance.needs import (
    AUTHORIZES,
    PARTIAL_CAPTURE,
    PARTIAL_REFUND,
    books,
    counted,
    faults,
)
from medusa_payments.testing.conformance.rules import rule

_USE_THE_KEY = "Send `request.idempotency_key` as the service's own idempotency key; if it has none, look it up first."

_PAID_TWICE = "After a crash or a timeout the core sends the same request again: the money would move twice."

_KNOWN_BY = ("provider_ref", "status", "money", "capture_ref", "refund_ref")


@rule(
    "IDE-01",
    "The same request under the same key is answered with the same object, amount and references.",
    change=_USE_THE_KEY,
    stake="The ledger books a second reference as a second movement.",
)
def answers_a_repeat_alike(desk: Desk) -> None:
    sale = desk.sale()
    _expect_same(lambda key: desk.initiate(sale, key), "initiate")
    can_capture = desk.payer is Customer.AUTHORIZES
    paid = desk.authorized() if can_capture else desk.captured()
    _expect_same(lambda key: desk.authorize(paid, key), "authorize")
    if can_capture:
        _expect_same(lambda key: desk.capture(paid, key=key), "capture")
    _expect_same(lambda key: desk.refund(paid, key=key), "refund")


@rule(
    "IDE-02",
    "Initiating twice under one key makes one object.",
    change=_USE_THE_KEY,
    stake="The customer could pay either, or both.",
    needs=[books],
)
def makes_one_object(desk: Desk) -> None:
    sale, key = desk.sale(), new_key()
    desk.initiate(sale, key)
    outcome(lambda: desk.initiate(sale, key))
    made = desk.books(sale).objects
    expect(len(made) == 1, f"the service has {len(made)} objects for one session")


@rule(
    "IDE-03",
    "Capturing twice under one key captures once.",
    change=_USE_THE_KEY,
    stake=_PAID_TWICE,
    needs=[AUTHORIZES, books, PARTIAL_CAPTURE],
)
def captures_once(desk: Desk) -> None:
    sale, key = desk.authorized(), new_key()
    for _ in range(2):
        outcome(lambda: desk.capture(sale, desk.part(4), key))
    _expect_captured(desk, sale, desk.part(4).minor_units, "two calls under one key")


@rule(
    "IDE-04",
    "Refunding twice under one key refunds once.",
    change=_USE_THE_KEY,
    stake=_PAID_TWICE,
    needs=[books, PARTIAL_REFUND],
)
def refunds_once(desk: Desk) -> None:
    sale, key = desk.captured(), new_key()
    for _ in range(2):
        outcome(lambda: desk.refund(sale, desk.part(4), key))
    _expect_refunded(desk, sale, desk.part(4).minor_units, "two calls under one key")


@rule(
    "IDE-05",
    "The key is remembered by the service, not by the process: another instance doesn't execute it again.",
    change="Keep keys at the service, or beside the money they moved; never in the instance.",
    stake="The process that resends is another one: the first has crashed.",
    needs=[AUTHORIZES, books, PARTIAL_CAPTURE],
)
def remembers_keys_beyond_the_process(desk: Desk) -> None:
    sale, key = desk.authorized(), new_key()
    desk.capture(sale, desk.part(4), key)
    outcome(lambda: desk.capture(sale, desk.part(4), key, provider=desk.make()))
    _expect_captured(desk, sale, desk.part(4).minor_units, "one call in each of two instances")


@rule(
    "IDE-06",
    "A capture whose answer was lost is not executed again when it is resent.",
    change=_USE_THE_KEY,
    stake=_PAID_TWICE,
    needs=[AUTHORIZES, books, PARTIAL_CAPTURE, faults],
)
def survives_a_lost_answer_to_capture(desk: Desk) -> None:
    sale, key = desk.authorized(), new_key()
    with desk.bench.fault(Fault.ANSWER_LOST, "capture"):
        outcome(lambda: desk.capture(sale, desk.part(4), key))
    answer = outcome(lambda: desk.capture(sale, desk.part(4), key))
    expect(isinstance(answer, CaptureResult), f"the resend ended in {describe(answer)}")
    _expect_captured(desk, sale, desk.part(4).minor_units, "a lost answer and a resend")


@rule(
    "IDE-07",
    "A refund whose answer was lost is not executed again when it is resent.",
    change=_USE_THE_KEY,
    stake=_PAID_TWICE,
    needs=[books, PARTIAL_REFUND, faults],
)
def survives_a_lost_answer_to_refund(desk: Desk) -> None:
    sale, key = desk.captured(), new_key()
    with desk.bench.fault(Fault.ANSWER_LOST, "refund"):
        outcome(lambda: desk.refund(sale, desk.part(4), key))
    answer = outcome(lambda: desk.refund(sale, desk.part(4), key))
    expect(isinstance(answer, RefundResult), f"the resend ended in {describe(answer)}")
    _expect_refunded(desk, sale, desk.part(4).minor_units, "a lost answer and a resend")


@rule(
    "IDE-08",
    "An object whose initiate lost its answer is found, not made again, when it is resent.",
    change=_USE_THE_KEY,
    stake="The first object stays payable, and nobody watches it.",
    needs=[books, faults],
)
def survives_a_lost_answer_to_initiate(desk: Desk) -> None:
    key = new_key()
    with desk.bench.fault(Fault.ANSWER_LOST, "initiate"):
        sale = desk.sale()
        outcome(lambda: desk.initiate(sale, key))
    answer = outcome(lambda: desk.initiate(sale, key))
    expect(isinstance(answer, SessionResult), f"the resend ended in {describe(answer)}")
    made = desk.books(sale).objects
    expect(len(made) == 1, f"the service has {len(made)} objects for one session")


@rule(
    "IDE-09",
    "A request that was lost on its way is executed when it is resent.",
    change="Don't remember a key as used before the service has executed it.",
    stake="The shop believes in a capture that never happened, until the authorization has run out.",
    needs=[AUTHORIZES, books, PARTIAL_CAPTURE, faults],
)
def survives_a_lost_request(desk: Desk) -> None:
    sale, key = desk.authorized(), new_key()
    with desk.bench.fault(Fault.REQUEST_LOST, "capture"):
        outcome(lambda: desk.capture(sale, desk.part(4), key))
    answer = outcome(lambda: desk.capture(sale, desk.part(4), key))
    expect(isinstance(answer, CaptureResult), f"the resend ended in {describe(answer)}")
    _expect_captured(desk, sale, desk.part(4).minor_units, "a lost request and a resend")


@rule(
    "IDE-10",
    f"{THREADS} callers with one key at the same moment cause one effect; none of them is told that it was refused.",
    change='Let the service decide which is first. "In progress" is `ProviderOutcomeUnknown`, never a refusal.',
    stake="A capture that was made would be recorded as refused, and its money asked for again.",
    needs=[AUTHORIZES, books, PARTIAL_CAPTURE],
)
def stands_a_crowd(desk: Desk) -> None:
    sale, key = desk.authorized(), new_key()
    answers = together([lambda: desk.capture(sale, desk.part(3), key)] * THREADS)
    refusals = [answer for answer in answers if not isinstance(answer, _HARMLESS)]
    expect(not refusals, f"{len(refusals)} of {THREADS} callers got {describe(refusals and refusals[0])}")
    _expect_captured(desk, sale, desk.part(3).minor_units, f"{THREADS} callers")


@rule(
    "IDE-11",
    "A refusal is repeated: the same request under the same key is refused again.",
    change="Don't treat a known key as success without looking at what became of it.",
    stake="What was refused would be booked as paid by the resend.",
    needs=[counted],
)
def repeats_a_refusal(desk: Desk) -> None:
    sale, key = desk.captured(), new_key()
    too_much = desk.on_step(desk.bench.amount * 2)
    for attempt in ("the first", "the second"):
        answer = outcome(lambda: desk.refund(sale, too_much, key))
        is_refused = isinstance(answer, ProviderRejected | ProviderDeclined)
        expect(is_refused, f"{attempt} refund of twice the amount ended in {describe(answer)}")


@rule(
    "IDE-12",
    "Another request under a used key is never executed.",
    change="Let the service compare the requests; raise `ProviderRejected`.",
    stake="A bug or an attack could move any amount under a key that was meant for another.",
    needs=[books, PARTIAL_REFUND],
)
def ties_a_key_to_its_request(desk: Desk) -> None:
    sale, key = desk.captured(), new_key()
    desk.refund(sale, desk.part(2), key)
    answer = outcome(lambda: desk.refund(sale, desk.part(3), key))
    is_lie = isinstance(answer, RefundResult) and answer.money == desk.part(3)
    expect(not is_lie, f"the second amount was answered with {describe(answer)}")
    _expect_refunded(desk, sale, desk.part(2).minor_units, "two amounts under one key")


_HARMLESS = (CaptureResult, ProviderOutcomeUnknown, ProviderUnavailable)


def _expect_same(verb: Callable[[str], Any], name: str) -> None:
    key = new_key()
    first, second = verb(key), outcome(lambda: verb(key))
    expect(type(second) is type(first), f"the repeated {name} ended in {describe(second)}")
    for part in _KNOWN_BY:
        seen, wanted = getattr(second, part, None), getattr(first, part, None)
        expect(seen == wanted, f"repeated {name}: {part} is {describe(seen)}; it was {describe(wanted)}")


def _expect_captured(desk: Desk, sale: Any, wanted: int, what: str) -> None:
    seen = total(desk.books(sale).captures)
    expect(seen == wanted, f"{what}: the service captured {seen} minor units instead of {wanted}")


def _expect_refunded(desk: Desk, sale: Any, wanted: int, what: str) -> None:
    seen = total(desk.books(sale).refunds)
    expect(seen == wanted, f"{what}: the service refunded {seen} minor units instead of {wanted}")
