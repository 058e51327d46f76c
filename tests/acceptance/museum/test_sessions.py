"""Sessions, and what becomes of them when the cart changes."""

from decimal import Decimal

import pytest

from tests.acceptance.museum.backstage import Backstage
from tests.acceptance.museum.exhibits import exhibit
from tests.acceptance.museum.shop import SYSTEM, Shop, statuses

STICKER = "variant_sticker"
CARD_NUMBER = "4242424242424242"


@exhibit(
    "medusajs/medusa#15589",
    "medusajs/medusa#1513",
    "medusajs/medusa#2736",
    "medusajs/medusa#15592",
    there="each change of the total deletes the session and makes another: thousands of orphans, new secrets each time",
    here="the same provider again is the same session, with the new amount",
)
def test_medusa_15589_choosing_again_keeps_the_session(steered: Shop) -> None:
    begun = steered.begun()
    for _ in range(3):
        steered.add(begun.cart_id, STICKER)
        [session] = steered.choose(begun.collection_id)["payment_collection"]["payment_sessions"]

    assert session["id"] == begun.session["id"]
    assert session["data"]["client_secret"] == begun.session["data"]["client_secret"]
    assert session["amount"] == Decimal("100.03")
    assert [entry["verb"] for entry in steered.ledger(session["id"])] == ["initiate"] + ["update"] * 3


@exhibit(
    "medusajs/medusa#7147",
    there="a listener and a call race; two sessions at the provider, one of them lost",
    here="one session at the provider, the one that is shown",
)
def test_medusa_7147_choices_at_once_make_one_session(steered: Shop) -> None:
    begun_by = steered.collection(steered.cart())["id"]

    answers = steered.crowd(lambda: steered.choose(begun_by))

    assert set(statuses(answers)) <= {200, 409}
    shown = {
        session["id"]
        for answer in answers
        if answer.status == 200
        for session in answer["payment_collection"]["payment_sessions"]
    }
    assert len(shown) == 1
    assert len(steered.ledger(shown.pop(), "initiate")) == 1


@exhibit(
    "medusajs/medusa#10093",
    "medusajs/medusa#10135",
    there="a session can't be made, and the cleanup cancels what was never there",
    here="nothing is left behind, and the next try works",
)
@pytest.mark.parametrize("outcome", ["unavailable", "rejected", "declined", "timeout_before"])
def test_medusa_10093_a_session_that_can_not_be_made(steered: Shop, outcome: str) -> None:
    cart = steered.cart()
    collection_id = steered.collection(cart)["id"]

    failed = steered.choose(collection_id, on="initiate", outcome=outcome)
    chosen = steered.choose(collection_id)

    assert failed.status in {400, 409, 422, 503}
    assert chosen.status == 200
    [session] = chosen["payment_collection"]["payment_sessions"]
    assert [entry["verb"] for entry in steered.ledger(session["id"])][:1] == ["initiate"]


@exhibit(
    "medusajs/medusa#14027",
    there="“could not delete all sessions” blocks the checkout",
    here="the new choice counts; giving the old one up is tried again later",
)
def test_medusa_14027_an_old_session_that_can_not_be_given_up(steered: Shop) -> None:
    begun = steered.begun(on="cancel", outcome="unavailable")

    chosen = steered.choose(begun.collection_id, SYSTEM)

    assert chosen.status == 200
    assert [each["provider_id"] for each in chosen["payment_collection"]["payment_sessions"]] == [SYSTEM]
    assert steered.order(begun)["payment_status"] == "authorized"


@exhibit(
    "medusajs/medusa#6331",
    there="sessions without a cart",
    here="a session belongs to a collection, a collection to a cart that exists",
)
def test_medusa_6331_nothing_belongs_to_nobody(shop: Shop) -> None:
    collection = shop.post("/store/payment-collections", {"cart_id": "cart_unknown"})
    session = shop.choose("pay_col_unknown")

    assert (collection.status, collection["type"]) == (404, "not_found")
    assert (session.status, session["message"]) == (404, "PaymentCollection id not found: pay_col_unknown")


@exhibit(
    "medusajs/medusa#3336",
    there="when the total becomes zero, only the active session goes",
    here="nothing is to be paid, so the order needs no payment",
)
def test_medusa_3336_a_total_that_becomes_zero(shop: Shop) -> None:
    cart = shop.cart(variant_id=STICKER, quantity=1)
    begun = shop.begun(cart)
    shop.add(begun.cart_id, "variant_sample")
    [item] = [each for each in cart["items"] if each["variant_id"] == STICKER]
    shop.good("DELETE", f"/store/carts/{begun.cart_id}/line-items/{item['id']}")

    assert shop.complete(begun).status == 200

    assert shop.ledger(begun.session["id"], "authorize", "capture") == []


@exhibit(
    "medusajs/medusa#12847",
    "medusajs/medusa#11409",
    "medusajs/medusa#11410",
    there="what the provider answers to an update is thrown away",
    here="the session shows what the provider has now",
)
def test_medusa_12847_an_update_is_kept(steered: Shop) -> None:
    begun = steered.begun()
    steered.add(begun.cart_id, STICKER)

    updated = steered.choose(begun.collection_id, on="update", outcome="requires_more")

    [session] = updated["payment_collection"]["payment_sessions"]
    [update] = steered.ledger(session["id"], "update")
    assert (session["status"], session["amount"]) == ("requires_more", steered.major(update))


@exhibit(
    "medusajs/medusa#11015",
    there="the storefront may write any context, and what the provider is told with it",
    here="what a storefront may send is listed; amount, customer and capture method are the shop's",
)
@pytest.mark.parametrize(
    "extra",
    [
        {"context": {"customer": {"id": "cus_other"}}},
        {"amount": 1},
        {"data": {"amount": 1}},
        {"data": {"customer": "cus_other"}},
        {"data": {"capture_method": "automatic"}},
        {"data": {"metadata": {"session_id": "payses_other"}}},
        {"data": {"id": "pi_paid_by_somebody"}},
    ],
)
def test_medusa_11015_a_storefront_writes_what_is_listed(shop: Shop, extra: dict[str, object]) -> None:
    cart = shop.cart()
    collection_id = shop.collection(cart)["id"]
    body = {"provider_id": shop.address.provider_id, **extra}

    answer = shop.post(f"/store/payment-collections/{collection_id}/payment-sessions", body)

    assert (answer.status, answer["type"]) == (400, "invalid_data")
    assert shop.good("GET", f"/store/carts/{cart['id']}")["cart"]["payment_collection"]["payment_sessions"] == []


@exhibit(
    "medusajs/medusa#4076",
    there="card number, expiry and CVC are kept in the session",
    here="refused, and not repeated in the answer",
)
@pytest.mark.parametrize(
    "data", [{"card_number": CARD_NUMBER}, {"cvc": "123"}, {"delay_ms": CARD_NUMBER}, {"outcome": CARD_NUMBER}]
)
def test_medusa_4076_card_data_is_not_taken(shop: Shop, data: dict[str, str]) -> None:
    collection_id = shop.collection(shop.cart())["id"]

    answer = shop.choose(collection_id, **data)

    assert (answer.status, answer["type"]) == (400, "invalid_data")
    assert CARD_NUMBER not in str(answer.body)


@exhibit(
    "medusajs/medusa#14984",
    "medusajs/medusa#14985",
    "medusajs/medusa#13181",
    there="an order that becomes smaller loses its authorization",
    here="the authorization is kept, less is captured, and the rest given back",
)
def test_medusa_14984_less_is_captured_of_what_is_held(steered: Shop) -> None:
    payment = steered.authorized()

    assert steered.capture(payment, 80).status == 200
    assert steered.post(f"/admin/payments/{payment['id']}/cancel").status == 200

    after = steered.payment(payment["id"])
    assert (after["canceled_at"], after["captured_amount"], after["authorized_amount"]) == (None, 80, 80)
    assert (steered.moved(payment, "capture"), steered.moved(payment, "cancel")) == ([80], [20])


@exhibit(
    "medusajs/medusa#11591",
    "medusajs/medusa#13068",
    "medusajs/medusa#11645",
    "medusajs/medusa#13635",
    there="a further collection forgets what was paid, and the difference is wrong",
    here="the difference is a collection of its own; the order counts both",
)
def test_medusa_11591_the_difference_is_a_collection_of_its_own(shop: Shop) -> None:
    begun = shop.begun()
    order = shop.order(begun)
    assert shop.capture(shop.payment_of(begun)).status == 200
    made = shop.good("POST", "/admin/payment-collections", {"order_id": order["id"], "amount": 20})
    path = f"/admin/payment-collections/{made['payment_collection']['id']}/mark-as-paid"

    before = shop.good("GET", f"/admin/orders/{order['id']}")["order"]
    shop.good("POST", path, {"order_id": order["id"]})
    after = shop.good("GET", f"/admin/orders/{order['id']}")["order"]

    assert (before["payment_status"], after["payment_status"]) == ("partially_captured", "captured")
    assert sorted(each["captured_amount"] for each in after["payment_collections"]) == [20, 100]


@exhibit(
    "solidusio/solidus_stripe#64",
    "openedx-unsupported/ecommerce#4156",
    there="an intent was canceled there, and the customer is shown its dead secret",
    here="the same request makes another one",
)
def test_solidus_stripe_64_a_canceled_object_is_not_shown_again(shop: Shop, provider: Backstage) -> None:
    begun = shop.begun()
    provider.give_up(begun)

    [session] = shop.choose(begun.collection_id)["payment_collection"]["payment_sessions"]

    assert (session["status"], session["id"] == begun.session["id"]) == ("pending", False)
    assert session["data"]["client_secret"] != begun.session["data"]["client_secret"]
    shop.order(begun)


@exhibit(
    "laravel/cashier-stripe#920",
    "woocommerce/woocommerce-gateway-stripe#4052",
    "ddevault/fosspay#31",
    there="a customer is deleted there, and can never pay again",
    here="the same request opens a new account",
)
def test_cashier_stripe_920_a_customer_deleted_there_pays_on(shop: Shop, provider: Backstage) -> None:
    credentials = {"email": "customer@example.com", "password": "customer"}
    token = shop.good("POST", "/auth/customer/emailpass", credentials)["token"]
    shop.login_of_customer = f"Bearer {token}"
    shop.order(shop.begun())
    [holder] = shop.good("GET", "/store/account-holders")["account_holders"]
    provider.forget(holder["external_id"])

    shop.order(shop.begun())

    [again] = shop.good("GET", "/store/account-holders")["account_holders"]
    assert again["external_id"] != holder["external_id"]
