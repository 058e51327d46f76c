"""What a customer is told when something goes wrong, and what of a provider's words is for staff only."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import translation

from medusa_payments import exceptions
from medusa_payments.api.wire.exceptions import REJECTED_MESSAGE, STATUS_CODES
from medusa_payments.exceptions import SHOPPER_TEXTS, PaymentsError
from medusa_payments.models import Operation
from medusa_payments.providers.errors import (
    ProviderDeclined,
    ProviderError,
    ProviderOutcomeUnknown,
    ProviderRejected,
    ProviderUnavailable,
)
from medusa_payments.testing.fake_provider import FakeProvider
from tests.api.openapi import OpenAPI, ValidatedClient

Make = Callable[..., Any]

SAID = "DEVELOPER-TEXT pi_123: this PaymentIntent's amount could not be updated because it is confirmed."
WORDS = ("DEVELOPER-TEXT", "pi_123")
AN_ID = re.compile(r"\b(pay|payses|pay_col|payop|capt|ref|acchld|cart|order)_\w+")
FAKE = {"provider_id": "pp_fake_fake"}
CALLS = (
    "initiate",
    "update",
    "authorize",
    "capture",
    "refund",
    "cancel",
    "retrieve",
    "create_account_holder",
    "find_account_holder",
    "list_payment_methods",
    "save_payment_method",
    "delete_payment_method",
)

CLASSES = [value for value in vars(exceptions).values() if isinstance(value, type) and issubclass(value, PaymentsError)]


class Talkative(FakeProvider):
    """Raises one error from every call, once it is told to."""

    error: ProviderError | None = None

    def __getattribute__(self, name: str) -> Any:
        if name in CALLS and type(self).error is not None:
            return self._raise
        return super().__getattribute__(name)

    def _raise(self, *_: Any, **__: Any) -> None:
        assert type(self).error is not None
        raise type(self).error


@pytest.fixture
def talkative(settings: Any) -> Iterator[type[Talkative]]:
    configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    fake = configured["pp_fake_fake"] | {"BACKEND": f"{__name__}.Talkative"}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": configured | {"pp_fake_fake": fake}}
    yield Talkative
    Talkative.error = None


class TestAProvidersOwnWords:
    """They never reach a customer, on whichever route; of a decline they are written for customers."""

    @pytest.fixture
    def jane(self, openapi: OpenAPI, storefront: ValidatedClient) -> ValidatedClient:
        client = ValidatedClient(openapi, headers={"x-publishable-api-key": "pk_test"})
        client.force_login(User.objects.create_user("jane", email="jane@example.com"))
        return client

    @pytest.fixture
    def requests(self, talkative: Any, jane: ValidatedClient, set_total: Make) -> list[tuple[str, str, Any]]:
        """Every request of the store and v1 APIs that can lead to a provider, on objects that exist."""
        set_total("59.97")
        holder = jane.post("/store/account-holders", FAKE).json()["account_holder"]["id"]
        made = jane.post("/store/payment-collections", {"cart_id": "cart_1"}).json()["payment_collection"]["id"]
        store, v1 = f"/store/payment-collections/{made}", f"/v1/store/payment-collections/{made}"
        answer = jane.post(f"{store}/payment-sessions", FAKE).json()["payment_collection"]
        session, cards = answer["payment_sessions"][0]["id"], f"/store/payment-methods/{holder}"
        parts = {"sessions": [{**FAKE, "amount": 20}, {**FAKE, "amount": 39.97}]}
        v1_parts = {"sessions": [{"provider_id": "fake_fake", "amount": 5997}]}
        card = {**FAKE, "data": {"payment_method": "card_1"}}
        v1_requests: list[tuple[str, str, Any]] = [
            ("post", f"{path}/sessions{end}", body)
            for path in (store, v1)
            for end, body in (
                ("", {"provider_id": "fake_fake"}),
                ("/batch", v1_parts),
                (f"/{session}/authorize", {}),
                ("/batch/authorize", {"session_ids": [session]}),
                (f"/{session}", {}),
            )
        ]
        return [
            ("post", "/store/account-holders", FAKE),
            ("get", "/store/account-holders", None),
            ("get", cards, None),
            ("post", cards, {}),
            ("delete", f"{cards}/card_1", None),
            ("post", "/store/payment-collections", {"cart_id": "cart_1"}),
            ("post", f"{store}/payment-sessions", FAKE),
            ("post", f"{store}/payment-sessions", card),
            ("post", f"{store}/payment-sessions/batch", parts),
            ("post", f"{store}/payment-sessions/{session}/authorize", {}),
            ("get", store, None),
            ("get", v1, None),
            ("get", "/store/payment-providers", None),
            *v1_requests,
        ]

    @pytest.mark.parametrize("error", [ProviderRejected, ProviderUnavailable, ProviderOutcomeUnknown, ProviderError])
    @pytest.mark.proof
    def test_never_reach_a_customer(
        self, requests: list[tuple[str, str, Any]], jane: ValidatedClient, talkative: Any, error: type[ProviderError]
    ) -> None:
        talkative.error = error(SAID, code="parameter_invalid")
        refused = 0
        for method, path, body in requests:
            for _ in range(2):  # The repeat of a request finds what became of the first one.
                answer = jane.get(path) if method == "get" else getattr(jane, method)(path, body)
                said = answer.content.decode()
                assert not any(word in said for word in WORDS), (method, path, said)
                if answer.status_code >= 400 and "shopper_message" in answer.json():
                    refused += 1
                    assert not AN_ID.search(answer.json()["shopper_message"])
        assert refused >= 8

    def test_every_route_is_called(self, requests: list[tuple[str, str, Any]], openapi: OpenAPI) -> None:
        called = {(method, len(path.split("/"))) for method, path, _ in requests}
        routes = {
            (method, len(path.split("/")))
            for path, methods in openapi.document["paths"].items()
            for method in methods.keys() & {"get", "post", "delete"}
            if re.match(r"/store/(payment|account)|/v1/store", path)
        }
        assert routes <= called

    def test_of_a_rejection_are_there_for_staff(
        self, talkative: Any, staff: ValidatedClient, session: Make, storefront: ValidatedClient
    ) -> None:
        made = session()
        path = f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions/{made['id']}/authorize"
        talkative.error = ProviderRejected(SAID)
        answer = storefront.post(path)
        assert (answer.status_code, answer.json()["message"]) == (400, REJECTED_MESSAGE)
        assert Operation.objects.get(kind="authorize").error_message == SAID

        talkative.error = None
        payment = storefront.post(path).json()["payment_collection"]["payments"][0]["id"]
        talkative.error = ProviderRejected(SAID)
        answer = staff.post(f"/admin/payments/{payment}/capture")
        assert (answer.status_code, answer.json()["message"]) == (400, SAID)
        assert "shopper_message" not in answer.json()

    def test_of_a_decline_are_shown(self, talkative: Any, session: Make, storefront: ValidatedClient) -> None:
        made = session()
        talkative.error = ProviderDeclined("Your card has insufficient funds.", code="insufficient_funds")
        path = f"/store/payment-collections/{made['payment_collection_id']}/payment-sessions/{made['id']}/authorize"
        answer = storefront.post(path).json()
        assert answer["message"] == "Your card has insufficient funds."
        assert answer["shopper_message"].startswith("Your card has insufficient funds. You haven't been charged.")


class TestWhatACustomerIsTold:
    @pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
    def test_is_a_sentence_without_ids_for_every_error(self, error: type[PaymentsError]) -> None:
        said = error("payop_1 of pay_1 went wrong", code="a_code_of_the_provider").shopper_message
        assert said.endswith(".")
        assert not AN_ID.search(said)
        assert error is PaymentsError or said

    def test_goes_by_the_code(self) -> None:
        error = exceptions.Conflict("The cart of payses_1 has changed.", code="cart_changed")
        assert error.shopper_message == SHOPPER_TEXTS["cart_changed"]

    def test_is_translated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The text is looked up when it is asked for, in the language of the request."""
        with translation.override("de"):
            catalogue = translation.trans_real.catalog()
            monkeypatch.setitem(catalogue._catalog._catalogs[0], "Please log in and try again.", "Bitte anmelden.")
            assert exceptions.Unauthorized("No.").shopper_message == "Bitte anmelden."
        assert exceptions.Unauthorized("No.").shopper_message == "Please log in and try again."

    def test_every_class_with_a_status_has_one(self) -> None:
        assert all(str(error.shopper_text) for error in STATUS_CODES)
