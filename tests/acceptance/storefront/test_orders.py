"""Orders and their payments, as the shopper and as the staff see them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from medusa_payments.exceptions import NotAllowed
from medusa_payments.models import Event, PaymentCollection
from medusa_payments.orders import OrderSnapshot
from medusa_payments.services import captures, payment_collections, payment_sessions
from medusa_payments.states import CollectionStatus, SessionStatus
from storefront_project.orders.orders import resolve_order
from storefront_project.orders.payment_status import payment_status
from tests.acceptance.storefront.conftest import Caller, Document, Storefront
from tests.acceptance.storefront.scripted_provider import ScriptedProvider
from tests.api.openapi import OpenAPI, ValidatedClient

pytestmark = pytest.mark.any_engine


@pytest.fixture
def awaiting(storefront: Storefront, scripted: ScriptedProvider) -> Document:
    """An order whose provider hasn't decided yet."""
    scripted.status = SessionStatus.PENDING_AUTHORIZATION
    return storefront.place_order("pp_scripted")


def session_of(order: Document) -> str:
    session_id: str = order["payment_collections"][0]["payment_sessions"][0]["id"]
    return session_id


def authorize(staff: Caller, order: Document, session_id: str, *, expect: int = 200, **headers: str) -> Document:
    path = f"/admin/orders/{order['id']}/payment-sessions/authorize"
    return staff.post(path, {"payment_session_id": session_id}, expect=expect, **headers)


def test_shopper_and_staff_see_the_same_order(storefront: Storefront, staff: Caller) -> None:
    order = storefront.place_order()
    assert storefront.get(f"/store/orders/{order['id']}")["order"] == order
    assert staff.get(f"/admin/orders/{order['id']}")["order"] == order


def test_only_the_staff_sees_who_captured(storefront: Storefront, staff: Caller) -> None:
    order = storefront.place_order()
    payment_id = order["payment_collections"][0]["payments"][0]["id"]
    staff.post(f"/admin/payments/{payment_id}/capture")

    def created_by(shown: Document) -> Any:
        return shown["order"]["payment_collections"][0]["payments"][0]["captures"][0]["created_by"]

    assert created_by(storefront.get(f"/store/orders/{order['id']}")) is None
    assert created_by(staff.get(f"/admin/orders/{order['id']}")) == str(User.objects.get(is_staff=True).pk)


def test_the_status_follows_the_money(storefront: Storefront, staff: Caller) -> None:
    order = storefront.place_order()
    payment = f"/admin/payments/{order['payment_collections'][0]['payments'][0]['id']}"

    seen = []
    for verb, body in [
        ("capture", {"amount": 40}),
        ("capture", {}),
        ("refund", {"amount": 1}),
        ("refund", {}),
    ]:
        staff.post(f"{payment}/{verb}", body)
        seen.append(storefront.get(f"/store/orders/{order['id']}")["order"]["payment_status"])

    assert seen == ["partially_captured", "captured", "partially_refunded", "refunded"]


def test_39_an_order_shows_a_pending_refund_under_its_final_id(storefront: Storefront, staff: Caller) -> None:
    order = storefront.place_order(on="refund", outcome="pending")
    payment = f"/admin/payments/{order['payment_collections'][0]['payments'][0]['id']}"
    staff.post(f"{payment}/capture")
    (refund,) = staff.post(f"{payment}/refund", {"amount": 40})["payment"]["refunds"]

    for shown in (
        storefront.get(f"/store/orders/{order['id']}")["order"],
        staff.get(f"/admin/orders/{order['id']}")["order"],
        staff.get("/admin/orders")["orders"][0],
    ):
        (collection,) = shown["payment_collections"]
        (row,) = collection["payments"][0]["refunds"]
        assert (row["id"], row["status"], row["amount"]) == (refund["id"], "pending", 40)
        assert (collection["refunded_amount"], collection["refunding_amount"]) == (0, 40)
        assert collection["refundable_amount"] == collection["payments"][0]["refundable_amount"] == 60
        assert shown["payment_status"] == "captured"


def test_orders_are_paged(storefront: Storefront, staff: Caller) -> None:
    ids = sorted(storefront.place_order()["id"] for _ in range(3))

    page = staff.get("/admin/orders?limit=2&offset=1&order=-id")

    assert [order["id"] for order in page["orders"]] == [ids[1], ids[0]]
    assert (page["count"], page["offset"], page["limit"]) == (3, 1, 2)
    assert page["orders"][0] == storefront.get(f"/store/orders/{ids[1]}")["order"]


def test_more_orders_take_no_more_statements(
    storefront: Storefront, staff: Caller, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        storefront.place_order()
    with django_assert_max_num_queries(10):  # page, count, carts, items, collections and what hangs on them
        staff.get("/admin/orders?limit=3")


@pytest.mark.parametrize("path", ["/store/orders/order_unknown", "/admin/orders/order_unknown"])
def test_an_unknown_order_is_not_found(storefront: Storefront, staff: Caller, path: str) -> None:
    caller = storefront if path.startswith("/store") else staff
    error = caller.get(path, expect=404)
    assert (error["type"], error["message"]) == ("not_found", "Order id not found: order_unknown")


def test_a_session_is_authorized_once_its_provider_agrees(
    storefront: Storefront, staff: Caller, scripted: ScriptedProvider, awaiting: Document
) -> None:
    waiting = authorize(staff, awaiting, session_of(awaiting))
    assert (waiting["is_authorized"], waiting["order"]["payment_status"]) == (False, "awaiting")

    scripted.status = SessionStatus.AUTHORIZED
    done = authorize(staff, awaiting, session_of(awaiting))
    assert (done["is_authorized"], done["order"]["payment_status"]) == (True, "authorized")
    assert done["order"]["id"] == awaiting["id"]
    event = Event.objects.get(name="payment.authorized")
    assert event.actor == str(User.objects.get(is_staff=True).pk)


def test_a_session_that_is_not_waiting_is_refused(storefront: Storefront, staff: Caller) -> None:
    order = storefront.place_order()
    refusal = authorize(staff, order, session_of(order), expect=400)
    assert (refusal["type"], refusal["message"]) == (
        "not_allowed",
        f"Payment session {session_of(order)} is not in pending_authorization status",
    )


def test_the_same_key_gets_the_same_answer(staff: Caller, scripted: ScriptedProvider, awaiting: Document) -> None:
    scripted.status = SessionStatus.AUTHORIZED
    first = authorize(staff, awaiting, session_of(awaiting), **{"idempotency-key": "once"})

    assert authorize(staff, awaiting, session_of(awaiting), **{"idempotency-key": "once"}) == first
    authorize(staff, awaiting, session_of(awaiting), expect=400, **{"idempotency-key": "twice"})


@pytest.mark.parametrize("outcome", [SessionStatus.CANCELED, SessionStatus.ERROR])
def test_a_provider_that_gives_up_is_a_refusal(
    staff: Caller, scripted: ScriptedProvider, awaiting: Document, outcome: SessionStatus
) -> None:
    scripted.status = outcome
    refusal = authorize(staff, awaiting, session_of(awaiting), expect=400)
    assert refusal["message"] == f"Session: {session_of(awaiting)} was not authorized with the provider."
    assert staff.get(f"/admin/orders/{awaiting['id']}")["order"]["payment_status"] == "not_paid"


def test_a_session_of_another_order_is_not_found(storefront: Storefront, staff: Caller, awaiting: Document) -> None:
    other = storefront.place_order()
    refusal = authorize(staff, other, session_of(awaiting), expect=404)
    assert (refusal["type"], refusal["message"]) == (
        "not_found",
        f"PaymentSession id not found: {session_of(awaiting)}",
    )


def test_a_session_of_a_further_collection_is_the_orders_own(
    storefront: Storefront, staff: Caller, scripted: ScriptedProvider
) -> None:
    order = storefront.place_order("pp_system_default")
    collection = payment_collections.create_for_order(order_id=order["id"], amount=Decimal(5))
    session = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_scripted")
    scripted.status = SessionStatus.PENDING_AUTHORIZATION
    payment_sessions.authorize(payment_collection_id=collection.pk, payment_session_id=session.pk)
    scripted.status = SessionStatus.AUTHORIZED

    answer = authorize(staff, order, session.pk)

    assert answer["is_authorized"] is True
    assert [each["amount"] for each in answer["order"]["payment_collections"]] == [100, 5]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Invalid request: Field 'payment_session_id' is required"),
        (
            {"payment_session_id": 1},
            "Invalid request: Expected type: 'string' for field 'payment_session_id', got: '1'",
        ),
        ({"payment_session_id": "payses_1", "force": True}, "Invalid request: Unrecognized fields: 'force'"),
    ],
)
def test_a_wrong_body_is_refused(staff: Caller, body: Document, message: str) -> None:
    refusal = staff.post("/admin/orders/order_unknown/payment-sessions/authorize", body, expect=400)
    assert (refusal["type"], refusal["message"]) == ("invalid_data", message)


ADMIN_REQUESTS = [
    ("get", "/admin/orders", "orders.view_order"),
    ("get", "/admin/orders/{id}", "orders.view_order"),
    ("post", "/admin/orders/{id}/payment-sessions/authorize", "orders.change_order"),
]


@pytest.fixture
def request_as(openapi: OpenAPI, awaiting: Document) -> Callable[..., int]:
    """Return a function that sends a request of some user's and returns the status."""

    def send(user: User | None, method: str, path: str) -> int:
        client = ValidatedClient(openapi)
        client.force_authenticate(user)
        body = {"payment_session_id": session_of(awaiting)} if method == "post" else {}
        status: int = getattr(client, method)(path.format(id=awaiting["id"]), body).status_code
        return status

    return send


@pytest.mark.parametrize(("method", "path", "permission"), ADMIN_REQUESTS)
def test_each_verb_needs_its_permission(
    request_as: Callable[..., int], method: str, path: str, permission: str
) -> None:
    member = User.objects.create_user("member@example.com", is_staff=True)
    assert request_as(member, method, path) == 403

    member.user_permissions.add(Permission.objects.get(codename=permission.removeprefix("orders.")))
    assert request_as(User.objects.get(pk=member.pk), method, path) == 200


@pytest.mark.parametrize(("method", "path", "permission"), ADMIN_REQUESTS)
def test_customers_and_strangers_stay_outside(
    request_as: Callable[..., int], method: str, path: str, permission: str
) -> None:
    assert request_as(None, method, path) == 401
    assert request_as(User.objects.get(username="customer@example.com"), method, path) == 401


def test_an_order_has_a_key_to_its_store_document(seeded: None, storefront: Storefront, openapi: OpenAPI) -> None:
    order = storefront.place_order()
    assert ValidatedClient(openapi).get(f"/store/orders/{order['id']}").status_code == 400


def test_the_hook_knows_orders(storefront: Storefront) -> None:
    order = storefront.place_order()
    assert resolve_order(order["id"]) == OrderSnapshot(currency_code="eur", email=None)
    assert resolve_order("order_unknown") is None


def test_a_collection_belongs_to_one_order(storefront: Storefront) -> None:
    order = storefront.place_order()
    collection = PaymentCollection.objects.get()
    events = collection.events.count()

    again = payment_collections.attach_order(payment_collection_id=collection.pk, order_id=order["id"])
    assert (again.order_id, collection.events.count()) == (order["id"], events)

    with pytest.raises(NotAllowed, match=order["id"]):
        payment_collections.attach_order(payment_collection_id=collection.pk, order_id="order_other")
    assert PaymentCollection.objects.get().order_id == order["id"]


def test_attaching_an_order_keeps_what_the_collection_is(storefront: Storefront) -> None:
    cart = storefront.create_cart(variant_mug=10)
    storefront.authorize(storefront.begin(cart))
    before = PaymentCollection.objects.get()

    after = payment_collections.attach_order(payment_collection_id=before.pk, order_id="order_1", created_by="7")

    kept = ("status", "amount", "authorized_amount", "captured_amount", "cart_id", "live_cart_id")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    event = before.events.order_by("number").last()
    assert (event.number, event.actor) == (after.event_count, "7")
    captures.capture(payment_id=before.payments.get().pk)
    assert PaymentCollection.objects.get().order_id == "order_1"


def collection(
    status: CollectionStatus, *, amount: int = 100, authorized: int = 0, captured: int = 0, refunded: int = 0
) -> PaymentCollection:
    return PaymentCollection(
        status=status.value,
        amount=amount,
        authorized_amount=authorized,
        captured_amount=captured,
        refunded_amount=refunded,
    )


NOT_PAID = collection(CollectionStatus.NOT_PAID)
AWAITING = collection(CollectionStatus.AWAITING)
AUTHORIZED = collection(CollectionStatus.AUTHORIZED, authorized=100)
PARTLY_AUTHORIZED = collection(CollectionStatus.PARTIALLY_AUTHORIZED, authorized=60)
PARTLY_CAPTURED = collection(CollectionStatus.AUTHORIZED, authorized=100, captured=40)
CAPTURED = collection(CollectionStatus.COMPLETED, authorized=100, captured=100)
PARTLY_REFUNDED = collection(CollectionStatus.COMPLETED, authorized=100, captured=100, refunded=1)
REFUNDED = collection(CollectionStatus.COMPLETED, authorized=100, captured=100, refunded=100)
PARTLY_CAPTURED_AND_PARTLY_REFUNDED = collection(CollectionStatus.AUTHORIZED, authorized=100, captured=40, refunded=20)
CANCELED = collection(CollectionStatus.CANCELED)
FREE = collection(CollectionStatus.NOT_PAID, amount=0)
SMALL_CAPTURED = collection(CollectionStatus.COMPLETED, amount=5, authorized=5, captured=5)
SMALL_AUTHORIZED = collection(CollectionStatus.AUTHORIZED, amount=5, authorized=5)


@pytest.mark.parametrize(
    ("total", "collections", "expected"),
    [
        (0, [], "not_paid"),
        (0, [FREE], "captured"),
        (100, [], "not_paid"),
        (100, [NOT_PAID], "not_paid"),
        (100, [FREE], "not_paid"),
        (100, [AWAITING], "awaiting"),
        (100, [AUTHORIZED], "authorized"),
        (100, [PARTLY_AUTHORIZED], "partially_authorized"),
        (100, [SMALL_AUTHORIZED], "partially_authorized"),
        (100, [AUTHORIZED, NOT_PAID], "partially_authorized"),
        (100, [PARTLY_CAPTURED], "partially_captured"),
        (100, [CAPTURED], "captured"),
        (100, [SMALL_CAPTURED], "partially_captured"),
        (100, [CAPTURED, NOT_PAID], "partially_captured"),
        (100, [CAPTURED, CANCELED], "captured"),
        (100, [CAPTURED, AWAITING], "partially_captured"),
        (100, [PARTLY_REFUNDED], "partially_refunded"),
        (100, [PARTLY_CAPTURED_AND_PARTLY_REFUNDED], "partially_refunded"),
        (100, [REFUNDED], "refunded"),
        (100, [CANCELED], "canceled"),
        (100, [CANCELED, AWAITING], "awaiting"),
    ],
)
def test_payment_status(total: int, collections: list[PaymentCollection], expected: str) -> None:
    assert payment_status(total, collections) == expected
