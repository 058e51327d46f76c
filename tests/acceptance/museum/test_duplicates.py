"""What was done twice, or undone when it shouldn't have been."""

from decimal import Decimal

import pytest

from tests.acceptance.museum.backstage import Backstage
from tests.acceptance.museum.exhibits import exhibit
from tests.acceptance.museum.shop import Shop, statuses

STICKER = "variant_sticker"


@exhibit(
    "medusajs/medusa#13301",
    "medusajs/medusa#12790",
    "medusajs/medusa#13837",
    there="completion and webhook both run the payment, and capture is called twice",
    here="one of them moves the money, the other finds it moved",
)
def test_medusa_13301_completion_and_webhook_capture_once(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun(outcome="captured")
    provider.pay(begun)
    paid = provider.webhooks(begun)[-1]

    completed, *_ = shop.at_once(lambda: shop.complete(begun), *[lambda: provider.deliver(paid)] * 4)

    assert completed.status in {200, 409}
    assert shop.order(begun)["payment_status"] == "captured"
    assert [line["amount"] for line in shop.payment_of(begun)["captures"]] == [100]
    assert provider.held(begun).captured == 10000
    assert provider.explain() == []


@exhibit(
    "medusajs/medusa#12674",
    "medusajs/medusa#11090",
    "medusajs/medusa#6370",
    there="capturing what the provider has captured already fails, and its rollback refunds a paid order",
    here="it is captured: 200, and nothing is sent back",
)
def test_medusa_12674_capturing_what_is_captured_already_is_success(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    shop.order(begun)
    payment = shop.payment_of(begun)
    provider.capture(begun, 10000)

    answers = [shop.capture(payment) for _ in range(2)]

    assert statuses(answers) == [200, 200]
    assert [line["amount"] for line in answers[-1]["payment"]["captures"]] == [100]
    assert (provider.held(begun).captured, provider.held(begun).refunded) == (10000, 0)


@exhibit(
    "medusajs/medusa#12674",
    there="an automatic capture is captured again by the back office, and fails",
    here="200, captured once",
)
def test_medusa_12674_capture_after_an_automatic_capture(steered: Shop) -> None:
    payment = steered.authorized(outcome="captured")

    answer = steered.capture(payment)

    assert (answer.status, answer["payment"]["captured_amount"]) == (200, 100)
    assert steered.moved(payment, "capture") == []
    assert steered.moved(payment, "refund") == []


@exhibit(
    "medusajs/medusa#15527",
    there="the undoing of a failed run comes late and refunds what a later run has captured",
    here="an undoing only ever touches what its own operation moved",
)
def test_medusa_15527_an_attempt_that_failed_undoes_nothing_of_a_later_one(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun(outcome="timeout_after")
    first = shop.complete(begun)
    assert (first.status, first["code"]) == (409, "payment_outcome_unknown")

    shop.order(begun)
    payment = shop.payment_of(begun)
    assert shop.capture(payment).status == 200
    provider.time_passes()

    assert shop.moved(payment, "capture") == [100]
    assert (provider.held(begun).refunded, provider.held(begun).released) == (0, 0)
    assert provider.explain() == []


@exhibit(
    "medusajs/medusa#12353",
    "medusajs/medusa#11832",
    "medusajs/medusa#12263",
    there="what happens to the money when completing fails changed three times in two months",
    here="it stays where it is, and completing goes on from there",
)
def test_medusa_12353_an_order_that_can_not_be_placed_yet_keeps_its_money(shop: Shop) -> None:
    begun = shop.begun()
    authorized = shop.post(f"{begun.sessions_path}/{begun.session['id']}/authorize")
    assert authorized.status == 200
    shop.add(begun.cart_id, STICKER)

    refused = shop.complete(begun)

    assert (refused.status, refused["code"]) == (409, "cart_changed")
    items = shop.good("GET", f"/store/carts/{begun.cart_id}")["cart"]["items"]
    [sticker] = [item for item in items if item["variant_id"] == STICKER]
    shop.good("DELETE", f"/store/carts/{begun.cart_id}/line-items/{sticker['id']}")
    assert shop.order(begun)["payment_status"] == "authorized"
    assert [entry["verb"] for entry in shop.ledger(begun.session["id"])] == ["initiate", "authorize"]


@exhibit(
    "medusajs/medusa#4798",
    "medusajs/medusa#2341",
    "medusajs/medusa#2601",
    "medusajs/medusa#2948",
    there="who completes at the same moment gets a serialization failure or 409, or loses tax lines",
    here="one order for everybody, paid once",
)
def test_medusa_4798_ten_completions_place_one_order(shop: Shop) -> None:
    begun = shop.begun()

    answers = shop.crowd(lambda: shop.complete(begun))

    assert set(statuses(answers)) <= {200, 409}
    answers.append(shop.complete(begun))
    assert len({answer["order"]["id"] for answer in answers if answer.status == 200}) == 1
    assert shop.payment_of(begun)["amount"] == 100


@exhibit(
    "medusajs/medusa#5838",
    there="a fixed delay before every webhook, to dodge the race",
    here="no delay; first, last, in between and twice come to the same",
)
@pytest.mark.parametrize("moments", [(0,), (1,), (2,), (0, 2), (1, 2), (0, 1, 2)])
def test_medusa_5838_a_webhook_comes_at_any_moment(shop: Shop, provider: Backstage, moments: tuple[int, ...]) -> None:
    begun = shop.begun()
    provider.confirm(begun)
    confirmed = provider.webhooks(begun)[-1]
    steps = [lambda: shop.order(begun), lambda: shop.capture(shop.payment_of(begun)), lambda: None]

    for moment, step in enumerate(steps):
        if moment in moments:
            assert provider.deliver(confirmed).status == 200
        step()

    payment = shop.payment_of(begun)
    assert (payment["captured_amount"], len(payment["captures"])) == (100, 1)
    assert provider.held(begun).captured == 10000
    assert provider.explain() == []


@exhibit(
    "mercurjs/mercur#1418",
    there="the webhook completes the cart, the storefront completes it again: two orders on one payment",
    here="one order, whoever comes first",
)
def test_mercur_1418_webhook_and_storefront_make_one_order(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    provider.confirm(begun)
    for webhook in provider.webhooks(begun):
        assert provider.deliver(webhook).status == 200

    orders = {shop.order(begun)["id"] for _ in range(2)}

    assert len(orders) == 1
    listed = shop.good("GET", "/admin/orders?limit=1000")["orders"]
    assert len([order for order in listed if order["cart_id"] == begun.cart_id]) == 1
    assert shop.payment_of(begun)["payment_session_id"] == begun.session["id"]


@exhibit(
    "medusajs/medusa#15122",
    "medusajs/medusa#11906",
    there="the order is announced before its payment, which then fails",
    here="no order before its payment; the cart stays open",
)
def test_medusa_15122_a_declined_payment_places_no_order(steered: Shop) -> None:
    begun = steered.begun(outcome="declined")

    answer = steered.complete(begun)

    assert (answer.status, answer["type"]) == (200, "cart")
    listed = steered.good("GET", "/admin/orders?limit=1000")["orders"]
    assert [order for order in listed if order["cart_id"] == begun.cart_id] == []
    cart = steered.good("GET", f"/store/carts/{begun.cart_id}")["cart"]
    assert (cart["completed_at"], cart["payment_collection"]["payments"]) == (None, [])


@exhibit(
    "medusajs/medusa#14723",
    there="a late check fails after the money has moved, and everything is undone",
    here="what can be refused is refused before the provider is asked",
)
def test_medusa_14723_what_can_be_refused_is_refused_before_money_moves(shop: Shop) -> None:
    begun = shop.begun()
    shop.add(begun.cart_id, STICKER)

    answer = shop.complete(begun)

    assert (answer.status, answer["code"]) == (409, "cart_changed")
    assert shop.ledger(begun.session["id"], "authorize", "cancel") == []
    chosen = shop.choose(begun.collection_id)
    assert [each["amount"] for each in chosen["payment_collection"]["payment_sessions"]] == [Decimal("100.01")]
    assert shop.order(begun)["payment_status"] == "authorized"
