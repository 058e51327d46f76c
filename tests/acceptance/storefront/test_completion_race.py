"""Many callers complete one cart at once, against a live server with threads of its own, on both engines."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.core.management import call_command

from medusa_payments.models import Operation, Payment, PaymentSession
from storefront_project.orders.models import Order
from storefront_project.shop.models import Cart
from tests.audit import differences, recover
from tests.proofs.races.test_over_http import PARALLEL, Answer, Shop, amounts_at_provider, statuses

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(live_server: Any, fake_provider: Any) -> Shop:
    call_command("seed_demo", verbosity=0)
    return Shop(live_server.url)


def begin(shop: Shop, **data: Any) -> str:
    """Return the id of a cart of 100 euro with a payment session."""
    cart_id: str = shop.cart()["id"]
    collection = shop.post("/store/payment-collections", {"cart_id": cart_id}).body["payment_collection"]
    path = f"/store/payment-collections/{collection['id']}/payment-sessions"
    assert shop.post(path, {"provider_id": "pp_fake_fake", "data": data}).status == 200
    return cart_id


def order_ids(answers: list[Answer]) -> set[str]:
    return {answer.body["order"]["id"] for answer in answers if answer.status == 200}


@pytest.mark.parametrize("data", [{"delay_ms": 50}, {"outcome": "captured"}, {"outcome": "pending_authorization"}])
def test_twenty_completions_place_one_order_and_authorize_once(
    shop: Shop, fake_provider: Any, data: dict[str, Any]
) -> None:
    cart_id = begin(shop, **data)

    answers = shop.at_once(f"/store/carts/{cart_id}/complete", {})

    assert set(statuses(answers)) <= {200, 409}
    order = Order.objects.get()
    assert order_ids(answers) == {order.pk}
    again = shop.post(f"/store/carts/{cart_id}/complete", {})
    assert (again.status, order_ids([again])) == (200, {order.pk})
    is_deferred = data.get("outcome") == "pending_authorization"
    assert amounts_at_provider(fake_provider, "authorize") == ([] if is_deferred else [10000])
    assert Payment.objects.count() == (0 if is_deferred else 1)
    assert not Operation.objects.filter(status="open").exists()


def test_twenty_completions_of_a_free_cart_place_one_order(shop: Shop) -> None:
    items = [{"variant_id": "variant_sample", "quantity": 1}]
    cart = shop.post("/store/carts", {"region_id": "reg_eu", "items": items}).body["cart"]

    answers = shop.at_once(f"/store/carts/{cart['id']}/complete", {})

    assert statuses(answers) == {200: PARALLEL}
    assert order_ids(answers) == {Order.objects.get().pk}


def test_twenty_completions_of_a_cart_that_is_declined_place_none(shop: Shop, fake_provider: Any) -> None:
    cart_id = begin(shop, outcome="declined")

    answers = shop.at_once(f"/store/carts/{cart_id}/complete", {})

    # Whoever comes after ten declined attempts is turned away for an hour.
    assert set(statuses(answers)) <= {200, 400, 409, 429}
    assert {answer.body["type"] for answer in answers if answer.status == 200} == {"cart"}
    assert not Order.objects.exists()
    assert amounts_at_provider(fake_provider, "authorize") == []


def test_a_cart_is_changed_before_or_never_while_it_is_completed(shop: Shop, fake_provider: Any) -> None:
    """Whoever comes first wins: the order's total, the cart's and what was authorized are the same in the end."""
    cart_id = begin(shop, delay_ms=20)
    requests = [
        (f"/store/carts/{cart_id}/complete", {}),
        (f"/store/carts/{cart_id}/line-items", {"variant_id": "variant_sticker", "quantity": 1}),
    ] * (PARALLEL // 2)

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(lambda request: shop.post(*request), requests))

    assert Counter(answer.status for answer in answers).keys() <= {200, 400, 409}
    cart = Cart.objects.get(pk=cart_id)
    order = Order.objects.filter(cart=cart).first()
    assert (order is not None) == (cart.completed_at is not None)
    if order is not None:
        assert amounts_at_provider(fake_provider, "authorize") == [order.total] == [cart.total]


def test_webhooks_completions_and_authorizations_at_once_make_one_order_and_one_payment(
    shop: Shop, fake_provider: Any
) -> None:
    """The customer has paid in the browser: everybody hears of it at the same moment."""
    cart_id = begin(shop)
    session = PaymentSession.objects.get()
    fake_provider.dashboard.pay(session.provider_ref)
    authorize = f"/store/payment-collections/{session.payment_collection_id}/payment-sessions/{session.pk}/authorize"
    barrier = Barrier(9)

    def complete() -> Any:
        return shop.post(f"/store/carts/{cart_id}/complete", {})

    def hear() -> Any:
        body, headers = fake_provider.webhooks()[-1]
        request = Request(f"{shop.base_url}/hooks/payment/fake_fake", body, headers, method="POST")  # noqa: S310
        with urlopen(request, timeout=60) as response:  # noqa: S310
            return Answer(response.status, {})

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        return act()

    acts = [complete, hear, lambda: shop.post(authorize, {})] * 3
    with ThreadPoolExecutor(len(acts)) as pool:
        answers = list(pool.map(run, acts))

    assert set(statuses(answers)) <= {200, 409}
    assert shop.post(f"/store/carts/{cart_id}/complete", {}).status == 200
    assert Order.objects.count() == Payment.objects.count() == 1
    assert Payment.objects.get().captured_amount == 10000
    assert recover() == 0
    assert differences(fake_provider) == []
