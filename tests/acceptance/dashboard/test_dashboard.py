"""Medusa's own dashboard, unmodified, at our admin API: what staff do there about money."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.dashboard.clerk import Clerk
from tests.acceptance.museum.shop import SYSTEM, Begun, Document, Shop

pytestmark = [pytest.mark.browser, pytest.mark.any_engine, pytest.mark.django_db(transaction=True)]

LOCK = Path(__file__).parent / "package-lock.json"


def test_the_dashboard_is_the_published_one() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}

    assert {installed[f"node_modules/@medusajs/{name}"]["version"] for name in ("dashboard", "admin-bundler")} == {
        "2.21.2"
    }
    assert all(package["integrity"].startswith("sha512-") for package in installed.values())
    assert not any("resolved" in package for package in installed.values())


def ordered(shop: Shop, *, captured: bool = False, **data: Any) -> tuple[Document, Document]:
    """Return an order of 100 and its payment."""
    begun = shop.begun(**data)
    order = shop.order(begun)
    payment = shop.payment_of(begun)
    if captured:
        assert shop.capture(payment).status == 200
    return order, payment


def refunds(shop: Shop, payment: Document) -> list[tuple[str, Decimal]]:
    return [(row["status"], row["amount"]) for row in shop.payment(payment["id"])["refunds"]]


def test_a_payment_is_captured(clerk: Clerk, shop: Shop) -> None:
    order, payment = ordered(shop)
    clerk.opens_order(order["id"])
    clerk.shows("Payments", "Authorized", "Pending", "€100.00", "Total pending")
    clerk.press("Capture payment")
    clerk.confirms()

    clerk.sees("Payment of €100.00 successfully captured")

    clerk.shows("Payments", "Captured", "Total paid by customer€ 100.00 EUR")
    clerk.photographs("captured")
    assert shop.moved(payment, "capture") == [100]


def test_a_payment_is_refunded_in_parts_with_reason_and_note(clerk: Clerk, shop: Shop) -> None:
    reason = shop.good("POST", "/admin/refund-reasons", {"label": "Broken cup", "code": "broken_cup"})["refund_reason"]
    order, payment = ordered(shop, captured=True)
    clerk.opens_order(order["id"])
    clerk.starts_refund()
    clerk.fills_refund("12.34", reason="Broken cup", note="Handle came off")
    clerk.photographs("refund-form")
    clerk.saves()
    clerk.sees("Refund of amount €12.34 successful")
    clerk.shows("Payments", "Partially refunded", "Broken cup", "- €12.34", "Total paid by customer€ 87.66 EUR")
    clerk.photographs("refunded")

    clerk.starts_refund()
    clerk.fills_refund("87.66")
    clerk.saves()
    clerk.sees("Refund of amount €87.66 successful")

    clerk.shows("Payments", "Refunded", "- €87.66", "Total paid by customer€ 0.00 EUR")
    assert not clerk.can_refund()
    assert shop.moved(payment, "refund") == [Decimal("12.34"), Decimal("87.66")]
    [first, _] = shop.payment(payment["id"])["refunds"]
    assert (first["refund_reason_id"], first["note"]) == (reason["id"], "Handle came off")


def test_a_refund_of_too_much_says_why_not(clerk: Clerk, shop: Shop) -> None:
    order, payment = ordered(shop, captured=True)
    clerk.opens_order(order["id"])
    clerk.starts_refund()
    clerk.fills_refund("100.01")
    clerk.saves()

    clerk.is_notified("refund")

    clerk.photographs("refund-of-too-much")
    assert shop.moved(payment, "refund") == []


def test_a_refund_that_takes_days_is_in_the_list(clerk: Clerk, shop: Shop) -> None:
    order, payment = ordered(shop, captured=True, on="refund", outcome="pending")
    clerk.opens_order(order["id"])
    clerk.starts_refund()
    clerk.fills_refund("30")
    clerk.saves()

    clerk.sees("Refund of amount €30.00 successful")

    clerk.shows("Payments", "- €30.00")
    clerk.photographs("refund-pending")
    assert refunds(shop, payment) == [("pending", 30)]


def test_a_further_collection_is_marked_as_paid(clerk: Clerk, shop: Shop) -> None:
    order, _ = ordered(shop, captured=True)
    body = {"order_id": order["id"], "amount": 12.34}
    collection = shop.good("POST", "/admin/payment-collections", body)["payment_collection"]
    clerk.opens_order(order["id"])
    clerk.shows("Summary", "Outstanding amount€ 12.34 EUR")
    clerk.photographs("unpaid")
    clerk.press("Mark as paid")
    clerk.confirms()

    clerk.sees("Payment of €12.34 successfully marked as paid")

    clerk.shows("Summary", "Outstanding amount€ 0.00 EUR")
    clerk.shows("Payments", SYSTEM, "Total paid by customer€ 112.34 EUR")
    clerk.photographs("marked-as-paid")
    [_, paid] = shop.good("GET", f"/admin/orders/{order['id']}")["order"]["payment_collections"]
    assert (paid["id"], paid["status"], paid["captured_amount"]) == (collection["id"], "completed", Decimal("12.34"))


def test_money_on_its_way_is_asked_for(clerk: Clerk, shop: Shop, fake_provider: Any) -> None:
    begun = shop.begun(outcome="pending_authorization")
    order = shop.order(begun)
    clerk.opens_order(order["id"])
    clerk.press("Check status")
    clerk.sees("Payment is still pending authorization.")
    clerk.photographs("still-pending")
    fake_provider.dashboard.authorize(reference(begun))

    clerk.press("Check status")

    clerk.sees("Payment has been authorized successfully.")
    clerk.sees("Capture payment")
    clerk.photographs("no-longer-pending")


def reference(begun: Begun) -> str:
    return str(begun.session["data"]["id"])


def test_refund_reasons_are_kept(clerk: Clerk, shop: Shop) -> None:
    def kept() -> set[tuple[str, str, str | None]]:
        found = shop.good("GET", "/admin/refund-reasons?limit=100")["refund_reasons"]
        return {(each["label"], each["code"], each["description"]) for each in found}

    seeded = kept()
    clerk.opens("/settings/refund-reasons")
    clerk.do(clerk.page.get_by_role("link", name="Create").click())
    clerk.type("Label", "Broken cup")
    clerk.type("Description", "It came in two parts")
    clerk.photographs("reason-form")
    clerk.saves()
    clerk.sees("Refund reason Broken cup was successfully created.")
    assert kept() - seeded == {("Broken cup", "broken_cup", "It came in two parts")}

    clerk.chooses_of_row("Broken cup", "Edit")
    clerk.type("Label", "Broken mug")
    clerk.saves()
    clerk.sees("Refund reason Broken mug was successfully updated.")
    assert kept() - seeded == {("Broken mug", "broken_cup", "It came in two parts")}
    clerk.photographs("reasons")

    clerk.do(clerk.page.get_by_placeholder("Search").last.fill("mug"))
    clerk.do(clerk.page.get_by_role("row").nth(2).wait_for(state="detached"))
    clerk.photographs("reasons-found")
    clerk.chooses_of_row("Broken mug", "Delete")
    clerk.do(clerk.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click())
    clerk.sees("Refund reason was successfully deleted.")
    assert kept() == seeded


def test_a_code_that_exists_says_so(clerk: Clerk, shop: Shop) -> None:
    shop.good("POST", "/admin/refund-reasons", {"label": "Broken cup", "code": "broken_cup"})
    clerk.opens("/settings/refund-reasons/create")
    clerk.type("Label", "Broken cup")
    clerk.saves()

    clerk.is_notified("broken_cup")

    clerk.photographs("reason-exists")
