"""The admin routes: what the back office of an unmodified client relies on."""

from collections.abc import Callable
from typing import Any

import pytest

from medusa_payments.models import Event
from medusa_payments.orders import OrderSnapshot
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine

Make = Callable[..., Any]

REASONS = "/admin/refund-reasons"
PROVIDERS = "/admin/payments/payment-providers"


@pytest.fixture
def order_collection(staff: ValidatedClient, settings: Any) -> str:
    """The path of a collection of an order."""
    resolver = {"ORDER_RESOLVER": lambda _order_id, _request=None: OrderSnapshot(currency_code="eur")}
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, **resolver}
    made = staff.post("/admin/payment-collections", {"order_id": "order_1", "amount": 20.5})
    return f"/admin/payment-collections/{made.json()['payment_collection']['id']}"


@pytest.fixture
def captured(payment: Make) -> str:
    """The path of a payment that was captured in full."""
    return f"/admin/payments/{payment(outcome='captured')['id']}"


@pytest.fixture
def reason(staff: ValidatedClient) -> Any:
    return staff.post(REASONS, {"label": "Damaged", "code": "damaged"}).json()["refund_reason"]


class TestCollections:
    def test_marking_as_paid_replaces_a_session_that_waits_for_the_shopper(
        self, staff: ValidatedClient, order_collection: str
    ) -> None:
        staff.post(f"{order_collection}/payment-sessions", {"provider_id": "pp_fake_fake"})

        paid = staff.post(f"{order_collection}/mark-as-paid", {"order_id": "order_1"}).json()["payment_collection"]

        assert (paid["status"], paid["captured_amount"]) == ("completed", 20.5)
        assert [each["provider_id"] for each in paid["payment_sessions"]] == ["pp_system_default"]

    @pytest.mark.parametrize("verb", ["mark-as-paid", "payment-sessions"])
    def test_no_region_limits_the_providers_of_an_order(
        self, staff: ValidatedClient, order_collection: str, settings: Any, verb: str
    ) -> None:
        settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "REGION_PROVIDERS": {"reg_eu": []}}
        body = {"provider_id": "pp_fake_fake"} | ({"order_id": "order_1"} if verb == "mark-as-paid" else {})

        assert staff.post(f"{order_collection}/{verb}", body).status_code == 200

    def test_a_collection_that_waits_for_its_provider_is_neither_marked_nor_deleted(
        self, staff: ValidatedClient, session: Make, storefront: ValidatedClient
    ) -> None:
        made = session(outcome="pending_authorization")
        collection = f"payment-collections/{made['payment_collection_id']}"
        storefront.post(f"/store/{collection}/payment-sessions/{made['id']}/authorize")

        answers = [
            staff.post(f"/admin/{collection}/mark-as-paid", {"order_id": "order_1"}),
            staff.delete(f"/admin/{collection}"),
        ]

        assert [(answer.status_code, answer.json()["message"]) for answer in answers] == [
            (400, "Can only mark 'not_paid' payment collection as paid"),
            (400, "Can only delete payment collections where status is not_paid"),
        ]


class TestPayments:
    def test_the_list_has_what_medusas_list_has(self, staff: ValidatedClient, captured: str, reason: Any) -> None:
        body = {"amount": 1.5, "refund_reason_id": reason["id"], "note": "Sorry"}
        whole = staff.post(f"{captured}/refund", body).json()["payment"]

        [listed] = staff.get("/admin/payments").json()["payments"]

        assert listed == whole
        keys = {"id", "currency_code", "amount", "captured_at", "payment_collection_id", "payment_session_id"}
        assert keys <= listed.keys()
        assert [each["amount"] for each in listed["captures"]] == [59.97]
        [refund] = listed["refunds"]
        assert (refund["amount"], refund["note"]) == (1.5, "Sorry")
        assert (refund["payment_id"], refund["refund_reason_id"]) == (whole["id"], reason["id"])
        shown = refund["refund_reason"]
        assert (shown["id"], shown["label"], shown["code"]) == (reason["id"], "Damaged", "damaged")

    def test_capture_and_refund_are_events(self, staff: ValidatedClient, payment: Make) -> None:
        made = payment()
        path = f"/admin/payments/{made['id']}"
        staff.post(f"{path}/capture", {"amount": 10})
        staff.post(f"{path}/capture", {"amount": 20})
        staff.post(f"{path}/refund", {"amount": 5})

        events = Event.objects.filter(name__in=["payment.captured", "payment.refunded"]).order_by("number")

        assert [event.name for event in events] == ["payment.captured", "payment.captured", "payment.refunded"]
        assert {event.data["payment_id"] for event in events} == {made["id"]}

    @pytest.mark.parametrize(("verb", "total"), [("capture", "captured_amount"), ("refund", "refunded_amount")])
    def test_the_body_is_optional(self, staff: ValidatedClient, payment: Make, verb: str, total: str) -> None:
        outcome = "captured" if verb == "refund" else "authorized"

        response = staff.generic("POST", f"/admin/payments/{payment(outcome=outcome)['id']}/{verb}")

        assert (response.status_code, response.json()["payment"][total]) == (200, 59.97)

    @pytest.mark.parametrize("field", ["refund_reason_id", "note"])
    def test_a_refund_takes_no_null(self, staff: ValidatedClient, captured: str, field: str) -> None:
        response = staff.post(f"{captured}/refund", {"amount": 1, field: None})

        assert (response.status_code, response.json()["message"]) == (
            400,
            f"Invalid request: Expected type: 'string' for field '{field}', got: 'null'",
        )
        assert staff.get(captured).json()["payment"]["refunds"] == []

    def test_an_unknown_payment_is_named_before_an_unknown_reason(self, staff: ValidatedClient) -> None:
        body = {"amount": 1, "refund_reason_id": "refr_unknown"}

        response = staff.post("/admin/payments/pay_unknown/refund", body)

        assert (response.status_code, response.json()["message"]) == (404, "Payment id not found: pay_unknown")

    def test_an_amount_that_is_too_much_is_named_before_an_unknown_reason(
        self, staff: ValidatedClient, captured: str
    ) -> None:
        too_much = staff.post(f"{captured}/refund", {"amount": 60, "refund_reason_id": "refr_unknown"})
        unknown = staff.post(f"{captured}/refund", {"amount": 1, "refund_reason_id": "refr_unknown"})

        assert (too_much.status_code, too_much.json()["type"]) == (400, "invalid_data")
        assert (unknown.status_code, unknown.json()["message"]) == (404, "RefundReason id not found: refr_unknown")

    def test_refunds_together_stay_within_what_was_captured(self, staff: ValidatedClient, payment: Make) -> None:
        path = f"/admin/payments/{payment()['id']}"
        staff.post(f"{path}/capture", {"amount": 30})
        staff.post(f"{path}/refund", {"amount": 29.99})

        refused = staff.post(f"{path}/refund", {"amount": 0.02})
        staff.post(f"{path}/refund", {"amount": 0.01})
        all_of_nothing = staff.post(f"{path}/refund")

        assert (refused.status_code, refused.json()["type"]) == (400, "invalid_data")
        assert (all_of_nothing.status_code, all_of_nothing.json()["message"]) == (
            400,
            "You cannot refund more than what is captured on the payment.",
        )
        document = staff.get(path).json()["payment"]
        assert [each["amount"] for each in document["refunds"]] == [29.99, 0.01]


class TestProviders:
    def test_the_page(self, staff: ValidatedClient) -> None:
        document = staff.get(PROVIDERS).json()

        assert (document["count"], document["offset"], document["limit"]) == (5, 0, 20)
        assert {frozenset(each) for each in document["payment_providers"]} == {frozenset({"id", "is_enabled"})}

    @pytest.mark.parametrize(("is_enabled", "found"), [("true", ["pp_fake_fake"]), ("false", [])])
    def test_conditions_that_all_hold(self, staff: ValidatedClient, is_enabled: str, found: list[str]) -> None:
        query = f"$and[0][id]=pp_fake_fake&$and[1][is_enabled]={is_enabled}"

        document = staff.get(f"{PROVIDERS}?{query}").json()

        assert [each["id"] for each in document["payment_providers"]] == found


class TestRefundReasons:
    def test_the_document(self, reason: Any) -> None:
        fields = {"id", "label", "code", "description", "created_at", "updated_at", "deleted_at"}
        assert fields <= reason.keys()

    def test_an_update_of_nothing_changes_nothing(self, staff: ValidatedClient, reason: Any) -> None:
        answer = staff.post(f"{REASONS}/{reason['id']}", {})

        assert answer.status_code == 200
        kept = ("id", "label", "code", "description", "created_at")
        assert [answer.json()["refund_reason"][name] for name in kept] == [reason[name] for name in kept]

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"metadata": {}}, "Unrecognized fields: 'metadata'"),
            ({"label": None}, "Expected type: 'string' for field 'label', got: 'null'"),
            ({"code": 7}, "Expected type: 'string' for field 'code', got: '7'"),
        ],
    )
    def test_an_update_is_strict(self, staff: ValidatedClient, reason: Any, body: dict[str, Any], message: str) -> None:
        response = staff.post(f"{REASONS}/{reason['id']}", body)

        assert (response.status_code, response.json()["message"]) == (400, f"Invalid request: {message}")
        assert staff.get(f"{REASONS}/{reason['id']}").json()["refund_reason"] == reason

    def test_one_reason_takes_the_paging_of_a_list(self, staff: ValidatedClient, reason: Any) -> None:
        """Medusa's documents have it there, so clients may send it; it changes nothing."""
        paging = "limit=0&offset=5&order=-label&with_deleted=true"

        made = staff.post(f"{REASONS}?{paging}", {"label": "Late", "code": "late"})
        read = staff.get(f"{REASONS}/{reason['id']}?{paging}&fields=label")
        gone = staff.delete(f"{REASONS}/{reason['id']}?{paging}&fields=label")

        assert made.json()["refund_reason"]["code"] == "late"
        assert read.json() == {"refund_reason": {"id": reason["id"], "label": reason["label"]}}
        assert gone.json() == {"id": reason["id"], "object": "refund_reason", "deleted": True}
        assert staff.get(f"{REASONS}/{made.json()['refund_reason']['id']}?offset=x").status_code == 400

    def test_the_list_is_in_the_order_of_its_ids(self, staff: ValidatedClient) -> None:
        for code in ("c", "a", "b"):
            staff.post(REASONS, {"label": code, "code": code})

        ids = [each["id"] for each in staff.get(REASONS).json()["refund_reasons"]]

        assert ids == sorted(ids)
        assert len(ids) == 3
