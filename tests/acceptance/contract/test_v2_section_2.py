"""The states of collections, sessions and payments, as they show over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine

Make = Callable[..., Any]
Read = Callable[[Any], Any]


@pytest.fixture
def collection_of(staff: ValidatedClient) -> Read:
    """Return a function that reads the collection of a session or a payment."""
    path = "/admin/payment-collections/{payment_collection_id}"
    return lambda child: staff.get(path.format_map(child)).json()["payment_collection"]


@pytest.fixture
def authorize(storefront: ValidatedClient) -> Make:
    path = "/store/payment-collections/{payment_collection_id}/payment-sessions/{id}/authorize"
    return lambda session: storefront.post(path.format_map(session))


def totals(collection: Any) -> tuple[Any, ...]:
    return tuple(collection[name] for name in ("status", "authorized_amount", "captured_amount", "refunded_amount"))


@pytest.mark.parametrize("outcome", ["requires_more", "pending", "error", "canceled", "declined"])
def test_a_failed_authorization_leaves_the_collection_unpaid(
    session: Make, authorize: Make, collection_of: Read, outcome: str
) -> None:
    made = session(outcome=outcome)
    before = totals(collection_of(made))

    assert authorize(made).status_code in {400, 422}

    assert before == totals(collection_of(made)) == ("not_paid", 0, 0, 0)
    assert collection_of(made)["payments"] == []


def test_a_deferred_authorization_makes_no_payment(session: Make, authorize: Make, collection_of: Read) -> None:
    made = session(outcome="pending_authorization")

    assert authorize(made).status_code == 200

    collection = collection_of(made)
    assert (totals(collection), collection["payments"]) == (("awaiting", 0, 0, 0), [])
    assert [each["status"] for each in collection["payment_sessions"]] == ["pending_authorization"]


@pytest.mark.parametrize("status", ["requires_more", "pending_authorization"])
def test_a_session_begins_with_the_status_that_its_provider_gives(
    session: Make, collection_of: Read, status: str
) -> None:
    made = session(outcome=status, on="initiate")

    assert (made["status"], made["authorized_at"], made["payment"]) == (status, None, None)
    assert collection_of(made)["payments"] == []


def test_an_authorized_session_keeps_its_one_payment(session: Make, authorize: Make, collection_of: Read) -> None:
    made = session()
    first, again = (authorize(made).json()["payment_collection"] for _ in range(2))

    [shown] = first["payment_sessions"]
    [payment] = first["payments"]
    assert (shown["status"], payment["payment_session_id"]) == ("authorized", made["id"])
    assert shown["authorized_at"] is not None
    assert (payment["captured_at"], payment["canceled_at"]) == (None, None)
    assert [each["id"] for each in again["payments"]] == [payment["id"]]
    assert totals(collection_of(made)) == ("authorized", 59.97, 0, 0)


def test_what_the_provider_captured_at_once_is_not_captured_again(
    session: Make, authorize: Make, collection_of: Read, fake_provider: Any
) -> None:
    made = session(outcome="captured")

    [payment] = authorize(made).json()["payment_collection"]["payments"]

    collection = collection_of(made)
    assert totals(collection) == ("completed", 59.97, 59.97, 0)
    assert [each["status"] for each in collection["payment_sessions"]] == ["authorized"]
    assert [each["amount"] for each in payment["captures"]] == [59.97]
    assert payment["captured_at"] is not None
    assert "capture" not in [entry["verb"] for entry in fake_provider.ledger_entries()]


def test_captures_complete_a_collection_and_refunds_leave_it_completed(
    staff: ValidatedClient, payment: Make, collection_of: Read
) -> None:
    made = payment()
    path = f"/admin/payments/{made['id']}"

    def after(verb: str, amount: float) -> tuple[tuple[Any, ...], Any]:
        assert staff.post(f"{path}/{verb}", {"amount": amount}).status_code == 200
        collection = collection_of(made)
        return totals(collection), collection["completed_at"]

    assert after("capture", 20) == (("authorized", 59.97, 20, 0), None)
    assert after("refund", 5) == (("authorized", 59.97, 20, 5), None)
    captured, completed_at = after("capture", 39.97)
    assert captured == ("completed", 59.97, 59.97, 5)
    assert completed_at is not None
    assert after("refund", 54.97) == (("completed", 59.97, 59.97, 59.97), completed_at)


def test_a_canceled_payment_counts_for_nothing(staff: ValidatedClient, payment: Make, collection_of: Read) -> None:
    made = payment()
    path = f"/admin/payments/{made['id']}"
    staff.post(f"{path}/cancel")

    refused = staff.post(f"{path}/capture", {"amount": 1})

    assert (refused.status_code, refused.json()) == (
        400,
        {"type": "invalid_data", "message": f"The payment: {made['id']} has been canceled."},
    )
    assert totals(collection_of(made)) == ("not_paid", 0, 0, 0)


def test_a_part_that_stays_captured_is_a_part_of_the_collection(
    staff: ValidatedClient, payment: Make, collection_of: Read
) -> None:
    made = payment()
    staff.post(f"/admin/payments/{made['id']}/capture", {"amount": 20})
    staff.post(f"/admin/payments/{made['id']}/cancel")

    assert totals(collection_of(made)) == ("partially_authorized", 20, 20, 0)
