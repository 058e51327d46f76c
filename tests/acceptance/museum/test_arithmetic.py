"""Cents that went missing, and cents too many."""

from decimal import Decimal

import pytest

from tests.acceptance.museum.exhibits import exhibit
from tests.acceptance.museum.shop import Shop, total

SHIRT = "variant_tshirt_m"
STICKER = "variant_sticker"
CENT = Decimal("0.01")
PART = Decimal("19.99")


@exhibit(
    "medusajs/medusa#12789",
    "medusajs/medusa#12803",
    "medusajs/medusa#13971",
    "medusajs/medusa#14225",
    there="98.9009 are owed, 98.90 were captured: partially captured",
    here="amounts are whole cents; captured in parts, it is captured in full",
)
def test_medusa_12789_parts_come_to_the_whole(shop: Shop) -> None:
    begun = shop.begun(shop.cart(variant_id=SHIRT, quantity=3))
    order = shop.order(begun)
    payment = shop.payment_of(begun)

    for _ in range(3):
        assert shop.capture(payment, PART).status == 200

    assert shop.payment(payment["id"])["captured_at"] is not None
    assert shop.good("GET", f"/admin/orders/{order['id']}")["order"]["payment_status"] == "captured"
    assert shop.collection_of(begun)["status"] == "completed"


@exhibit(
    "medusajs/medusa#14496",
    "medusajs/medusa#15303",
    "medusajs/medusa#13091",
    there="a full refund is refused for a fraction of a cent",
    here="everything can be refunded, in one or in parts, and not a cent more",
)
def test_medusa_14496_everything_can_be_refunded(shop: Shop) -> None:
    payment = shop.captured(shop.cart(variant_id=SHIRT, quantity=3))

    for _ in range(3):
        assert shop.refund(payment, PART).status == 200

    assert shop.refund(payment, CENT).status == 400
    assert total(shop.moved(payment, "refund")) == payment["amount"] == Decimal("59.97")


@exhibit(
    "medusajs/medusa#8733",
    "medusajs/medusa#8753",
    there="2.68 are shown, 2.67 are charged",
    here="what is shown is what is charged",
)
@pytest.mark.parametrize("cents", [268, 267, 10054, 113, 2999])
def test_medusa_8733_what_is_shown_is_charged(shop: Shop, cents: int) -> None:
    cart = shop.cart(variant_id=STICKER, quantity=cents)

    payment = shop.captured(cart)

    shown = Decimal(cents) * CENT
    assert [cart["total"], payment["amount"], *shop.moved(payment, "capture")] == [shown] * 3


@exhibit(
    "medusajs/medusa#14817",
    "medusajs/medusa#14818",
    "medusajs/medusa#13734",
    there="fractions of a cent are handed on",
    here="exact, or refused",
)
@pytest.mark.parametrize("amount", ["0.001", "10.005", "1e-7", "99.999999999999999999"])
def test_medusa_14817_no_fraction_of_a_cent(shop: Shop, amount: str) -> None:
    payment = shop.captured()
    body = f'{{"amount": {amount}}}'.encode()

    answers = [shop.send("POST", f"/admin/payments/{payment['id']}/{verb}", raw=body) for verb in ("capture", "refund")]

    assert [(answer.status, answer["type"]) for answer in answers] == [(400, "invalid_data")] * 2
    assert shop.moved(payment, "refund") == []


@exhibit(
    "medusajs/medusa#215",
    "InvoicePlane/InvoicePlane#1677",
    "Paymenter/Paymenter#1258",
    there="currencies without decimals are charged a hundred times too much",
    here="every currency has its own digits, to the provider and back",
)
@pytest.mark.parametrize(
    ("region_id", "shown", "minor_units"),
    [("reg_jp", "1999", 1999), ("reg_kw", "5.125", 5125), ("reg_eu", "19.99", 1999), ("reg_us", "21.99", 2199)],
)
def test_medusa_215_every_currency_has_its_digits(steered: Shop, region_id: str, shown: str, minor_units: int) -> None:
    payment = steered.captured(steered.cart(variant_id=SHIRT, quantity=1, region_id=region_id))

    moved = steered.ledger(payment["payment_session_id"])

    assert payment["captured_amount"] == Decimal(shown)
    assert [entry["amount"] for entry in moved] == [minor_units] * 3
    too_much = Decimal(shown) + Decimal(1).scaleb(-len(shown.partition(".")[2]))
    assert steered.refund(payment, too_much).status == 400


@exhibit(
    "medusajs/medusa#14411",
    there="“cannot capture more than authorized”, and nobody can see why",
    here="the refusal names the amounts behind it",
)
def test_medusa_14411_a_refusal_names_its_amounts(shop: Shop) -> None:
    payment = shop.authorized()
    assert shop.capture(payment, 60).status == 200

    refused = shop.capture(payment, Decimal("40.01"))

    assert refused.status == 400
    details = refused["details"]
    assert details["payment_id"] == payment["id"]
    assert {100, 60, Decimal("40.01")} <= {each for each in details.values() if not isinstance(each, str)}


@exhibit(
    "juspay/hyperswitch#11491",
    there="negative amounts are accepted",
    here="refused, as are zero and what is no number",
)
@pytest.mark.parametrize("amount", ["-1", "0", "-0.01", "NaN", "Infinity", '"10"', "true", "1e400"])
def test_hyperswitch_11491_only_amounts_over_zero(shop: Shop, amount: str) -> None:
    payment = shop.captured()
    body = f'{{"amount": {amount}}}'.encode()

    answers = [shop.send("POST", f"/admin/payments/{payment['id']}/{verb}", raw=body) for verb in ("capture", "refund")]

    assert [answer.status for answer in answers] == [400, 400]
    assert shop.moved(payment, "refund") == []
