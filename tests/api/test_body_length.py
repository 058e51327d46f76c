"""A body that was sent and can't be seen is never taken for none: without its amount, everything would be captured."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncRequestFactory
from django.urls import resolve
from rest_framework.test import force_authenticate

from medusa_payments.api.wire.parsers import LENGTH_NEEDED
from tests.api.openapi import ValidatedClient

Make = Callable[..., Any]

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_a_chunked_amount_moves_nothing(staff: ValidatedClient, payment: Make, verb: str) -> None:
    path = f"/admin/payments/{payment(outcome='captured')['id']}"
    chunked = {"transfer-encoding": "chunked"}

    response = staff.post(f"{path}/{verb}", {"amount": 1}, headers=chunked, CONTENT_LENGTH="")

    assert (response.status_code, response.json()) == (400, {"type": "invalid_data", "message": LENGTH_NEEDED})
    assert staff.get(path).json()["payment"]["refunded_amount"] == 0


def test_http_2_needs_neither_header(staff: ValidatedClient, payment: Make) -> None:
    path = f"/admin/payments/{payment()['id']}/capture"
    request = AsyncRequestFactory().post(path, {"amount": 1}, content_type="application/json")
    del request.META["CONTENT_LENGTH"]
    force_authenticate(request, User.objects.get(username="staff"))
    view, arguments, named = resolve(path)

    response = view(request, *arguments, **named)

    assert (response.status_code, response.data["message"]) == (400, LENGTH_NEEDED)


def test_no_body_needs_no_length(staff: ValidatedClient, payment: Make) -> None:
    path = f"/admin/payments/{payment()['id']}/capture"

    response = staff.generic("POST", path, CONTENT_LENGTH="")

    assert (response.status_code, response.json()["payment"]["captured_amount"]) == (200, 59.97)
