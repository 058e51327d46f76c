"""A cart becomes an order: once, and only when its payment covers it."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Event, Payment, PaymentCollection, PaymentSession
from medusa_payments.services import payment_collections, payment_sessions, payments, refunds
from medusa_payments.services.captures import capture
from medusa_payments.signals import payment_session_updated
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from medusa_payments.testing.stripe_twin.errors import StripeTwinError
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from storefront_project.orders.models import Order
from storefront_project.shop.models import Cart, LineItem, Region
from tests.acceptance.storefront.conftest import Document, Storefront
from tests.acceptance.storefront.scripted_provider import ScriptedProvider

Amounts = Callable[[], list[int]]


def is_open(storefront: Storefront, cart: Document) -> bool:
    return storefront.cart(cart)["completed_at"] is None and not Order.objects.exists()


def payment_of(collection: Document) -> str:
    payment_id: str = collection["payments"][0]["id"]
    return payment_id


def test_an_authorized_cart_becomes_an_order(storefront: Storefront, authorized_amounts: Amounts) -> None:
    body = {"region_id": "reg_eu", "email": "ada@example.com"}
    cart = storefront.add(storefront.post("/store/carts", body)["cart"], "variant_tshirt_m", 3)
    storefront.begin(cart)

    answer = storefront.complete(cart)

    order = answer["order"]
    assert answer["type"] == "order"
    assert order["id"].startswith("order_")
    assert {name: order[name] for name in ("cart_id", "status", "payment_status", "email", "currency_code")} == {
        "cart_id": cart["id"],
        "status": "pending",
        "payment_status": "authorized",
        "email": "ada@example.com",
        "currency_code": "eur",
    }
    assert (order["total"], order["items"]) == (Decimal("59.97"), cart["items"])
    [collection] = order["payment_collections"]
    assert (collection["status"], collection["authorized_amount"]) == ("authorized", Decimal("59.97"))
    assert storefront.cart(cart)["completed_at"] is not None
    assert authorized_amounts() == [5997]


def test_the_collection_knows_its_order_and_says_so_in_its_history(storefront: Storefront) -> None:
    order = storefront.place_order()

    collection = PaymentCollection.objects.get()
    assert (collection.order_id, collection.cart_id) == (order["id"], order["cart_id"])
    event = Event.objects.filter(payment_collection=collection).order_by("number").last()
    assert event is not None
    assert (event.name, event.data) == ("payment_collection.updated", {"order_id": order["id"]})


def test_a_repeat_answers_the_same_order(storefront: Storefront, authorized_amounts: Amounts) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart)
    first = storefront.complete(cart)
    events = Event.objects.count()

    assert storefront.complete(cart) == first
    assert (Order.objects.count(), Event.objects.count(), authorized_amounts()) == (1, events, [1000])


def test_a_session_that_is_authorized_already_is_enough(storefront: Storefront, authorized_amounts: Amounts) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.authorize(storefront.begin(cart))

    assert storefront.complete(cart)["order"]["payment_status"] == "authorized"
    assert authorized_amounts() == [1000]


@pytest.mark.parametrize(
    ("outcome", "payment_status"),
    [("authorized", "authorized"), ("captured", "captured"), ("pending_authorization", "awaiting")],
)
def test_what_the_provider_promises_is_enough(storefront: Storefront, outcome: str, payment_status: str) -> None:
    assert storefront.place_order(outcome=outcome)["payment_status"] == payment_status


def test_nothing_to_pay_needs_no_payment(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_sample=2)

    order = storefront.complete(cart)["order"]

    assert (order["total"], order["payment_status"], order["payment_collections"]) == (0, "not_paid", [])
    assert storefront.complete(cart)["order"] == order


def test_nothing_to_pay_leaves_a_session_alone(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_sample=1)
    session = storefront.begin(cart, "pp_system_default")

    order = storefront.complete(cart)["order"]

    [collection] = order["payment_collections"]
    assert [(each["id"], each["status"]) for each in collection["payment_sessions"]] == [(session["id"], "pending")]
    assert (collection["payments"], order["payment_status"]) == ([], "captured")


def test_an_order_outlives_the_collection_that_it_did_not_need(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_sample=1)
    collection = storefront.collection(cart)
    order = storefront.complete(cart)["order"]
    payment_collections.delete(payment_collection_id=collection["id"])

    again = storefront.complete(cart)["order"]

    assert (again["id"], again["payment_collections"]) == (order["id"], [])


def test_without_a_collection_it_is_refused(storefront: Storefront, refused: Callable[..., Any]) -> None:
    cart = storefront.create_cart(variant_mug=1)
    expected = ("invalid_data", "Payment collection has not been initiated for cart")
    assert refused(f"/store/carts/{cart['id']}/complete", {}, 400) == expected


def test_without_a_session_it_is_refused(storefront: Storefront, refused: Callable[..., Any]) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.collection(cart)
    expected = ("invalid_data", "Payment sessions are required to complete cart")
    assert refused(f"/store/carts/{cart['id']}/complete", {}, 400) == expected


def test_a_provider_that_the_region_no_longer_has_is_refused(
    storefront: Storefront, refused: Callable[..., Any], authorized_amounts: Amounts
) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart)
    Region.objects.filter(pk="reg_eu").update(payment_providers=["pp_system_default"])

    assert refused(f"/store/carts/{cart['id']}/complete", {}, 400) == (
        "invalid_data",
        "Payment provider pp_fake_fake is not enabled in the cart's region reg_eu.",
    )
    assert authorized_amounts() == []


@pytest.mark.parametrize("outcome", ["requires_more", "pending", "error", "canceled"])
def test_a_payment_that_is_not_authorized_places_no_order(
    storefront: Storefront, refused: Callable[..., Any], outcome: str
) -> None:
    cart = storefront.create_cart(variant_mug=1)
    session = storefront.begin(cart, outcome=outcome)

    assert refused(f"/store/carts/{cart['id']}/complete", {}, 400) == (
        "not_allowed",
        f"Session: {session['id']} was not authorized with the provider.",
    )
    assert is_open(storefront, cart)
    [kept] = storefront.cart(cart)["payment_collection"]["payment_sessions"]
    assert (kept["id"], kept["status"]) == (session["id"], outcome)


def test_a_customer_who_has_more_to_do_completes_afterwards(storefront: Storefront, scripted: ScriptedProvider) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart, "pp_scripted")
    scripted.status = SessionStatus.REQUIRES_MORE
    storefront.complete(cart, expect=400)
    scripted.status = SessionStatus.AUTHORIZED

    assert storefront.complete(cart)["order"]["payment_status"] == "authorized"


def test_a_declined_payment_leaves_the_cart_open(storefront: Storefront, authorized_amounts: Amounts) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart, outcome="declined")

    declined = storefront.complete(cart)

    assert declined["type"] == "cart"
    assert declined["error"] == {
        "message": "The payment was declined.",
        "shopper_message": "The payment was declined. You haven't been charged. You can try again, or pay another way.",
        "name": "payment_authorization_error",
        "type": "payment_authorization_error",
    }
    assert declined["cart"] == storefront.cart(cart)
    assert is_open(storefront, cart)
    assert storefront.complete(cart, expect=400)["message"] == "Payment sessions are required to complete cart"

    storefront.begin(cart)
    assert storefront.complete(cart)["order"]["payment_status"] == "authorized"
    assert authorized_amounts() == [1000]


def test_the_same_key_hears_of_the_same_refusal(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart, outcome="declined")
    declined = storefront.complete(cart, **{"idempotency-key": "first"})

    assert storefront.complete(cart, **{"idempotency-key": "first"}) == declined
    assert storefront.complete(cart, expect=400, **{"idempotency-key": "second"})["type"] == "invalid_data"


def test_a_key_has_visible_characters_only(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart)
    assert storefront.complete(cart, expect=400, **{"idempotency-key": "two words"})["type"] == "invalid_data"
    assert is_open(storefront, cart)


@pytest.mark.parametrize("outcome", ["timeout_before", "timeout_after"])
@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "once"}])
def test_an_answer_that_was_lost_is_found_by_a_repeat(
    storefront: Storefront, authorized_amounts: Amounts, outcome: str, headers: dict[str, str]
) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart, outcome=outcome)

    lost = storefront.complete(cart, expect=409, **headers)
    assert lost["code"] == "payment_outcome_unknown"
    assert is_open(storefront, cart)

    assert storefront.complete(cart, **headers)["order"]["payment_status"] == "authorized"
    assert authorized_amounts() == [1000]


def test_a_provider_that_is_not_reachable_leaves_the_cart_open(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart, outcome="unavailable")

    response = storefront.client.post(f"/store/carts/{cart['id']}/complete")

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert is_open(storefront, cart)


def test_a_cart_that_changed_after_its_session_is_not_authorized(
    storefront: Storefront, authorized_amounts: Amounts
) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart)
    storefront.add(cart, "variant_sticker")

    assert storefront.complete(cart, expect=409)["code"] == "cart_changed"
    assert (is_open(storefront, cart), authorized_amounts()) == (True, [])

    storefront.begin(cart)
    assert storefront.complete(cart)["order"]["total"] == Decimal("10.01")
    assert authorized_amounts() == [1001]


def test_a_cart_that_changed_after_it_was_authorized_is_no_order_until_it_is_changed_back(
    storefront: Storefront, authorized_amounts: Amounts
) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.authorize(storefront.begin(cart))
    [_, sticker] = storefront.add(cart, "variant_sticker")["items"]

    assert storefront.complete(cart, expect=409)["code"] == "cart_changed"
    assert is_open(storefront, cart)

    storefront.delete(f"/store/carts/{cart['id']}/line-items/{sticker['id']}")
    assert storefront.complete(cart)["order"]["total"] == 10
    assert authorized_amounts() == [1000]


def test_35_money_held_for_a_cart_that_costs_nothing_now_is_released(
    storefront: Storefront, fake_provider: FakeProvider
) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.authorize(storefront.begin(cart))
    storefront.delete(f"/store/carts/{cart['id']}/line-items/{cart['items'][0]['id']}")

    assert storefront.complete(cart)["order"]["total"] == 0
    assert [entry["amount"] for entry in fake_provider.ledger_entries() if entry["verb"] == "cancel"] == [1000]


def test_35_a_cart_that_changed_after_it_was_authorized_is_paid_anew(
    storefront: Storefront, fake_provider: FakeProvider, authorized_amounts: Amounts
) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.authorize(storefront.begin(cart))
    storefront.add(cart, "variant_sticker")
    assert storefront.complete(cart, expect=409)["code"] == "cart_changed"

    storefront.begin(cart)

    assert storefront.complete(cart)["order"]["total"] == Decimal("10.01")
    assert authorized_amounts() == [1000, 1001]
    assert [entry["amount"] for entry in fake_provider.ledger_entries() if entry["verb"] == "cancel"] == [1000]


def test_35_a_cart_emptied_after_the_order_was_placed_releases_nothing(
    storefront: Storefront, fake_provider: FakeProvider
) -> None:
    cart = storefront.create_cart(variant_mug=1)
    session = storefront.begin(cart)
    storefront.complete(cart)
    LineItem.objects.filter(cart=cart["id"]).delete()

    collection_id = session["payment_collection_id"]
    payment_collections.refresh(payment_collection_id=collection_id)
    storefront.post(
        f"/store/payment-collections/{collection_id}/payment-sessions", {"provider_id": "pp_fake_fake"}, expect=400
    )

    assert [entry["verb"] for entry in fake_provider.ledger_entries()] == ["initiate", "authorize"]


@pytest.mark.parametrize("status", [SessionStatus.AUTHORIZED, SessionStatus.PENDING_AUTHORIZATION])
def test_a_cart_that_changes_while_it_is_authorized_is_no_order(
    storefront: Storefront, scripted: ScriptedProvider, status: SessionStatus
) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart, "pp_scripted")
    scripted.status = status
    scripted.meanwhile = lambda: storefront.add(cart, "variant_sticker")

    assert storefront.complete(cart, expect=409)["code"] == "cart_changed"
    assert is_open(storefront, cart)


@pytest.mark.django_db(transaction=True)
def test_a_cart_that_grows_right_after_its_payment_was_promised_is_no_order(storefront: Storefront) -> None:
    """The cart's collection has followed it when the order is to be placed; the promise is for the old amount."""
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart, outcome="pending_authorization")

    def grow(**_: object) -> None:
        payment_session_updated.disconnect(grow)
        storefront.add(cart, "variant_sticker")

    payment_session_updated.connect(grow)

    assert storefront.complete(cart, expect=409)["code"] == "cart_changed"
    assert storefront.cart(cart)["payment_collection"]["amount"] == Decimal("10.01")
    assert is_open(storefront, cart)


def test_a_session_for_less_than_the_cart_is_no_order(storefront: Storefront, scripted: ScriptedProvider) -> None:
    """The cart grows and its collection follows, after the provider has promised the smaller amount."""
    cart = storefront.create_cart(variant_mug=1)
    session = storefront.begin(cart, "pp_scripted")
    scripted.status = SessionStatus.PENDING_AUTHORIZATION
    storefront.authorize(session)
    grown = storefront.add(cart, "variant_sticker")
    assert grown["payment_collection"]["amount"] == Decimal("10.01")

    assert storefront.complete(cart, expect=409)["code"] == "cart_changed"
    assert is_open(storefront, cart)


def test_a_cart_that_was_paid_and_refunded_is_no_order(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_mug=1)
    payment_id = payment_of(storefront.authorize(storefront.begin(cart, outcome="captured")))
    refunds.refund(payment_id=payment_id, amount=Decimal("0.01"))

    refusal = storefront.complete(cart, expect=400)

    assert refusal["message"] == "Payment sessions do not cover the total of the cart"
    assert is_open(storefront, cart)


NOT_COVERED = "Payment sessions do not cover the total of the cart"


@pytest.mark.parametrize("verb", ["cancel", "refund"])
def test_money_that_is_on_its_way_back_is_no_order(storefront: Storefront, verb: str) -> None:
    cart = storefront.create_cart(variant_mug=1)
    payment_id = payment_of(storefront.authorize(storefront.begin(cart, on=verb, outcome="timeout_after")))
    give_back: Callable[..., object] = payments.cancel
    if verb == "refund":
        capture(payment_id=payment_id)
        give_back = refunds.refund
    with pytest.raises(PaymentOutcomeUnknown):
        give_back(payment_id=payment_id)

    assert storefront.complete(cart, expect=400)["message"] == NOT_COVERED
    assert is_open(storefront, cart)


@pytest.mark.parametrize("policy", ["void", "refund", "hold"])
def test_money_that_is_to_be_given_back_is_no_order(storefront: Storefront, policy: str) -> None:
    """The provider can't be reached yet. With `hold` a person decides, and the customer may try again."""
    cart = storefront.create_cart(variant_mug=1)
    collection = storefront.authorize(storefront.begin(cart, on="cancel", outcome="unavailable"))
    payment_collections.fail(payment_collection_id=collection["id"], on_failure=policy)

    if policy == "hold":
        assert storefront.complete(cart)["order"]["payment_status"] == "authorized"
    else:
        assert storefront.complete(cart, expect=400)["message"] == NOT_COVERED
        assert is_open(storefront, cart)


def test_what_was_promised_for_an_attempt_that_failed_is_no_order(
    storefront: Storefront, scripted: ScriptedProvider
) -> None:
    """The answer was lost before there was an order; the same key repeats it."""
    cart = storefront.create_cart(variant_mug=1)
    session = storefront.begin(cart, "pp_scripted")
    scripted.status = SessionStatus.PENDING_AUTHORIZATION
    payment_sessions.authorize(
        payment_collection_id=session["payment_collection_id"], payment_session_id=session["id"], idempotency_key="once"
    )
    payment_collections.fail(payment_collection_id=session["payment_collection_id"], on_failure="refund")

    refusal = storefront.complete(cart, expect=400, **{"idempotency-key": "once"})

    assert refusal["message"] == NOT_COVERED
    assert is_open(storefront, cart)


def test_disputed_money_is_no_order(storefront: Storefront, fake_provider: FakeProvider) -> None:
    cart = storefront.create_cart(variant_mug=1)
    session = storefront.begin(cart, outcome="captured")
    payment_of(storefront.authorize(session))
    fake_provider.dashboard.open_dispute(PaymentSession.objects.get().provider_ref or "")
    comparing.look_at(session["id"])

    assert storefront.complete(cart, expect=400)["message"] == NOT_COVERED


def test_a_payment_on_which_the_provider_disagrees_is_no_order(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_mug=1)
    storefront.authorize(storefront.begin(cart))
    Payment.objects.update(frozen_at=timezone.now())

    assert storefront.complete(cart, expect=400)["message"] == NOT_COVERED


def test_a_cart_whose_payment_was_refunded_is_paid_again_once_that_is_canceled(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_mug=1)
    collection = storefront.authorize(storefront.begin(cart, outcome="captured"))
    refunds.refund(payment_id=payment_of(collection))
    assert storefront.complete(cart, expect=400)["message"] == NOT_COVERED

    payment_collections.cancel(payment_collection_id=collection["id"])
    storefront.begin(cart)

    assert storefront.complete(cart)["order"]["payment_status"] == "authorized"
    assert PaymentCollection.objects.count() == 2


def test_what_failed_and_was_paid_since_is_an_order(storefront: Storefront, stripe_twin: StripeTwin) -> None:
    """The customer's browser tried another card at Stripe, and no webhook has come yet."""
    cart = storefront.create_cart(variant_mug=1)
    intent_id = storefront.begin(cart, "pp_stripe_stripe")["data"]["id"]
    with suppress(StripeTwinError):
        stripe_twin.dashboard.pay(intent_id, "pm_card_visa_chargeDeclined")
    assert storefront.complete(cart, expect=400)["type"] == "not_allowed"
    assert storefront.complete(cart, expect=400)["message"] == "Payment sessions are required to complete cart"

    stripe_twin.dashboard.pay(intent_id)

    assert storefront.complete(cart)["order"]["payment_status"] == "authorized"


def test_a_cart_that_is_paid_in_part_is_no_order(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_mug=1)
    payment_id = payment_of(storefront.authorize(storefront.begin(cart)))
    capture(payment_id=payment_id, amount=Decimal(4))
    payments.cancel(payment_id=payment_id)

    refusal = storefront.complete(cart, expect=400)

    assert refusal["message"] == "Payment sessions do not cover the total of the cart"
    assert is_open(storefront, cart)


def test_a_canceled_payment_is_paid_again_before_there_is_an_order(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_mug=1)
    payments.cancel(payment_id=payment_of(storefront.authorize(storefront.begin(cart))))

    assert storefront.complete(cart, expect=400)["message"] == "Payment sessions are required to complete cart"

    storefront.begin(cart)
    assert storefront.complete(cart)["order"]["payment_status"] == "authorized"


def test_an_order_that_was_not_told_to_its_collection_yet(storefront: Storefront) -> None:
    """The process was killed right after the order was placed: the order is whole, and a repeat makes up for it."""
    order = storefront.place_order()
    PaymentCollection.objects.update(order_id="")

    assert storefront.get(f"/store/orders/{order['id']}")["order"] == order

    assert storefront.complete({"id": order["cart_id"]})["order"]["id"] == order["id"]
    assert PaymentCollection.objects.get().order_id == order["id"]


@pytest.fixture
def completed(storefront: Storefront) -> Document:
    cart = storefront.create_cart(variant_mug=1)
    storefront.begin(cart)
    storefront.complete(cart)
    return storefront.cart(cart)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("line-items", {"variant_id": "variant_mug", "quantity": 1}),
        ("line-items/{line_item_id}", {"quantity": 5}),
        ("", {"email": "eve@example.com"}),
    ],
)
def test_a_completed_cart_can_not_be_changed(
    storefront: Storefront, completed: Document, refused: Callable[..., Any], path: str, body: Document
) -> None:
    path = f"/store/carts/{completed['id']}/{path}".rstrip("/").format(line_item_id=completed["items"][0]["id"])

    assert refused(path, body, 400) == ("invalid_data", f"Cart {completed['id']} is already completed.")
    assert storefront.cart(completed) == completed


def test_a_completed_cart_keeps_its_items(storefront: Storefront, completed: Document) -> None:
    path = f"/store/carts/{completed['id']}/line-items/{completed['items'][0]['id']}"
    assert storefront.delete(path, expect=400)["type"] == "invalid_data"
    assert storefront.cart(completed) == completed


def test_a_completed_cart_keeps_the_collection_and_the_session_that_paid_it(
    storefront: Storefront, completed: Document
) -> None:
    collection = completed["payment_collection"]
    assert storefront.collection(completed) == collection

    path = f"/store/payment-collections/{collection['id']}/payment-sessions"
    assert storefront.post(path, {"provider_id": "pp_system_default"}, expect=400)["type"] == "not_allowed"
    assert storefront.cart(completed)["payment_collection"] == collection


def test_a_cart_completed_without_a_payment_gets_none_afterwards(
    storefront: Storefront, refused: Callable[..., Any]
) -> None:
    cart = storefront.create_cart(variant_sample=1)
    storefront.complete(cart)

    assert refused("/store/payment-collections", {"cart_id": cart["id"]}, 400) == (
        "invalid_data",
        f"Cart {cart['id']} is already completed.",
    )


def test_an_unknown_cart_is_not_found(refused: Callable[..., Any]) -> None:
    assert refused("/store/carts/cart_unknown/complete", {}, 404) == ("not_found", "Cart id not found: cart_unknown")


def test_there_is_nothing_to_say(storefront: Storefront, refused: Callable[..., Any]) -> None:
    cart = storefront.create_cart(variant_sample=1)
    message = "Invalid request: Unrecognized fields: 'total'"
    assert refused(f"/store/carts/{cart['id']}/complete", {"total": 0}, 400) == ("invalid_data", message)
    assert Cart.objects.get().completed_at is None
