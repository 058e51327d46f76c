"""What users missed, and got by other means or not at all."""

import json
import re
import time
from typing import Any

import pytest

from tests.acceptance.museum.backstage import HOOK, Backstage
from tests.acceptance.museum.exhibits import exhibit
from tests.acceptance.museum.shop import SYSTEM, Begun, Shop, statuses


@exhibit(
    "medusajs/medusa#10392",
    "medusajs/medusa#10453",
    "medusajs/medusa#10491",
    "medusajs/medusa#10842",
    "medusajs/medusa#12588",
    "medusajs/medusa#13598",
    there="a refund is allowed only against what the order owes; a second one fails",
    here="what was captured and not refunded can be refunded, as often as it takes",
)
def test_medusa_10392_a_second_refund(shop: Shop) -> None:
    payment = shop.captured()

    answers = [shop.refund(payment, amount) for amount in (10, 20, 70, 1)]

    assert [answer.status for answer in answers] == [200, 200, 200, 400]
    assert answers[-1]["message"] == "You are not allowed to refund more than the captured amount"
    assert shop.moved(payment, "refund") == [10, 20, 70]


@exhibit(
    "medusajs/medusa#10923",
    "medusajs/medusa#6081",
    "medusajs/medusa#11356",
    there="refunded and partially refunded are wrong, or shown as N/A",
    here="the status follows from the amounts",
)
def test_medusa_10923_the_status_follows_from_the_amounts(shop: Shop) -> None:
    begun = shop.begun()
    order = shop.order(begun)
    payment = shop.payment_of(begun)
    seen = [order["payment_status"]]

    for move, amount in ((shop.capture, 40), (shop.capture, 60), (shop.refund, 5), (shop.refund, 95)):
        assert move(payment, amount).status == 200
        seen.append(shop.good("GET", f"/admin/orders/{order['id']}")["order"]["payment_status"])

    assert seen == ["authorized", "partially_captured", "captured", "partially_refunded", "refunded"]


@exhibit(
    "medusajs/medusa#8368",
    there="capturing one order changes the status of others",
    here="one payment, one collection, one order",
)
def test_medusa_8368_capturing_one_order_leaves_the_others_alone(shop: Shop) -> None:
    begun = [shop.begun() for _ in range(3)]
    orders = [shop.order(each) for each in begun]
    before = [shop.payment_of(each) for each in begun]

    assert shop.capture(before[1]).status == 200

    shown = [shop.good("GET", f"/admin/orders/{order['id']}")["order"]["payment_status"] for order in orders]
    assert shown == ["authorized", "captured", "authorized"]
    assert [shop.payment_of(begun[0]), shop.payment_of(begun[2])] == [before[0], before[2]]


@exhibit(
    "medusajs/medusa#14746",
    "Sylius/StripePlugin#101",
    "opencollective/opencollective#4932",
    there="a refund that was made in the provider's dashboard doesn't appear",
    here="it is a refund like any other, and counts",
)
def test_medusa_14746_a_refund_made_at_the_provider(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    shop.order(begun)
    payment = shop.payment_of(begun)
    assert shop.capture(payment).status == 200
    provider.refund(begun, 3000)

    assert provider.deliver(provider.webhooks(begun)[-1]).status == 200

    after = shop.payment(payment["id"])
    assert ([line["amount"] for line in after["refunds"]], after["refunded_amount"]) == ([30], 30)
    assert shop.refund(payment, 71).status == 400
    assert shop.refund(payment, 70).status == 200


@exhibit(
    "craftcms/commerce-stripe#134",
    "emfcamp/Website#1017",
    there="a refund that the provider leaves pending isn't shown, so staff refund again",
    here="it is shown as pending from the request on, and what is left to refund is without it",
)
def test_commerce_stripe_134_a_refund_that_takes_days_is_shown(steered: Shop) -> None:
    payment = steered.captured(on="refund", outcome="pending")

    document = steered.refund(payment, 40)["payment"]

    assert document == steered.payment(payment["id"])
    assert [(line["status"], line["amount"]) for line in document["refunds"]] == [("pending", 40)]
    assert (document["refunded_amount"], document["refunding_amount"], document["refundable_amount"]) == (0, 40, 60)
    assert steered.refund(payment, 61).status == 400


@exhibit(
    "medusajs/medusa#13837",
    "medusajs/medusa#15085",
    there="methods that take days, such as SEPA, never come to be authorized",
    here="the order waits, and is paid when the bank says so",
)
@pytest.mark.parametrize("is_asked", [True, False])
def test_medusa_13837_a_payment_that_takes_days(shop: Shop, provider: Backstage, is_asked: bool) -> None:
    begun = shop.begun(outcome="pending_authorization")
    order = shop.order(begun)
    assert order["payment_status"] == "awaiting"
    provider.pay(begun)

    if is_asked:
        path = f"/admin/orders/{order['id']}/payment-sessions/authorize"
        assert shop.post(path, {"payment_session_id": begun.session["id"]})["is_authorized"] is True
    else:
        assert provider.deliver(provider.webhooks(begun)[-1]).status == 200

    assert shop.good("GET", f"/admin/orders/{order['id']}")["order"]["payment_status"] == "captured"


@exhibit(
    "medusajs/medusa#5584",
    "medusajs/medusa#10238",
    "medusajs/medusa#11792",
    "medusajs/medusa#11872",
    "medusajs/medusa#12974",
    there="a total of zero can't be paid, or leads nowhere",
    here="nothing to pay is nothing to wait for, with a session or without",
)
@pytest.mark.parametrize("has_session", [True, False])
def test_medusa_5584_nothing_to_pay(shop: Shop, has_session: bool) -> None:
    cart = shop.cart(variant_id="variant_sample", quantity=1)
    if has_session:
        shop.begun(cart, SYSTEM)

    completed = shop.post(f"/store/carts/{cart['id']}/complete")

    assert (completed.status, completed["type"]) == (200, "order")
    assert (completed["order"]["total"], completed["order"]["payment_status"]) == (
        0,
        "captured" if has_session else "not_paid",
    )


@exhibit(
    "liberapay/liberapay.com#1421",
    "getlago/lago-api#6257",
    there="a chargeback goes unnoticed, and disputed money is refunded as well",
    here="what a bank takes back is booked, and can't be refunded while it is gone",
)
def test_liberapay_1421_disputed_money_is_not_refunded_too(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    shop.order(begun)
    payment = shop.payment_of(begun)
    assert shop.capture(payment).status == 200
    dispute = provider.dispute(begun, 8000)
    assert provider.deliver(provider.webhooks(begun)[-1]).status == 200

    refused = shop.refund(payment, 30)
    rest = shop.refund(payment, 20)
    provider.win(dispute)
    assert provider.deliver(provider.webhooks(begun)[-1]).status == 200
    after = shop.refund(payment, 30)

    assert (refused.status, refused["code"]) == (400, "payment_disputed")
    assert (rest.status, after.status) == (200, 200)
    assert shop.moved(payment, "refund") == [20, 30]
    [shown] = shop.good("GET", f"/admin/payments/{payment['id']}?fields=*disputes")["payment"]["disputes"]
    assert shown["amount"] == 80


@exhibit(
    "medusajs/medusa#3722",
    "medusajs/medusa#11803",
    "medusajs/medusa#12751",
    "medusajs/medusa#12526",
    there="saved cards get lost, and a customer has one account for all providers, or several with one",
    here="one account with each provider, opened once; what is saved there is listed",
)
def test_medusa_3722_a_saved_card_is_found_again(shop: Shop, provider: Backstage) -> None:
    credentials = {"email": "customer@example.com", "password": "customer"}
    token = shop.good("POST", "/auth/customer/emailpass", credentials)["token"]
    shop.login_of_customer = f"Bearer {token}"
    for _ in range(2):
        shop.order(shop.begun())

    [holder] = shop.good("GET", "/store/account-holders")["account_holders"]
    path = f"/store/payment-methods/{holder['id']}"
    saved = provider.save_card(holder["external_id"])
    mine = shop.good("GET", path)["payment_methods"]
    shop.login_of_customer = None

    assert [each["id"] for each in mine] == [saved]
    assert shop.get(path).status in {401, 404}


@exhibit(
    "medusajs/medusa#2402",
    there="a combination of payments is no goal, though customers pay with two cards every day",
    here="several sessions for one collection, from several providers; captured and refunded across them",
)
def test_medusa_2402_a_payment_in_two_parts(steered: Shop) -> None:
    begun = _split(steered, {}, {"provider_id": SYSTEM})

    assert steered.order(begun)["payment_status"] == "authorized"
    payments = steered.collection_of(begun)["payments"]
    assert [steered.capture(each).status for each in payments] == [200, 200]
    refund = steered.post(f"/admin/payment-collections/{begun.collection_id}/refund", {"amount": 70})

    assert refund.status == 200
    collection = steered.collection_of(begun)
    assert (collection["status"], collection["captured_amount"], collection["refunded_amount"]) == (
        "completed",
        100,
        70,
    )
    for each in collection["payments"]:
        assert each["refunded_amount"] <= each["captured_amount"]


@exhibit(
    "medusajs/medusa#2402",
    there="the first card is charged, the second is declined, and half is paid",
    here="fully paid or fully given back, by a deadline; never half",
)
def test_medusa_2402_never_half(shop: Shop, provider: Backstage) -> None:
    begun = _split(shop, {}, {"data": {"outcome": "declined"}})
    assert shop.complete(begun).body.get("type") != "order"
    assert shop.collection_of(begun)["authorized_amount"] == 60

    provider.deadline_passes()

    collection = shop.collection_of(begun)
    assert [each["authorized_amount"] for each in collection["payments"]] == [0]
    assert shop.ledger(begun.session["id"])[-1]["verb"] == "cancel"
    assert provider.explain() == []


def _split(shop: Shop, *parts: Any) -> Begun:
    """Split a cart of 100 into 60 and 40, and try to authorize both; returns it with the session for 60."""
    cart = shop.cart()
    collection_id = shop.collection(cart)["id"]
    path = f"/store/payment-collections/{collection_id}/payment-sessions"
    default = {"provider_id": shop.address.provider_id}
    sessions = [{**default, "amount": amount, **part} for amount, part in zip((60, 40), parts, strict=True)]
    split = shop.good("POST", f"{path}/batch", {"sessions": sessions})["payment_collection"]
    for session in split["payment_sessions"]:
        shop.post(f"{path}/{session['id']}/authorize")
    [first] = [each for each in split["payment_sessions"] if each["amount"] == 60]
    return Begun(cart["id"], collection_id, first)


@exhibit(
    "medusajs/medusa#12465",
    "medusajs/medusa#6597",
    "medusajs/medusa#8640",
    there="a provider id that isn't quite right fails somewhere else, as something else",
    here="the error names the id",
)
@pytest.mark.parametrize("provider_id", ["fake_fake", "pp_fake", "pp_stripe_strip", "fake"])
def test_medusa_12465_an_unknown_provider_is_named(shop: Shop, provider_id: str) -> None:
    collection_id = shop.collection(shop.cart())["id"]

    answer = shop.choose(collection_id, provider_id)

    assert (answer.status, answer["type"]) == (400, "invalid_data")
    assert provider_id in answer["message"]


@exhibit(
    "medusajs/medusa#1626",
    "medusajs/medusa#6254",
    "medusajs/medusa#9541",
    there="the signature fails, because something has read and rewritten the body",
    here="the bytes that came are the bytes that are checked, whatever they are called",
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "x/y"])
def test_medusa_1626_the_bytes_that_were_signed(shop: Shop, provider: Backstage, content_type: str) -> None:
    begun = shop.begun()
    provider.confirm(begun)
    body, _ = provider.webhooks(begun)[-1]
    spaced = json.dumps(json.loads(body), indent=3, sort_keys=True).encode() + b"\n"

    answer = provider.deliver(provider.signed(spaced), **{"content-type": content_type})

    assert (answer.status, answer.body) == (200, "OK")
    assert shop.collection_of(begun)["status"] == "authorized"


@exhibit(
    "medusajs/medusa#16252",
    "medusajs/medusa#16257",
    there="200 for providers that don't exist, and for forged events",
    here="404 and 400, and nothing changes",
)
def test_medusa_16252_what_nobody_signed_is_refused(shop: Shop) -> None:
    begun = shop.begun()
    about = {"payment": "fake_pay_1", "session_id": begun.session["id"], "account": "fake"}
    event = {"id": "evt_1", "type": "payment.captured", "created_at": "2026-01-01T00:00:00Z", **about}
    signature = f"t={int(time.time())},v1=forged"

    unknown = shop.post("/hooks/payment/nobody_knows", event)
    forged = [shop.post(HOOK, event), shop.post(HOOK, event, fake_signature=signature)]

    assert unknown.status == 404
    assert statuses(forged) == [400, 400]
    assert shop.collection_of(begun)["status"] == "not_paid"


@exhibit(
    "medusajs/medusa#8466",
    "medusajs/medusa#13587",
    there="nobody can see why money was given back, and by whom",
    here="a refund keeps its reason, its note and who made it; the storefront doesn't learn who",
)
def test_medusa_8466_a_refund_says_why_and_by_whom(shop: Shop) -> None:
    begun = shop.begun()
    shop.order(begun)
    payment = shop.payment_of(begun)
    assert shop.capture(payment).status == 200
    listed = shop.good("GET", "/admin/refund-reasons?limit=100")["refund_reasons"]
    reason = listed[0] if listed else _reason(shop)

    body = {"amount": 10, "refund_reason_id": reason["id"], "note": "Sorry for the dented box."}
    assert shop.post(f"/admin/payments/{payment['id']}/refund", body).status == 200

    [refund] = shop.payment(payment["id"])["refunds"]
    assert (refund["note"], refund["refund_reason"]["code"]) == (body["note"], reason["code"])
    assert refund["created_by"]
    [public] = shop.collection_of(begun)["payments"][0]["refunds"]
    assert (public["note"], public["created_by"]) == (body["note"], None)


def _reason(shop: Shop) -> Any:
    body = {"label": "Dented", "code": "dented"}
    return shop.good("POST", "/admin/refund-reasons", body)["refund_reason"]


@exhibit(
    "craftcms/commerce-stripe#79",
    there="the provider's words for developers are all there is to tell a customer",
    here="a text of ours for customers, by code and without ids; the provider's words stay with staff",
)
@pytest.mark.parametrize("outcome", ["rejected", "declined", "unavailable", "timeout_before"])
def test_commerce_stripe_79_a_customer_is_told_what_to_do(steered: Shop, outcome: str) -> None:
    begun_by = steered.collection(steered.cart())["id"]

    failed = steered.choose(begun_by, on="initiate", outcome=outcome)

    said = failed["shopper_message"]
    assert failed.status in {400, 409, 422, 503}
    assert said.endswith(".")
    assert re.search(r"\b(again|another)\b", said)
    assert not re.search(r"\b(pay|payses|pay_col|payop)_", said)
