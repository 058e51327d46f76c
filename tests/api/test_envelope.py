"""Every error leaves in Medusa's envelope, with the documented status."""

import logging
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import translation

from medusa_payments.api.wire.exceptions import STATUS_CODES
from medusa_payments.exceptions import SHOPPER_TEXTS, PaymentsError
from medusa_payments.services import publishable_keys
from tests.api.base_endpoints import ERRORS

pytestmark = [pytest.mark.urls("tests.api.base_endpoints")]

CONFLICT = "The request conflicted with another request. You may retry the request with the provided Idempotency-Key."


@pytest.fixture
def quiet_client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("name", "status", "envelope"),
    [
        ("invalid-data", 400, {"type": "invalid_data", "message": "wrong"}),
        (
            "not-allowed",
            400,
            {
                "type": "not_allowed",
                "message": "forbidden by state",
                "shopper_message": "This can't be done now. Please load the page again to see where things stand.",
            },
        ),
        ("unauthorized", 401, {"type": "unauthorized", "message": "Invalid email or password"}),
        ("forbidden", 403, {"type": "forbidden", "message": "not you"}),
        ("not-found", 404, {"type": "not_found", "message": "Payment id not found: x"}),
        (
            "conflict",
            409,
            {
                "code": "invalid_state_error",
                "type": "conflict",
                "message": CONFLICT,
                "shopper_message": "We are still working on an earlier request. Please try again in a moment.",
            },
        ),
        (
            "cart-changed",
            409,
            {
                "code": "cart_changed",
                "type": "conflict",
                "message": "The cart has changed",
                "shopper_message": SHOPPER_TEXTS["cart_changed"],
            },
        ),
        (
            "outcome-unknown",
            409,
            {
                "code": "payment_outcome_unknown",
                "type": "conflict",
                "message": "Not known yet",
                "details": {"operation_id": "payop_1"},
                "shopper_message": SHOPPER_TEXTS["payment_outcome_unknown"],
            },
        ),
        (
            "duplicate",
            422,
            {"code": "invalid_request_error", "type": "duplicate_error", "message": "code is taken"},
        ),
        (
            "idempotency",
            422,
            {"code": "invalid_request_error", "type": "idempotency_error", "message": "Key used before"},
        ),
        (
            "declined",
            422,
            {
                "type": "payment_authorization_error",
                "message": "Declined",
                "shopper_message": (
                    "The payment was declined. You haven't been charged. You can try again, or pay another way."
                ),
            },
        ),
        (
            "throttled",
            429,
            {
                "code": "too_many_requests",
                "type": "not_allowed",
                "message": "Too many requests. Try again later.",
                "shopper_message": (
                    "You have tried this very often. Nothing was done now. Please wait a while before you try again."
                ),
            },
        ),
        (
            "not-reachable",
            503,
            {
                "type": "unexpected_state",
                "message": "Not reachable",
                "shopper_message": (
                    "This way to pay can't be reached just now. Please try again in a moment, or pay another way."
                ),
            },
        ),
        ("inside-transaction", 500, {"type": "unexpected_state", "message": "Call it after commit"}),
        ("http-404", 404, {"type": "not_found", "message": "Not found"}),
        (
            "permission-denied",
            403,
            {"type": "forbidden", "message": "You do not have permission to perform this action."},
        ),
        ("suspicious", 400, {"type": "invalid_data", "message": "The request was refused."}),
        ("too-big", 413, {"type": "invalid_data", "message": "The request body is larger than 100 kB."}),
        ("unreadable", 400, {"type": "invalid_data", "message": "The request body could not be read."}),
        ("drf-validation", 400, {"type": "invalid_data", "message": "is odd"}),
        (
            "database",
            500,
            {"code": "api_error", "type": "database_error", "message": "The database refused the request."},
        ),
        (
            "bug",
            500,
            {"code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred."},
        ),
    ],
)
def test_an_exception_becomes_its_status_and_envelope(
    quiet_client: Client, name: str, status: int, envelope: dict[str, Any]
) -> None:
    response = quiet_client.get(f"/echo/{name}")

    assert response.headers["content-type"] == "application/json"
    assert (response.status_code, response.json()) == (status, envelope)


def test_every_error_of_the_package_has_a_status_of_its_own() -> None:
    pending = [*PaymentsError.__subclasses__()]
    for error in pending:
        pending.extend(error.__subclasses__())

    assert [error for error in pending if not STATUS_CODES.keys() & {*error.__mro__} - {PaymentsError}] == []


@pytest.mark.parametrize(("name", "seconds"), [("conflict", "2"), ("not-reachable", "30"), ("throttled", "7")])
def test_what_is_known_about_the_wait_is_sent(client: Client, name: str, seconds: str) -> None:
    assert client.get(f"/echo/{name}").headers["retry-after"] == seconds


def test_no_wait_is_promised_when_none_is_known(client: Client) -> None:
    assert "retry-after" not in client.get("/echo/cart-changed").headers


@pytest.mark.parametrize("name", ["bug", "database"])
def test_a_fault_is_logged_with_its_place_but_not_its_message(
    quiet_client: Client, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    quiet_client.get(f"/echo/{name}")

    record = next(record for record in caplog.records if record.name == "medusa_payments.api.wire.exceptions")
    assert record.levelno == logging.ERROR
    assert "base_endpoints.py" in record.getMessage()
    assert type(ERRORS[name]).__name__ in record.getMessage()
    assert "4242" not in caplog.text


def test_an_error_raised_on_purpose_is_not_logged_as_a_fault(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/echo/not-reachable")

    assert not [record for record in caplog.records if record.name.startswith("medusa_payments")]


def test_the_test_client_and_error_trackers_see_a_fault(client: Client) -> None:
    with pytest.raises(ZeroDivisionError):
        client.get("/echo/bug")


def test_debug_propagate_exceptions_is_honoured(quiet_client: Client, settings: Any) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True

    with pytest.raises(ZeroDivisionError):
        quiet_client.get("/echo/bug")


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_method_that_is_not_offered(client: Client, language: str) -> None:
    with translation.override(language):
        response = client.put("/echo", content_type="application/json")

    assert response.status_code == 405
    assert response.json() == {"type": "not_allowed", "message": 'Method "PUT" not allowed.'}
    assert response.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("is_superuser", [True, False])
def test_a_method_that_is_not_offered_to_the_staff(client: Client, method: str, is_superuser: bool) -> None:
    client.force_login(User.objects.create_user("staff", is_staff=True, is_superuser=is_superuser))

    response = client.generic(method, "/admin/things")

    assert (response.status_code, response.json()["type"]) == (405, "not_allowed")


def test_nul_in_a_path_finds_nothing(client: Client) -> None:
    assert client.get("/echo/a%00b").status_code == 404


KEY_MISSING = (
    "Publishable API key required in the request header: x-publishable-api-key. "
    "You can manage your keys in settings in the dashboard."
)
KEY_INVALID = "A valid publishable key is required to proceed with the request"


@pytest.mark.django_db
class TestPublishableKey:
    @pytest.mark.parametrize("headers", [{}, {"x-publishable-api-key": ""}])
    def test_missing(self, client: Client, headers: dict[str, str]) -> None:
        response = client.get("/store/things", headers=headers)

        assert (response.status_code, response.json()) == (400, {"type": "not_allowed", "message": KEY_MISSING})

    @pytest.mark.parametrize("key", ["pk_nobody", "pk_\0", "pk_\xff", f"pk_{'0' * 8000}"])
    def test_unknown(self, client: Client, key: str) -> None:
        response = client.get("/store/things", headers={"x-publishable-api-key": key})

        assert (response.status_code, response.json()) == (400, {"type": "not_allowed", "message": KEY_INVALID})

    def test_revoked(self, client: Client) -> None:
        key = publishable_keys.create(title="Old", token="pk_old")
        publishable_keys.revoke(publishable_key_id=key.pk)

        response = client.get("/store/things", headers={"x-publishable-api-key": "pk_old"})

        assert (response.status_code, response.json()["message"]) == (400, KEY_INVALID)

    def test_valid(self, client: Client) -> None:
        publishable_keys.create(title="Shop", token="pk_shop")

        assert client.get("/store/things", headers={"x-publishable-api-key": "pk_shop"}).status_code == 200

    def test_broken_json_is_reported_before_a_missing_key(self, client: Client) -> None:
        response = client.post("/store/things", "{", content_type="application/json")

        assert response.json()["message"].startswith("The request body is not valid JSON")

    def test_optional_key_is_checked_when_sent(self, client: Client) -> None:
        assert client.get("/echo").status_code == 200
        assert client.get("/echo", headers={"x-publishable-api-key": "pk_nobody"}).json()["message"] == KEY_INVALID


@pytest.mark.django_db
class TestLogin:
    def test_a_guest_on_the_admin_api(self, client: Client) -> None:
        response = client.get("/admin/things")

        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})

    def test_a_wrong_token_on_the_admin_api(self, client: Client) -> None:
        response = client.get("/admin/things", headers={"authorization": "Bearer nonsense"})

        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})

    def test_a_customer_on_the_admin_api(self, client: Client) -> None:
        client.force_login(User.objects.create_user("customer"))

        response = client.get("/admin/things")

        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})

    def test_staff_need_the_permission_of_the_verb(self, client: Client) -> None:
        staff = User.objects.create_user("staff", is_staff=True)
        staff.user_permissions.add(Permission.objects.get(codename="view_payment"))
        client.force_login(staff)

        allowed = client.get("/admin/things")
        refused = client.post("/admin/things", content_type="application/json")

        assert allowed.json() == {"echo": {"actor_id": str(staff.pk)}}
        assert refused.status_code == 403
        assert refused.json() == {
            "type": "forbidden",
            "message": "The permission 'medusa_payments.capture_payment' is required",
        }

    def test_an_action_that_names_no_permission_is_closed_even_to_superusers(self, quiet_client: Client) -> None:
        quiet_client.force_login(User.objects.create_superuser("root"))

        assert quiet_client.get("/admin/things/1").status_code == 500

    def test_csrf_is_enforced_for_sessions(self) -> None:
        careful_client = Client(enforce_csrf_checks=True)
        careful_client.force_login(User.objects.create_superuser("root"))

        response = careful_client.post("/admin/things", content_type="application/json")

        assert (response.status_code, response.json()["type"]) == (403, "forbidden")

    def test_a_session_with_its_csrf_token_may_write(self) -> None:
        careful_client = Client(enforce_csrf_checks=True)
        careful_client.force_login(User.objects.create_superuser("root"))
        careful_client.cookies["csrftoken"] = "a" * 32

        response = careful_client.post(
            "/admin/things", "{}", content_type="application/json", headers={"x-csrftoken": "a" * 32}
        )

        assert response.status_code == 200

    @pytest.mark.parametrize("length", [32, 64])
    def test_a_list_is_no_csrf_token(self, length: int) -> None:
        careful_client = Client(enforce_csrf_checks=True)
        careful_client.force_login(User.objects.create_superuser("root"))
        careful_client.cookies["csrftoken"] = "a" * 32
        form = "&".join(["csrfmiddlewaretoken=a"] * length)

        response = careful_client.post("/admin/things", form, content_type="application/x-www-form-urlencoded")

        assert (response.status_code, response.json()["type"]) == (403, "forbidden")

    def test_a_session_without_its_csrf_token_is_a_guest_on_the_store_api(self) -> None:
        careful_client = Client(enforce_csrf_checks=True)
        careful_client.force_login(User.objects.create_user("customer"))

        response = careful_client.post("/echo", '{"name": "a"}', content_type="application/json")

        assert response.json()["customer_id"] == ""

    def test_an_unknown_method_tells_staff_what_is_offered_and_guests_nothing(self, client: Client) -> None:
        assert client.put("/admin/things").status_code == 401

        client.force_login(User.objects.create_user("staff", is_staff=True))
        assert client.put("/admin/things").status_code == 405

    def test_a_wrong_token_on_the_store_api_is_a_guest(self, client: Client) -> None:
        response = client.post(
            "/echo", {"name": "a"}, content_type="application/json", headers={"authorization": "Bearer nonsense"}
        )

        assert (response.status_code, response.json()["customer_id"]) == (200, "")

    def test_a_customer_on_the_store_api(self, client: Client) -> None:
        customer = User.objects.create_user("customer")
        client.force_login(customer)

        response = client.post("/echo", {"name": "a"}, content_type="application/json")

        assert response.json()["customer_id"] == str(customer.pk)
