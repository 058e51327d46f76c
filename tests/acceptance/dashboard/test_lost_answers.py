"""Answers that get lost, on the way from the provider or on the way to Medusa's dashboard: staff try again.

The dashboard sends no `Idempotency-Key`: what holds here holds for callers without one.
"""

from time import monotonic, sleep

import pytest

from tests.acceptance.dashboard.clerk import Clerk
from tests.acceptance.dashboard.proxy import Fault
from tests.acceptance.dashboard.test_dashboard import ordered, refunds
from tests.acceptance.museum.shop import Document, Shop

pytestmark = [pytest.mark.browser, pytest.mark.any_engine, pytest.mark.django_db(transaction=True)]

WORKING = {"delay_ms": 500}
PATIENCE_SECONDS = 10


@pytest.mark.parametrize("outcome", ["timeout_after", "timeout_before"])
def test_the_provider_answers_a_capture_with_silence(clerk: Clerk, shop: Shop, outcome: str) -> None:
    order, payment = ordered(shop, on="capture", outcome=outcome)
    clerk.opens_order(order["id"])
    clerk.press("Capture payment")
    clerk.confirms()
    clerk.is_notified("outcome")
    clerk.photographs(f"capture-{outcome}")

    clerk.press("Capture payment")
    clerk.confirms()

    clerk.sees("Payment of €100.00 successfully captured")
    clerk.shows("Payments", "Captured")
    assert shop.moved(payment, "capture") == [100]


@pytest.mark.parametrize("outcome", ["timeout_after", "timeout_before"])
def test_the_provider_answers_a_refund_with_silence(clerk: Clerk, shop: Shop, outcome: str) -> None:
    order, payment = ordered(shop, captured=True, on="refund", outcome=outcome)
    clerk.opens_order(order["id"])
    clerk.starts_refund()
    clerk.fills_refund("30")
    clerk.saves()
    clerk.is_notified("outcome")
    clerk.photographs(f"refund-{outcome}")

    clerk.saves()

    clerk.sees("Refund of amount €30.00 successful")
    clerk.shows("Payments", "- €30.00", "Total paid by customer€ 70.00 EUR")
    assert shop.moved(payment, "refund") == [30]


def settled(shop: Shop, payment: Document, verb: str) -> None:
    """Wait until the shop has written down what the provider did."""
    until = monotonic() + PATIENCE_SECONDS
    while monotonic() < until:
        now = shop.payment(payment["id"])
        if now["captured_at"] if verb == "capture" else any(row["status"] == "succeeded" for row in now["refunds"]):
            sleep(0.3)
            return
        sleep(0.05)
    raise AssertionError(f"the {verb} doesn't end")


def test_the_connection_to_the_shop_breaks_while_a_capture_runs(clerk: Clerk, shop: Shop) -> None:
    order, payment = ordered(shop, on="capture", **WORKING)
    clerk.opens_order(order["id"])
    clerk.proxy.faults["capture"] = Fault.GATEWAY_TIMEOUT
    clerk.press("Capture payment")
    clerk.confirms()
    clerk.is_notified("Gateway Timeout")
    settled(shop, payment, "capture")

    clerk.press("Capture payment")
    clerk.confirms()

    clerk.sees("Payment of €100.00 successfully captured")
    assert shop.moved(payment, "capture") == [100]


def test_the_connection_to_the_shop_breaks_while_a_refund_runs(clerk: Clerk, shop: Shop) -> None:
    order, payment = ordered(shop, captured=True, on="refund", **WORKING)
    clerk.opens_order(order["id"])
    clerk.starts_refund()
    clerk.fills_refund("30")
    clerk.proxy.faults["refund"] = Fault.GATEWAY_TIMEOUT
    clerk.saves()
    clerk.is_notified("Gateway Timeout")
    clerk.photographs("refund-broken-connection")
    settled(shop, payment, "refund")

    clerk.saves()

    clerk.sees("Refund of amount €30.00 successful")
    clerk.shows("Payments", "- €30.00", "Total paid by customer€ 70.00 EUR")
    assert (shop.moved(payment, "refund"), refunds(shop, payment)) == ([30], [("succeeded", 30)])


@pytest.mark.xfail(reason="two that are under way at once are two intents, and Chromium repeats by itself")
def test_the_browser_itself_repeats_while_a_refund_runs(clerk: Clerk, shop: Shop) -> None:
    """One click: a connection that was in use before closes without an answer, so Chromium sends the POST again."""
    order, payment = ordered(shop, captured=True, on="refund", **WORKING)
    clerk.opens_order(order["id"])
    clerk.starts_refund()
    clerk.fills_refund("30")
    clerk.proxy.faults["refund"] = Fault.HANG_UP
    clerk.saves()
    settled(shop, payment, "refund")
    clerk.waits_for_the_shop()
    clerk.photographs("refund-repeated-by-the-browser")

    assert shop.moved(payment, "refund") == [30]


def test_an_answer_lost_on_the_last_yard_is_seen_by_looking(clerk: Clerk, shop: Shop) -> None:
    """The shop has answered: it can't know that the browser never heard it."""
    order, payment = ordered(shop, captured=True)
    clerk.opens_order(order["id"])
    clerk.starts_refund()
    clerk.loses_the_answer_to("/refund$")
    clerk.saves()
    clerk.is_notified("fetch")

    clerk.opens_order(order["id"])

    clerk.shows("Payments", "- €100.00", "Total paid by customer€ 0.00 EUR")
    assert shop.moved(payment, "refund") == [100]


def test_a_whole_refund_lost_on_the_last_yard_moves_once(clerk: Clerk, shop: Shop) -> None:
    order, payment = ordered(shop, captured=True)
    clerk.opens_order(order["id"])
    clerk.starts_refund()
    clerk.loses_the_answer_to("/refund$")
    clerk.saves()
    clerk.is_notified("fetch")

    clerk.saves()

    clerk.is_notified("refund")
    clerk.photographs("whole-refund-twice")
    assert shop.moved(payment, "refund") == [100]


@pytest.mark.xfail(reason="the shop has answered: the same again means another one")
def test_a_part_lost_on_the_last_yard_moves_once(clerk: Clerk, shop: Shop) -> None:
    order, payment = ordered(shop, captured=True)
    clerk.opens_order(order["id"])
    clerk.starts_refund()
    clerk.fills_refund("30")
    clerk.loses_the_answer_to("/refund$")
    clerk.saves()
    clerk.is_notified("fetch")

    clerk.saves()

    clerk.sees("Refund of amount €30.00 successful")
    assert shop.moved(payment, "refund") == [30]


def test_marking_as_paid_lost_on_the_last_yard_moves_once(clerk: Clerk, shop: Shop) -> None:
    order, _ = ordered(shop, captured=True)
    shop.good("POST", "/admin/payment-collections", {"order_id": order["id"], "amount": 12.34})
    clerk.opens_order(order["id"])
    clerk.loses_the_answer_to("/mark-as-paid$")
    clerk.press("Mark as paid")
    clerk.confirms()
    clerk.is_notified("fetch")

    clerk.press("Mark as paid")
    clerk.confirms()

    clerk.is_notified("Can only mark 'not_paid' payment collection as paid")
    clerk.photographs("marked-twice")
    [_, paid] = shop.good("GET", f"/admin/orders/{order['id']}")["order"]["payment_collections"]
    assert len(paid["payments"]) == 1
