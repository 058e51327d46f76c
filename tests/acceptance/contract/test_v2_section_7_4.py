"""What Medusa says with events, the signals say: which are sent for what, and when none is."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.dispatch import Signal

from medusa_payments import signals
from medusa_payments.models import Event, PaymentCollection
from medusa_payments.services import payment_collections
from tests.api.openapi import ValidatedClient

Make = Callable[..., Any]
Heard = list[tuple[str, dict[str, Any]]]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

SIGNALS = {name: each for name, each in vars(signals).items() if isinstance(each, Signal)}


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Everything that was sent so far: name of the signal and what it says. Each must be an event that is stored."""
    said: Heard = []

    def listener(name: str) -> Callable[..., None]:
        def listen(*, event_id: int, payment_collection_id: str, data: dict[str, Any], **_: Any) -> None:
            event = Event.objects.get(pk=event_id)
            assert event.name.replace(".", "_") == name
            assert (event.payment_collection_id, event.data) == (payment_collection_id, data)
            said.append((name, data))

        return listen

    listeners = {name: listener(name) for name in SIGNALS}
    for name, listen in listeners.items():
        SIGNALS[name].connect(listen)
    yield said
    for name, listen in listeners.items():
        SIGNALS[name].disconnect(listen)


def names(heard: Heard) -> list[str]:
    return [name for name, _ in heard]


def choose(storefront: ValidatedClient, collection_id: str, provider_id: str, **data: Any) -> Any:
    path = f"/store/payment-collections/{collection_id}/payment-sessions"
    answer = storefront.post(path, {"provider_id": provider_id, "data": data})
    return answer.json()["payment_collection"]["payment_sessions"][0]


def test_a_collection_is_created_and_follows_its_cart(heard: Heard, collection: Make) -> None:
    collection("10")
    collection("10")
    collection("12.50")

    [(created, about_creation), (updated, about_update)] = heard
    assert (created, updated) == ("payment_collection_created", "payment_collection_updated")
    assert (about_creation["cart_id"], about_creation["amount"]) == ("cart_1", 1000)
    assert about_creation["currency_code"] == "eur"
    assert about_update["after"] == {"amount": 1250, "currency_code": "eur"}


def test_a_collection_gets_its_order_once(heard: Heard, collection: Make) -> None:
    made = collection()
    for _ in range(2):
        payment_collections.attach_order(payment_collection_id=made["id"], order_id="order_1")

    assert heard[1:] == [("payment_collection_updated", {"order_id": "order_1"})]


def test_a_session_is_initiated_updated_and_replaced(
    heard: Heard, storefront: ValidatedClient, collection: Make
) -> None:
    collection_id = collection()["id"]
    first = choose(storefront, collection_id, "pp_fake_fake")
    choose(storefront, collection_id, "pp_fake_fake", delay_ms=0)
    second = choose(storefront, collection_id, "pp_system_default")

    assert names(heard)[1:] == [
        "payment_session_initiated",
        "payment_session_updated",
        "payment_session_replaced",
        "payment_session_initiated",
        "payment_session_canceled",
    ]
    of_session = [data["payment_session_id"] for _, data in heard[1:]]
    assert of_session == [first["id"], first["id"], first["id"], second["id"], first["id"]]
    assert heard[3][1]["replaced_by"] == second["id"]


def test_a_payment_is_authorized_captured_and_refunded(heard: Heard, staff: ValidatedClient, payment: Make) -> None:
    made = payment(amount="100")
    staff.post(f"/admin/payments/{made['id']}/capture", {"amount": 60})
    staff.post(f"/admin/payments/{made['id']}/capture")
    staff.post(f"/admin/payments/{made['id']}/refund", {"amount": 5})

    moved = [(name, data["amount"]) for name, data in heard if "payment_id" in data]
    assert moved == [
        ("payment_authorized", 10000),
        ("payment_captured", 6000),
        ("payment_captured", 4000),
        ("payment_refunded", 500),
    ]
    assert {data["payment_id"] for _, data in heard if "payment_id" in data} == {made["id"]}


def test_money_that_is_captured_at_once_says_both(heard: Heard, payment: Make) -> None:
    payment(outcome="captured")

    assert names(heard)[-2:] == ["payment_authorized", "payment_captured"]


def test_a_payment_is_canceled(heard: Heard, staff: ValidatedClient, payment: Make) -> None:
    made = payment()
    staff.post(f"/admin/payments/{made['id']}/cancel")

    name, data = heard[-1]
    assert (name, data["payment_id"], data["amount"]) == ("payment_canceled", made["id"], 5997)


def test_a_collection_is_deleted_and_its_session_given_up(heard: Heard, staff: ValidatedClient, session: Make) -> None:
    made = session()
    staff.delete(f"/admin/payment-collections/{made['payment_collection_id']}")

    assert names(heard)[2:] == [
        "payment_session_replaced",
        "payment_collection_deleted",
        "payment_session_canceled",
    ]


@pytest.mark.parametrize("outcome", ["requires_more", "error", "pending_authorization"])
def test_a_session_that_is_not_authorized_is_updated(
    heard: Heard, storefront: ValidatedClient, session: Make, outcome: str
) -> None:
    made = session(outcome=outcome)
    storefront.post(
        f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions/{made['id']}/authorize"
    )

    name, data = heard[-1]
    assert (name, data["after"]) == ("payment_session_updated", {"status": outcome})


class TestSilence:
    @pytest.mark.parametrize("verb", ["authorize", "capture"])
    def test_a_repeat_that_moves_nothing(
        self, heard: Heard, storefront: ValidatedClient, staff: ValidatedClient, payment: Make, verb: str
    ) -> None:
        made = payment(outcome="captured")
        path = f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions"
        before = names(heard)

        if verb == "capture":
            response = staff.post(f"/admin/payments/{made['id']}/capture")
        else:
            response = storefront.post(f"{path}/{made['payment_session_id']}/authorize")

        assert (response.status_code, names(heard)) == (200, before)

    @pytest.mark.parametrize("outcome", ["declined", "rejected", "unavailable", "timeout_before"])
    def test_a_verb_that_fails(self, heard: Heard, staff: ValidatedClient, payment: Make, outcome: str) -> None:
        made = payment(on="capture", outcome=outcome)
        before = names(heard)

        response = staff.post(f"/admin/payments/{made['id']}/capture")

        assert response.status_code >= 400
        assert names(heard) == before

    def test_refund_reasons(self, heard: Heard, staff: ValidatedClient) -> None:
        staff.post("/admin/refund-reasons", {"label": "Too late", "code": "too_late"})

        assert heard == []


def test_a_receiver_that_raises_spoils_nothing(heard: Heard, payment: Make, caplog: pytest.LogCaptureFixture) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("The shop is broken.")

    signals.payment_authorized.connect(broken)
    try:
        made = payment()
    finally:
        signals.payment_authorized.disconnect(broken)

    assert names(heard)[-1] == "payment_authorized"
    assert PaymentCollection.objects.get(pk=made["payment_collection_id"]).status == "authorized"
    assert "The shop is broken." in caplog.text
