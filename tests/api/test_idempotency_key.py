"""The `Idempotency-Key` header on every endpoint that moves money."""

from collections.abc import Callable
from typing import Any

import pytest

from medusa_payments.testing.fake_provider import FakeProvider
from tests.api.openapi import OpenAPI, ValidatedClient

Make = Callable[..., Any]

KEY = {"headers": {"Idempotency-Key": "0f9e2a52-6a5c-4a8e-9f5e-3c1c1f7b7c5d"}}

WITHOUT_KEY = {
    "createPaymentCollection",
    "adminDeletePaymentCollection",
    "v1AdminDeletePaymentCollection",
    "v1AdminUpdatePaymentCollection",
    "adminCreateRefundReason",
    "adminUpdateRefundReason",
    "adminDeleteRefundReason",
    "createAccountHolder",
    "deletePaymentMethod",
}


def moved(fake_provider: FakeProvider, verb: str) -> int:
    return sum(entry["verb"] == verb for entry in fake_provider.ledger_entries())


def test_capture_and_refund_are_carried_out_once(
    staff: ValidatedClient, payment: Make, fake_provider: FakeProvider
) -> None:
    path = f"/admin/payments/{payment()['id']}"
    for verb in ("capture", "refund"):
        first, second = (staff.post(f"{path}/{verb}", {"amount": 10}, **KEY) for _ in range(2))

        assert (first.status_code, first.json()) == (200, second.json())
        assert moved(fake_provider, verb) == 1


def test_other_parameters_are_422(staff: ValidatedClient, payment: Make) -> None:
    path = f"/admin/payments/{payment()['id']}/capture"
    staff.post(path, {"amount": 10}, **KEY)

    answer = staff.post(path, {"amount": 11}, **KEY)

    assert answer.status_code == 422
    assert answer.json()["type"] == "idempotency_error"


def test_initialize_and_authorize_are_carried_out_once(
    storefront: ValidatedClient, collection: Make, fake_provider: FakeProvider
) -> None:
    path = f"/store/payment-collections/{collection()['id']}/payment-sessions"
    first, second = (storefront.post(path, {"provider_id": "pp_fake_fake"}, **KEY) for _ in range(2))
    assert first.json() == second.json()
    session_id = first.json()["payment_collection"]["payment_sessions"][0]["id"]

    first, second = (storefront.post(f"{path}/{session_id}/authorize", **KEY) for _ in range(2))

    assert first.json() == second.json()
    assert (moved(fake_provider, "initiate"), moved(fake_provider, "update")) == (1, 0)
    assert moved(fake_provider, "authorize") == 1


def test_v1_authorize_is_carried_out_once(storefront: ValidatedClient, session: Make) -> None:
    made = session(outcome="requires_more")
    path = f"/store/payment-collections/{made['payment_collection_id']}/sessions/{made['id']}/authorize"

    first, second = (storefront.post(path, **KEY) for _ in range(2))

    assert (first.status_code, first.json()) == (422, second.json())


def test_a_lost_answer_is_found_again(staff: ValidatedClient, payment: Make, fake_provider: FakeProvider) -> None:
    path = f"/admin/payments/{payment(on='capture', outcome='timeout_after')['id']}/capture"

    lost = staff.post(path, {"amount": 10}, **KEY)
    found = staff.post(path, {"amount": 10}, **KEY)

    assert (lost.status_code, lost.json()["code"]) == (409, "payment_outcome_unknown")
    assert int(lost["Retry-After"]) > 0
    assert (found.status_code, moved(fake_provider, "capture")) == (200, 1)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_keys_that_are_none(staff: ValidatedClient, payment: Make, key: str) -> None:
    answer = staff.post(f"/admin/payments/{payment()['id']}/capture", {}, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")


def test_every_operation_that_adds_up_documents_it(openapi: OpenAPI) -> None:
    for path, operations in openapi.document["paths"].items():
        for method, operation in operations.items():
            if operation["tags"] in (["Demo shop"], ["Hooks"]):
                continue
            names = {openapi.resolve(parameter)["name"] for parameter in operation.get("parameters", [])}
            is_repeatable = method == "get" or operation["operationId"] in WITHOUT_KEY
            assert ("Idempotency-Key" in names) != is_repeatable, (method, path)
