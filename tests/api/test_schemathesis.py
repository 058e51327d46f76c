"""Requests made up from the published schema: no server error, no answer but those that it declares."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework_simplejwt.tokens import AccessToken
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from medusa_payments.orders import OrderSnapshot
from medusa_payments.services import payment_collections, payment_sessions, refund_reasons
from storefront_project.wsgi import application
from tests.api.openapi import OpenAPI

# Outside the test client, Django closes the connection after each request, an open transaction included.
# One test asks every operation: on a slow machine this takes more than the two minutes that others have.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proof, pytest.mark.timeout(300)]

EXAMPLES_PER_OPERATION = 30
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def names(payment: Callable[..., Any], settings: Any) -> dict[str, str]:
    """Return what exists, by the name under which a path or body asks for it."""
    resolver = {"ORDER_RESOLVER": lambda _order_id, _request=None: OrderSnapshot(currency_code="eur")}
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, **resolver}
    collection = payment_collections.create_for_order(order_id="order_1", amount=Decimal(20))
    session = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id="pp_fake_fake")
    return {
        "payments": payment(outcome="captured")["id"],
        "payment-collections": collection.pk,
        "refund-reasons": refund_reasons.create(label="Lost", code="lost").pk,
        "session_id": session.pk,
        "cart_id": "cart_1",
        "provider_id": "pp_fake_fake",
    }


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_every_operation(openapi: OpenAPI, names: dict[str, str], mode: GenerationMode) -> None:
    headers = {"x-publishable-api-key": "pk_test", "Authorization": f"Bearer {token_of_the_boss()}"}
    for result in schemathesis.openapi.from_dict(openapi.document).get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and not (len(operation.query) or len(operation.body)):
            continue

        @settings(max_examples=EXAMPLES_PER_OPERATION, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(mode), asks_for_what_exists=st.booleans())
        def probe(case: schemathesis.Case, asks_for_what_exists: bool) -> None:
            if asks_for_what_exists:
                point_at_existing(case, names)
            response = case.call(app=application, headers=headers)
            case.validate_response(response, checks=CHECKS, headers=headers)

        probe()


def token_of_the_boss() -> AccessToken:
    boss = User.objects.create_superuser("boss")
    token = AccessToken.for_user(boss)
    token.payload |= {"actor_id": str(boss.pk), "actor_type": "user"}
    return token


def point_at_existing(case: schemathesis.Case, names: dict[str, str]) -> None:
    """Name things that exist in the path and in the body, where there are any."""
    room = case.path.split("{", maxsplit=1)[0].rstrip("/").rsplit("/", maxsplit=1)[-1]
    if case.path_parameters:
        known = {**names, "id": names.get(room, case.path_parameters.get("id"))}
        case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
    if isinstance(case.body, dict):
        case.body = {name: names.get(name, value) for name, value in case.body.items()}
