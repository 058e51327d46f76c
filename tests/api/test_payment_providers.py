"""Which providers there are, for a storefront's region and for the staff."""

from typing import Any

import pytest

from tests.api.openapi import ValidatedClient

FAKE = {"id": "pp_fake_fake", "is_enabled": True}
STRIPE = [
    {"id": provider_id, "is_enabled": True}
    for provider_id in ("pp_stripe-ideal_stripe", "pp_stripe-sepa-debit_stripe", "pp_stripe_stripe")
]
SYSTEM = {"id": "pp_system_default", "is_enabled": True}


@pytest.fixture
def regions(settings: Any, cart_desk: Any) -> None:
    """`reg_eu` has a provider that isn't configured any more."""
    regions = {"reg_eu": ["pp_system_default", "pp_fake_fake", "pp_gone_gone"], "reg_us": ["pp_fake_fake"]}
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "REGION_PROVIDERS": regions}


@pytest.mark.parametrize(
    ("query", "listed", "count"),
    [
        ("region_id=reg_eu", [FAKE, SYSTEM], 2),
        ("region_id=reg_us", [FAKE], 1),
        ("region_id=reg_moon", [], 0),
        ("region_id=reg_eu&order=-id", [SYSTEM, FAKE], 2),
        ("region_id=reg_eu&limit=1&offset=1", [SYSTEM], 2),
        ("region_id=reg_eu&limit=0", [], 2),
        ("region_id=reg_eu&fields=id", [{"id": "pp_fake_fake"}, {"id": "pp_system_default"}], 2),
    ],
)
def test_of_a_region(
    storefront: ValidatedClient, regions: None, query: str, listed: list[dict[str, Any]], count: int
) -> None:
    response = storefront.get(f"/store/payment-providers?{query}")

    document = response.json()
    assert response.status_code == 200
    assert (document["payment_providers"], document["count"]) == (listed, count)
    assert document.keys() == {"payment_providers", "count", "offset", "limit"}


def test_a_host_that_does_not_restrict_them(storefront: ValidatedClient, settings: Any) -> None:
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "REGION_PROVIDERS": None}

    response = storefront.get("/store/payment-providers?region_id=reg_anywhere")

    assert response.json() == {
        "payment_providers": [FAKE, *STRIPE, SYSTEM],
        "count": 5,
        "offset": 0,
        "limit": 20,
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "Invalid request: Field 'region_id' is required"),
        ("region_id[]=a&region_id[]=b", "Invalid request: Expected type: 'string' for field 'region_id', got: 'array'"),
        ("region_id=a&is_enabled=true", "Invalid request: Unrecognized fields: 'is_enabled'"),
        ("region_id=a&order=label", "Order field label is not valid"),
        ("region_id=a&limit=-1", "Invalid request: Value for field 'limit' too small, expected at least: '0'"),
    ],
)
def test_wrong_queries(storefront: ValidatedClient, query: str, message: str) -> None:
    response = storefront.get(f"/store/payment-providers?{query}")

    assert (response.status_code, response.json()) == (400, {"type": "invalid_data", "message": message})


def test_an_empty_region_is_none(storefront: ValidatedClient) -> None:
    response = storefront.get("/store/payment-providers?region_id=")

    assert (response.status_code, response.json()["type"]) == (400, "not_allowed")
    assert response.json()["message"] == "You must provide the region_id to list payment providers"


def test_a_publishable_key_is_needed(storefront: ValidatedClient) -> None:
    storefront.credentials(HTTP_X_PUBLISHABLE_API_KEY="")

    response = storefront.get("/store/payment-providers?region_id=reg_eu")

    assert (response.status_code, response.json()["type"]) == (400, "not_allowed")


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("", [FAKE, *STRIPE, SYSTEM]),
        ("?id=pp_fake_fake", [FAKE]),
        ("?id[0]=pp_fake_fake&id[1]=pp_gone_gone", [FAKE]),
        ("?is_enabled=true", [FAKE, *STRIPE, SYSTEM]),
        ("?is_enabled=false", []),
        ("?$or[0][id]=pp_system_default&$or[1][is_enabled]=false", [SYSTEM]),
        ("?order=-id&limit=1", [SYSTEM]),
    ],
)
def test_for_the_staff(staff: ValidatedClient, query: str, listed: list[dict[str, Any]]) -> None:
    response = staff.get(f"/admin/payments/payment-providers{query}")

    assert (response.status_code, response.json()["payment_providers"]) == (200, listed)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("is_enabled=yes", "Invalid input"),
        ("is_enabled[$ne]=1", "Invalid input"),
        ("q=fake", "Unrecognized fields: 'q'"),
        ("region_id=reg_eu", "Unrecognized fields: 'region_id'"),
    ],
)
def test_wrong_queries_of_the_staff(staff: ValidatedClient, query: str, message: str) -> None:
    response = staff.get(f"/admin/payments/payment-providers?{query}")

    assert response.status_code == 400
    assert response.json() == {"type": "invalid_data", "message": f"Invalid request: {message}"}
