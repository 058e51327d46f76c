"""What was measured on Medusa 2.21.2 with ten identical requests at once."""

from decimal import Decimal
from typing import Any

from tests.acceptance.museum.backstage import Backstage
from tests.acceptance.museum.exhibits import exhibit
from tests.acceptance.museum.shop import CROWD, SYSTEM, Shop, statuses, total

PEER = "measured on Medusa 2.21.2"


@exhibit(PEER, there="one succeeds, nine are refused: right", here="the same")
def test_probe_ten_captures_of_60_of_100(shop: Shop) -> None:
    payment = shop.authorized()
    amount = payment["amount"] * Decimal("0.6")

    answers = shop.crowd(lambda: shop.capture(payment, amount))

    assert statuses(answers) == [200] + [400] * (CROWD - 1)
    assert shop.moved(payment, "capture") == [amount]


@exhibit(PEER, there="up to ten succeed: 250 captured", here="25 captured")
def test_probe_ten_times_mark_as_paid_25(shop: Shop) -> None:
    order = shop.order()
    made = shop.good("POST", "/admin/payment-collections", {"order_id": order["id"], "amount": 25})
    collection_id = made["payment_collection"]["id"]

    answers = shop.crowd(
        lambda: shop.post(f"/admin/payment-collections/{collection_id}/mark-as-paid", {"order_id": order["id"]})
    )

    assert set(statuses(answers)) <= {200, 400, 409}
    [paid] = [answer for answer in answers if answer.status == 200][:1]
    assert paid["payment_collection"]["captured_amount"] == 25
    order = shop.good("GET", f"/admin/orders/{order['id']}")["order"]
    [collection] = [each for each in order["payment_collections"] if each["id"] == collection_id]
    assert (collection["captured_amount"], len(collection["payments"])) == (25, 1)


@exhibit(PEER, there="three or four answer 200, yet all ten are refunded", here="as many as answer 200, to the cent")
def test_probe_ten_refunds_of_10_of_100(shop: Shop) -> None:
    payment = shop.captured()
    amount = payment["amount"] / 10

    answers = shop.crowd(lambda: shop.refund(payment, amount))

    done = statuses(answers).count(200)
    assert 0 < done <= CROWD
    assert shop.moved(payment, "refund") == [amount] * done
    assert shop.payment(payment["id"])["refunded_amount"] == amount * done


@exhibit(PEER, there="ten pending sessions where one is allowed", here="one session; who was late is told so")
def test_probe_ten_sessions_on_a_fresh_collection(shop: Shop) -> None:
    cart = shop.cart()
    collection_id = shop.collection(cart)["id"]

    answers = shop.crowd(lambda: shop.choose(collection_id))

    assert set(statuses(answers)) <= {200, 409}
    assert len(_live_sessions(shop, cart)) == 1


@exhibit(
    PEER, there="two to seven are left, and a third of the callers get 500", here="one is left, and nobody gets 500"
)
def test_probe_ten_sessions_on_a_collection_with_one(shop: Shop) -> None:
    cart = shop.cart()
    begun = shop.begun(cart)
    providers = [SYSTEM, shop.address.provider_id] * (CROWD // 2)

    answers = shop.at_once(*(lambda each=each: shop.choose(begun.collection_id, each) for each in providers))

    assert set(statuses(answers)) <= {200, 409}
    assert len(_live_sessions(shop, cart)) == 1


@exhibit(PEER, there="one 200, nine 500", here="ten times 200, with one collection")
def test_probe_ten_collections_for_one_cart(shop: Shop) -> None:
    cart = shop.cart()

    answers = shop.crowd(lambda: shop.post("/store/payment-collections", {"cart_id": cart["id"]}))

    assert statuses(answers) == [200] * CROWD
    assert len({answer["payment_collection"]["id"] for answer in answers}) == 1


@exhibit(
    PEER, there="the authorized session was deleted under a paid order", here="the order keeps what it was paid with"
)
def test_probe_completion_beside_session_creation(shop: Shop) -> None:
    for _ in range(3):
        begun = shop.begun()

        completed, *chosen = shop.at_once(
            lambda begun=begun: shop.complete(begun),
            *[lambda begun=begun: shop.choose(begun.collection_id, SYSTEM)] * 3,
        )

        assert set(statuses([completed, *chosen])) <= {200, 400, 409}
        if completed.status != 200 or completed["type"] != "order":
            completed = shop.complete(begun)
        order = shop.good("GET", f"/admin/orders/{completed['order']['id']}")["order"]
        [collection] = order["payment_collections"]
        [session], [payment] = collection["payment_sessions"], collection["payments"]
        assert (session["status"], payment["payment_session_id"]) == ("authorized", session["id"])


@exhibit(PEER, there="captured twice", here="captured once")
def test_probe_the_same_partial_webhook_twice(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    provider.confirm(begun)
    shop.order(begun)
    provider.capture(begun, 3000)
    webhook = provider.webhooks(begun)[-1]

    assert statuses(provider.deliver(webhook) for _ in range(2)) == [200, 200]

    assert [line["amount"] for line in shop.payment_of(begun)["captures"]] == [30]
    assert provider.held(begun).captured == 3000


@exhibit(PEER, there="accepted", here="refused")
def test_probe_a_refund_of_a_cent_more_than_was_captured(shop: Shop) -> None:
    payment = shop.captured()

    answer = shop.refund(payment, payment["amount"] + Decimal("0.01"))

    assert (answer.status, answer["type"]) == (400, "invalid_data")
    assert total(shop.moved(payment, "refund")) == 0


def _live_sessions(shop: Shop, cart: dict[str, Any]) -> list[Any]:
    return shop.good("GET", f"/store/carts/{cart['id']}")["cart"]["payment_collection"]["payment_sessions"]  # type: ignore[no-any-return]
