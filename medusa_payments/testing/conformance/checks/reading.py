"""Retrieve and list: what the service has, told without changing it. Recovery concludes from what is *not* there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from medusa_payments.providers import cleaning
from medusa_payments.providers.errors import ProviderOutcomeUnknown, ProviderUnavailable
from medusa_payments.providers.facts import PaymentSnapshot
from medusa_payments.providers.types import SessionResult
from medusa_payments.states import SessionStatus
from medusa_payments.testing.conformance.bench import Fault
from medusa_payments.testing.conformance.desk import UNKNOWN_REF, Desk, Sale, new_key, outcome, total
from medusa_payments.testing.conformance.expectations import describe, expect, expect_money
from medusa_payments.testing.conformance.needs import (
    AUTHORIZES,
    MULTIPLE_CAPTURES,
    PARTIAL_CAPTURE,
    PARTIAL_REFUND,
    RETRIEVE,
    books,
    capability,
    faults,
)
from medusa_payments.testing.conformance.rules import rule

_LIST = capability("can_list")

_CLOCKS_DIFFER = timedelta(hours=1)


@rule(
    "RET-01",
    "Retrieve tells an object's reference, session, status and amount.",
    change="Write the session's id into the object's metadata at initiate, and read it back.",
    stake="An object that says nothing of its session can be claimed for another one.",
    needs=[RETRIEVE],
)
def tells_what_it_has(desk: Desk) -> None:
    sale = desk.initiated()
    found = desk.retrieve(sale)
    expect(isinstance(found, PaymentSnapshot), f"retrieve answered {describe(found)}")
    assert found is not None
    expect(found.provider_ref == sale.ref, f"the reference is {describe(found.provider_ref)}")
    expect(found.session_id == sale.session_id, f"the session is {describe(found.session_id)}")
    expect_money(found.money, sale.money, "the object is for")
    expect(not found.status.holds_money, f"the status is {found.status} before the customer paid")
    expect(not found.captured.minor_units and not found.released.minor_units, "there is money before there is any")


@rule(
    "RET-02",
    "Retrieve changes nothing.",
    change="Only read: don't confirm, capture or update on the way.",
    stake="The worker asks again and again, about payments that nobody wants any more, too.",
    needs=[AUTHORIZES, RETRIEVE, books],
)
def only_reads(desk: Desk) -> None:
    sale = desk.initiated()
    before = desk.books(sale)
    for _ in range(3):
        desk.retrieve(sale)
    expect(desk.books(sale) == before, f"after reading the service has {describe(desk.books(sale))}")
    paid = desk.authorized()
    before = desk.books(paid)
    first, second = desk.retrieve(paid), desk.retrieve(paid)
    expect(desk.books(paid) == before, f"after reading the service has {describe(desk.books(paid))}")
    expect(first == second, f"the second read tells {describe(second)}")


@rule(
    "RET-03",
    "What the service doesn't have is None.",
    change='Translate "not found" to None; build no empty snapshot and raise nothing.',
    stake="Reconciliation would take a payment that is gone for one that is there.",
    needs=[RETRIEVE],
)
def says_none_for_nothing(desk: Desk) -> None:
    answer = outcome(lambda: desk.retrieve(Sale(money=desk.whole(), data={}, ref=UNKNOWN_REF)))
    expect(answer is None, f"for an unknown reference: {describe(answer)}; expected None")


@rule(
    "RET-04",
    "A service that doesn't answer is an error, never None.",
    change='Raise `ProviderUnavailable` or `ProviderOutcomeUnknown`; return None only for a plain "not found".',
    stake='"Absent" proves that nothing was paid: a payment that was made would be written off.',
    needs=[RETRIEVE, faults],
)
def never_invents_absence(desk: Desk) -> None:
    sale = desk.initiated()
    for fault in Fault:
        with desk.bench.fault(fault, "retrieve"):
            answer = outcome(lambda: desk.retrieve(sale))
        is_honest = isinstance(answer, ProviderUnavailable | ProviderOutcomeUnknown | PaymentSnapshot)
        expect(is_honest, f"with {fault}: {describe(answer)}; expected ProviderUnavailable or ProviderOutcomeUnknown")


@rule(
    "RET-05",
    "Without a reference, an object is found by its session; a session without one is None.",
    change="Search the metadata for `session_id`, in an index that is up to date; or take `finds_by_session` back.",
    stake="An object whose answer was lost would be taken for never made, and stay payable.",
    needs=[RETRIEVE, capability("finds_by_session")],
)
def finds_by_session(desk: Desk) -> None:
    sale = desk.initiated()
    found = desk.retrieve(replace(sale, ref=""))
    expect(isinstance(found, PaymentSnapshot), f"by session: {describe(found)}")
    assert found is not None
    expect(found.provider_ref == sale.ref, f"by session another object was found: {describe(found.provider_ref)}")
    nothing = desk.retrieve(desk.sale())
    expect(nothing is None, f"for a session without an object: {describe(nothing)}; expected None")


@rule(
    "RET-06",
    "A reference decides: what is asked for by reference is that object, whatever the session.",
    change="Look up `provider_ref` when it is given; answer with the session that the object itself names.",
    stake="The core compares both to keep one paid object from counting for two orders.",
    needs=[RETRIEVE],
)
def believes_the_reference(desk: Desk) -> None:
    sale, other = desk.initiated(), desk.initiated()
    found = desk.retrieve(replace(sale, session_id=other.session_id))
    expect(isinstance(found, PaymentSnapshot), f"retrieve answered {describe(found)}")
    assert found is not None
    expect(found.provider_ref == sale.ref, "the session's object was returned instead of the reference's")
    expect(found.session_id == sale.session_id, "it names the session that was asked with, not the object's own")


@rule(
    "RET-07",
    "Snapshots tell what is authorized.",
    change="Return status `authorized` and the authorized amount, with nothing captured.",
    stake="A payment whose answer was lost is booked from its snapshot.",
    needs=[AUTHORIZES, RETRIEVE],
)
def tells_what_is_authorized(desk: Desk) -> None:
    sale = desk.authorized()
    found = desk.snapshot(sale)
    expect(found.status is SessionStatus.AUTHORIZED, f"the status is {describe(found.status)}")
    expect_money(found.money, sale.money, "authorized")
    expect(not found.captured.minor_units, f"captured {found.captured} before any capture")


@rule(
    "RET-08",
    "Snapshots tell what is captured, in total and one by one.",
    change="Count what the service has captured over the object's whole life.",
    stake="What is missing in a snapshot is missing in the ledger; what is too much freezes the payment.",
    needs=[AUTHORIZES, RETRIEVE, PARTIAL_CAPTURE],
)
def tells_what_is_captured(desk: Desk) -> None:
    sale = desk.authorized()
    result = desk.capture(sale, desk.part(3))
    found = desk.snapshot(sale)
    expect_money(found.captured, desk.part(3), "captured in total")
    listed = total(fact.money for fact in found.captures)
    expect(listed in {0, desk.part(3).minor_units}, f"single captures add up to {listed} minor units")
    refs = [fact.capture_ref for fact in found.captures]
    is_listed = not refs or result.capture_ref in refs
    expect(is_listed, f"capture() answered {describe(result.capture_ref)}; listed are {describe(refs)}")


@rule(
    "RET-09",
    "Snapshots tell every refund, under the reference that refund answered.",
    change="List all refunds of the object, failed ones too, past the first page.",
    stake="A refund under two names is booked twice.",
    needs=[RETRIEVE, PARTIAL_REFUND],
)
def tells_what_is_refunded(desk: Desk) -> None:
    sale = desk.captured()
    refs = {desk.refund(sale, desk.part(tenths)).refund_ref for tenths in (2, 3)}
    found = desk.snapshot(sale)
    wanted = desk.part(2).minor_units + desk.part(3).minor_units
    expect(total(fact.money for fact in found.refunds) == wanted, f"refunds are {describe(found.refunds)}")
    listed = {fact.refund_ref for fact in found.refunds}
    expect(refs == listed, f"refund() answered {sorted(map(str, refs))}; listed: {sorted(listed)}")
    expect_money(found.captured, sale.money, "captured in total, refunds not taken off,")


@rule(
    "RET-10",
    "Snapshots tell what was released.",
    change="Count as `released` what was authorized and will never be captured.",
    stake="The ledger would wait for money that the customer has back.",
    needs=[AUTHORIZES, RETRIEVE],
)
def tells_what_is_released(desk: Desk) -> None:
    sale = desk.authorized()
    desk.cancel(sale)
    found = desk.snapshot(sale)
    expect(found.status is SessionStatus.CANCELED, f"the status is {describe(found.status)} after cancel")
    expect_money(found.released, sale.money, "released")


@rule(
    "RET-11",
    "Each movement names the idempotency key that caused it.",
    change="Write the key into the metadata of captures and refunds; or take `reports_keys` back.",
    stake='"No movement with this key" proves that a capture never happened: then it is made again.',
    needs=[RETRIEVE, capability("reports_keys"), AUTHORIZES, PARTIAL_CAPTURE],
)
def names_the_keys(desk: Desk) -> None:
    sale, capture_key, refund_key = desk.authorized(), new_key(), new_key()
    desk.capture(sale, desk.part(5), capture_key)
    desk.refund(sale, desk.part(5), refund_key)
    found = desk.snapshot(sale)
    captures = [fact.idempotency_key for fact in found.captures]
    refunds = [fact.idempotency_key for fact in found.refunds]
    expect(captures == [capture_key], f"captures name {captures} instead of the key they were sent with")
    expect(refunds == [refund_key], f"refunds name {refunds} instead of the key they were sent with")


@rule(
    "RET-12",
    "After several captures and a cancel, captured and released add up to what was authorized.",
    change="Take both totals from the service's own counters.",
    stake="Every cent that is in neither can't be explained afterwards.",
    needs=[AUTHORIZES, RETRIEVE, MULTIPLE_CAPTURES],
)
def totals_add_up(desk: Desk) -> None:
    sale = desk.authorized()
    for tenths in (2, 3):
        desk.capture(sale, desk.part(tenths))
    desk.cancel(sale)
    found = desk.snapshot(sale)
    captured = desk.part(2).minor_units + desk.part(3).minor_units
    expect(found.captured.minor_units == captured, f"captured {found.captured}; expected {captured} minor units")
    is_whole = found.captured.minor_units + found.released.minor_units == sale.money.minor_units
    expect(is_whole, f"captured {found.captured} and released {found.released} of {sale.money}")


@rule(
    "RET-13",
    "References, texts and times in results and snapshots can be stored as they are.",
    change="Give times a zone, and texts neither NUL nor half surrogates; references have at most 255 characters.",
    stake="The core has to guess: a time without a zone is taken for UTC, and a payment is captured hours too late.",
)
def says_what_can_be_stored(desk: Desk) -> None:
    sale = desk.acted(desk.payer)
    said: list[Any] = [outcome(partial(desk.authorize, sale))]
    if desk.provider.capabilities.can_retrieve:
        said.append(outcome(partial(desk.retrieve, sale)))
    for answer in said:
        if isinstance(answer, SessionResult | PaymentSnapshot):
            plain = replace(answer, data={})
            expect(cleaning.answer(plain) == plain, f"it says {describe(plain)}")


@rule(
    "LST-01",
    "Listing tells every object, as retrieve does, and changes nothing.",
    change="Follow the service's pages to the end; build snapshots with the code that retrieve uses.",
    stake="Reconciliation finds what webhooks have missed: only if it sees everything.",
    needs=[_LIST, RETRIEVE],
)
def lists_everything(desk: Desk) -> None:
    sales = [desk.initiated(), desk.captured(), desk.initiated()]
    listed = {found.provider_ref: found for found in desk.provider.list_payments()}
    for sale in sales:
        expect(sale.ref in listed, f"{len(listed)} objects are listed, and one that exists is not among them")
        expect(listed[sale.ref] == desk.retrieve(sale), f"listed as {describe(listed[sale.ref])}")


@rule(
    "LST-02",
    "With `since`, what changed after that moment is listed; what didn't is left out or not.",
    change="Filter by the last change, not by creation; in doubt list more.",
    stake="A refund of today on a payment of last month would never be reconciled.",
    needs=[_LIST],
)
def lists_what_changed_since(desk: Desk) -> None:
    sale = desk.initiated()
    refs = {found.provider_ref for found in desk.provider.list_payments(datetime.now(UTC) - _CLOCKS_DIFFER)}
    expect(sale.ref in refs, "an object made now isn't listed as changed since an hour ago")
