"""Payments that were lost on the way, or got stuck."""

import pytest

from tests.acceptance.museum.backstage import Backstage
from tests.acceptance.museum.exhibits import exhibit
from tests.acceptance.museum.shop import SYSTEM, Shop, statuses


@exhibit(
    "medusajs/medusa#12790",
    "medusajs/medusa#7111",
    there="the provider shows success, the shop has neither order nor payment",
    here="the worker asks the provider about every session that nobody came back to",
)
def test_medusa_12790_a_payment_that_nobody_told_of_is_found(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    provider.confirm(begun)
    assert shop.collection_of(begun)["status"] == "not_paid"

    provider.time_passes()

    collection = shop.collection_of(begun)
    assert (collection["status"], collection["authorized_amount"]) == ("authorized", 100)
    assert shop.order(begun)["payment_status"] == "authorized"


@exhibit(
    "medusajs/medusa#14114",
    "medusajs/medusa#12915",
    there="the order depends on the customer's coming back, and on what the URL says then",
    here="what comes back has no say; the provider is asked, and the session says what is still to do",
)
def test_medusa_14114_what_a_return_url_says_counts_for_nothing(steered: Shop) -> None:
    begun = steered.begun(outcome="requires_more")
    authorize = f"{begun.sessions_path}/{begun.session['id']}/authorize"

    for body in ({"redirect_status": "succeeded"}, {"status": "authorized"}):
        assert steered.post(authorize, body).status == 400
    refused = steered.post(f"{authorize}?redirect_status=succeeded")
    completed = steered.complete(begun)

    assert (refused.status, completed.status, completed["type"]) == (400, 400, "not_allowed")
    collection = steered.collection_of(begun)
    assert [each["status"] for each in collection["payment_sessions"]] == ["requires_more"]
    assert collection["payments"] == []


@exhibit(
    "medusajs/medusa#4946",
    "medusajs/medusa#311",
    there="what was charged is canceled, which fails",
    here="what is held is released, what was taken is sent back: by what the provider has",
)
@pytest.mark.parametrize("is_taken", [False, True])
def test_medusa_4946_late_money_goes_back_the_way_it_came(shop: Shop, provider: Backstage, is_taken: bool) -> None:
    cart = shop.cart()
    first = shop.begun(cart, on="cancel", outcome="timeout_before")
    second = shop.begun(cart, SYSTEM)
    shop.order(second)
    assert shop.capture(shop.payment_of(second)).status == 200
    (provider.pay if is_taken else provider.confirm)(first)

    provider.time_passes()

    theirs = provider.held(first)
    assert (theirs.refunded, theirs.released) == ((10000, 0) if is_taken else (0, 10000))
    assert provider.explain() == []


@exhibit(
    "medusajs/medusa#4946",
    there="canceling what was captured is an error of the provider that nobody understands",
    here="400 that says so, and the refund works",
)
def test_medusa_4946_what_is_captured_is_refunded_not_canceled(shop: Shop) -> None:
    payment = shop.captured()

    canceled = shop.post(f"/admin/payments/{payment['id']}/cancel")

    assert (canceled.status, canceled["type"]) == (400, "invalid_data")
    assert shop.refund(payment).status == 200
    assert shop.moved(payment, "refund") == [100]


@exhibit(
    "medusajs/medusa#16398",
    there="failed and canceled webhooks are ignored, and orders wait for ever",
    here="the session takes over what the provider says, and another way to pay is open",
)
def test_medusa_16398_a_canceled_payment_is_noticed(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun(outcome="pending_authorization")
    assert shop.order(begun)["payment_status"] == "awaiting"
    provider.give_up(begun)

    assert provider.deliver(provider.webhooks(begun)[-1]).status == 200

    collection = shop.collection_of(begun)
    assert [each["status"] for each in collection["payment_sessions"]] == ["canceled"]
    assert collection["status"] != "awaiting"
    assert shop.choose(begun.collection_id).status == 200


@exhibit(
    "medusajs/medusa#3100",
    "medusajs/medusa#2629",
    there="a webhook that comes before the order is dropped, and healed an hour later by the provider's repeat",
    here="it is applied as it comes; the order finds the money",
)
def test_medusa_3100_a_webhook_before_the_order_counts(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    provider.pay(begun)

    assert provider.deliver(provider.webhooks(begun)[-1]).status == 200

    assert shop.collection_of(begun)["status"] == "completed"
    assert shop.order(begun)["payment_status"] == "captured"


@exhibit(
    "medusajs/medusa#12399",
    there="a session reaches a state at checkout that has no way out",
    here="whatever became of one try, another way to pay works",
)
@pytest.mark.parametrize(
    "outcome", ["requires_more", "pending", "error", "canceled", "declined", "rejected", "unavailable"]
)
def test_medusa_12399_every_failure_has_a_way_out(steered: Shop, outcome: str) -> None:
    begun = steered.begun(outcome=outcome)
    assert steered.complete(begun).body.get("type") != "order"

    chosen = steered.choose(begun.collection_id)

    assert chosen.status == 200
    assert steered.order(begun)["payment_status"] == "authorized"


@exhibit(
    "medusajs/medusa#13867",
    "reactioncommerce/reaction#4726",
    "reactioncommerce/reaction#4764",
    "woocommerce/woocommerce-gateway-stripe#1378",
    "woocommerce/woocommerce-gateway-stripe#3651",
    "Automattic/woocommerce-payments#739",
    there="an authorization has run out, capture fails quietly, and the goods are on their way unpaid",
    here="the shop says canceled as soon as the provider does; a capture is refused aloud",
)
@pytest.mark.parametrize("is_told", [True, False])
def test_medusa_13867_an_authorization_that_has_run_out(shop: Shop, provider: Backstage, is_told: bool) -> None:
    begun = shop.begun()
    shop.order(begun)
    payment = shop.payment_of(begun)
    provider.give_up(begun)
    if is_told:
        assert provider.deliver(provider.webhooks(begun)[-1]).status == 200

    answers = [shop.capture(payment) for _ in range(2)]

    assert statuses(answers) == [400, 400]
    assert answers[-1]["message"] == f"The payment: {payment['id']} has been canceled."
    assert shop.payment(payment["id"])["canceled_at"] is not None
    assert shop.moved(payment, "capture") == []
