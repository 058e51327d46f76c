"""Repeats, keys, and many callers at once."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.acceptance.museum.backstage import Backstage
from tests.acceptance.museum.exhibits import exhibit
from tests.acceptance.museum.shop import Shop, statuses, total

LOST = ["timeout_before", "timeout_after"]


@exhibit(
    "medusajs/medusa#16292",
    "medusajs/medusa#16293",
    "medusajs/medusa#16390",
    "medusajs/medusa#16433",
    "medusajs/medusa#16466",
    there="each retry of a capture has a new key at the provider, and captures again",
    here="a retry finds out what became of the first; the money moves once",
)
@pytest.mark.parametrize("outcome", LOST)
def test_medusa_16292_capture_retry_moves_money_once(steered: Shop, outcome: str) -> None:
    payment = steered.authorized(on="capture", outcome=outcome)

    first, again = (steered.capture(payment, 30) for _ in range(2))

    assert (first.status, first["code"], again.status) == (409, "payment_outcome_unknown", 200)
    assert steered.moved(payment, "capture") == [30]
    assert again["payment"]["captured_amount"] == 30


@exhibit(
    "medusajs/medusa#16681",
    "medusajs/medusa#16682",
    there="each retry of a refund has a new key at the provider, and refunds again; nobody can take that back",
    here="a retry finds out what became of the first; the money moves once",
)
@pytest.mark.parametrize("outcome", LOST)
def test_medusa_16681_refund_retry_moves_money_once(steered: Shop, outcome: str) -> None:
    payment = steered.captured(on="refund", outcome=outcome)

    first, again = (steered.refund(payment, 30) for _ in range(2))

    assert (first.status, first["code"], again.status) == (409, "payment_outcome_unknown", 200)
    assert steered.moved(payment, "refund") == [30]
    assert again["payment"]["refunded_amount"] == 30


@exhibit(
    "keygen-sh/keygen-api#305",
    "stripe/stripe-node#559",
    there="a provider keeps its own 500 for 24 hours and repeats it under the same key, so retries are in vain",
    here="a retry is told to come back in minutes; then the provider is asked, and a new key moves the money once",
)
@pytest.mark.parametrize("outcome", ["error_before", "error_after"])
@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_keygen_api_305_an_error_that_a_provider_repeats(
    shop: Shop, provider: Backstage, outcome: str, verb: str
) -> None:
    begun = shop.begun(on=verb, outcome=outcome)
    shop.order(begun)
    payment = shop.payment_of(begun)
    if verb == "refund":
        assert shop.capture(payment).status == 200
    move, key = getattr(shop, verb), str(uuid4())

    first = move(payment, 30, idempotency_key=key)
    assert (first.status, first["code"]) == (409, "payment_outcome_unknown")
    assert int(first.headers["retry-after"]) < 15 * 60
    provider.time_passes()  # At the provider no day does: it still repeats the error.

    assert move(payment, 30, idempotency_key=key).status == 200
    assert shop.moved(payment, verb) == [30]
    assert provider.explain() == []


@exhibit(
    "medusajs/medusa#11494",
    there="no key was sent to the provider at all",
    here="every call has one of its own",
)
def test_medusa_11494_every_call_has_a_key_of_its_own(steered: Shop) -> None:
    payment = steered.captured()
    for amount in (10, 20):
        assert steered.refund(payment, amount).status == 200

    entries = steered.ledger(payment["payment_session_id"])

    keys = [entry["idempotency_key"] for entry in entries]
    assert [entry["verb"] for entry in entries] == ["initiate", "authorize", "capture", "refund", "refund"]
    assert all(keys)
    assert len(set(keys)) == len(keys)


@exhibit(
    "medusajs/medusa#1887",
    "medusajs/medusa#3871",
    there="a key that conflicts blocks the cart; the storefront is stuck with it",
    here="the same request gets the same answer, another one is told why not, and a new key works",
)
def test_medusa_1887_a_key_blocks_nothing(shop: Shop) -> None:
    payment = shop.captured()
    key = str(uuid4())

    first, again = (shop.refund(payment, 10, idempotency_key=key) for _ in range(2))
    other = shop.refund(payment, 11, idempotency_key=key)
    after = shop.refund(payment, 11, idempotency_key=str(uuid4()))

    assert (first.status, again.body) == (200, first.body)
    assert (other.status, other["type"]) == (422, "idempotency_error")
    assert after.status == 200
    assert shop.moved(payment, "refund") == [10, 11]


@exhibit(
    "medusajs/medusa#1887",
    there="of many requests with one key, some fail for ever",
    here="one is carried out, and all get its answer in the end",
)
def test_medusa_1887_ten_requests_with_one_key_are_one(shop: Shop) -> None:
    payment = shop.captured()
    key = str(uuid4())

    answers = shop.crowd(lambda: shop.refund(payment, 10, idempotency_key=key))

    assert set(statuses(answers)) <= {200, 409}
    assert all(answer.headers.get("retry-after") for answer in answers if answer.status == 409)
    assert shop.refund(payment, 10, idempotency_key=key).status == 200
    assert shop.moved(payment, "refund") == [10]


@exhibit(
    "medusajs/medusa#16012",
    "medusajs/medusa#16097",
    there="captures at once exceed what is authorized, refunds what is captured",
    here="never beyond the limit, however many come at once",
)
@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_medusa_16012_many_at_once_stay_within_the_limit(shop: Shop, verb: str) -> None:
    payment = shop.captured() if verb == "refund" else shop.authorized()
    move = shop.refund if verb == "refund" else shop.capture

    answers = shop.crowd(lambda: move(payment, payment["amount"] * Decimal("0.3")))

    assert statuses(answers) == [200] * 3 + [400] * 7
    assert total(shop.moved(payment, verb)) == payment["amount"] * Decimal("0.9")


@exhibit(
    "medusajs/medusa#7335",
    there="a provider is called inside a transaction: while it is slow, everybody waits",
    here="nothing is locked while a provider thinks; the same payment can be read and captured meanwhile",
)
def test_medusa_7335_nobody_waits_for_a_slow_provider(steered: Shop) -> None:
    payment = steered.authorized(on="capture", delay_ms=1200)
    other = steered.authorized()
    done: list[str] = []

    def slow() -> Any:
        answer = steered.capture(payment, 30)
        done.append("slow")
        return answer

    with ThreadPoolExecutor() as pool:
        running = pool.submit(slow)
        while not _is_under_way(steered, payment):
            pass
        assert steered.capture(other).status == 200
        assert steered.payment(payment["id"])["captured_amount"] == 0
        assert steered.collection(steered.cart())["amount"] == 100
        done.append("the others")
        assert running.result().status == 200

    assert done == ["the others", "slow"]


def _is_under_way(shop: Shop, payment: Any) -> bool:
    """Say whether a capture is under way, by asking for too much: the refusal names what is in flight."""
    return bool(shop.capture(payment, 1000)["details"]["capturing_amount"])


@exhibit(
    "medusajs/medusa v2.0.0, payment module",
    there="a failed refund deletes a row, and by the wrong id",
    here="nothing is deleted: what was captured and refunded before is all there",
)
def test_medusa_2_0_0_a_refund_that_fails_deletes_nothing(steered: Shop) -> None:
    payment = steered.captured(on="refund", outcome="declined")

    refused = steered.refund(payment, 10)

    after = steered.payment(payment["id"])
    assert (refused.status, refused["type"]) == (422, "payment_authorization_error")
    assert (after["captures"], after["refunds"]) == (payment["captures"], [])
    assert (after["captured_amount"], after["refunded_amount"]) == (100, 0)
