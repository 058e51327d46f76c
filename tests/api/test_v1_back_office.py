"""A v1 back office: payment collections and payments of the staff."""

from collections.abc import Callable
from typing import Any

import pytest

from medusa_payments.conf import payments_settings
from medusa_payments.models import Event, Payment, PaymentCollection, Refund
from medusa_payments.services import captures, payment_collections, refund_reasons
from medusa_payments.testing.fake_provider import FakeProvider
from tests.api.openapi import ValidatedClient

pytestmark = pytest.mark.any_engine

Make = Callable[..., Any]


@pytest.fixture
def path(collection: Make) -> str:
    return f"/v1/admin/payment-collections/{collection()['id']}"


@pytest.fixture
def captured(payment: Make) -> str:
    """The path of a payment of 59.97 EUR that was captured."""
    made = payment()
    captures.capture(payment_id=made["id"])
    return f"/v1/admin/payments/{made['id']}"


class TestCollections:
    def test_get(self, staff: ValidatedClient, payment: Make) -> None:
        made = payment()
        document = staff.get(f"/v1/admin/payment-collections/{made['payment_collection_id']}").json()
        shown = document["payment_collection"]
        assert shown.keys() == {
            "id",
            "type",
            "status",
            "description",
            "amount",
            "authorized_amount",
            "refunding_amount",
            "refundable_amount",
            "region",
            "currency_code",
            "currency",
            "metadata",
            "payment_sessions",
            "payments",
        }
        assert (shown["authorized_amount"], [each["id"] for each in shown["payments"]]) == (5997, [made["id"]])

    def test_update(self, staff: ValidatedClient, path: str) -> None:
        staff.post(path, {"description": "Two shirts", "metadata": {"a": 1, "b": {"c": []}}})
        answer = staff.post(path, {"metadata": {"a": "", "d": None}})

        document = answer.json()["payment_collection"]
        assert (answer.status_code, document["description"]) == (200, "Two shirts")
        assert document["metadata"] == {"b": {"c": []}, "d": None}
        changes = [event.data["changed"] for event in Event.objects.filter(name="payment_collection.updated")]
        assert changes == [["description", "metadata"], ["metadata"]]

    def test_update_of_nothing(self, staff: ValidatedClient, path: str) -> None:
        assert staff.post(path, {}).json()["payment_collection"]["description"] is None

    def test_null_empties_what_was_noted(self, staff: ValidatedClient, path: str) -> None:
        staff.post(path, {"description": "Two shirts", "metadata": {"a": 1}})
        for name in ("description", "metadata"):
            answer = staff.post(path, {name: None})
            assert (answer.status_code, answer.json()["payment_collection"][name]) == (200, None)
        assert staff.get(path).json()["payment_collection"]["description"] is None

    def test_delete(self, staff: ValidatedClient, path: str) -> None:
        collection_id = path.rpartition("/")[2]
        for _ in range(2):
            answer = staff.delete(path)
            assert answer.json() == {"id": collection_id, "object": "payment_collection", "deleted": True}
        answer = staff.get(path)
        assert (answer.status_code, answer.json()["message"]) == (
            404,
            f"Payment collection with id {collection_id} was not found",
        )

    def test_delete_of_a_canceled_one(self, staff: ValidatedClient, path: str) -> None:
        payment_collections.cancel(payment_collection_id=path.rpartition("/")[2])
        assert staff.delete(path).status_code == 200

    def test_delete_of_a_paid_one(self, staff: ValidatedClient, payment: Make) -> None:
        answer = staff.delete(f"/v1/admin/payment-collections/{payment()['payment_collection_id']}")
        assert (answer.status_code, answer.json()) == (
            400,
            {"type": "not_allowed", "message": "Cannot delete payment collection with status authorized"},
        )

    def test_mark_as_authorized(self, staff: ValidatedClient, path: str, fake_provider: FakeProvider) -> None:
        for _ in range(2):
            document = staff.post(f"{path}/authorize").json()["payment_collection"]
            assert (document["status"], document["authorized_amount"]) == ("authorized", 5997)

        (payment,) = staff.get(path).json()["payment_collection"]["payments"]
        assert (payment["provider_id"], payment["amount"], payment["captured_at"]) == ("manual", 5997, None)
        assert PaymentCollection.objects.get().captured_amount == 0
        assert fake_provider.ledger_entries() == []

    @pytest.mark.parametrize("moment", [1, 2])
    def test_two_mark_it_at_once(self, staff: ValidatedClient, path: str, settings: Any, moment: int) -> None:
        """The second one comes while the first one asks for the cart, the first or the second time."""
        answers, resolve_cart, looks = [], payments_settings.hook("CART_RESOLVER"), iter(range(1, 100))

        def resolve_and_be_overtaken(cart_id: str, request: object) -> Any:
            if next(looks) == moment:
                answers.append(staff.post(f"{path}/authorize"))
            return resolve_cart(cart_id, request)

        settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "CART_RESOLVER": resolve_and_be_overtaken}
        answers.append(staff.post(f"{path}/authorize"))

        shown = [(each.status_code, each.json()["payment_collection"]["status"]) for each in answers]
        assert shown == [(200, "authorized")] * 2
        assert Payment.objects.count() == 1

    def test_mark_the_rest_of_a_split_one(self, staff: ValidatedClient, path: str) -> None:
        store = path.replace("/admin/", "/store/")
        parts = [{"provider_id": "fake_fake", "amount": 3997}, {"provider_id": "fake_fake", "amount": 2000}]
        made = staff.post(f"{store}/sessions/batch", {"sessions": parts}).json()["payment_collection"]
        first = made["payment_sessions"][0]["id"]
        staff.post(f"{store}/sessions/{first}/authorize")

        assert staff.post(f"{path}/authorize").json()["payment_collection"]["status"] == "authorized"

        document = staff.get(path).json()["payment_collection"]
        shown = [(each["provider_id"], each["amount"]) for each in document["payments"]]
        assert shown == [("fake_fake", 3997), ("manual", 2000)]

    def test_mark_a_free_one(self, staff: ValidatedClient, collection: Make) -> None:
        answer = staff.post(f"/v1/admin/payment-collections/{collection('0')['id']}/authorize")
        assert (answer.status_code, answer.json()["payment_collection"]["status"]) == (200, "authorized")

    def test_mark_a_canceled_one(self, staff: ValidatedClient, path: str) -> None:
        payment_collections.cancel(payment_collection_id=path.rpartition("/")[2])
        assert staff.post(f"{path}/authorize").status_code == 400

    @pytest.mark.parametrize(("method", "verb"), [("get", ""), ("post", ""), ("post", "/authorize")])
    def test_unknown(self, staff: ValidatedClient, method: str, verb: str) -> None:
        answer = getattr(staff, method)(f"/v1/admin/payment-collections/pay_col_1{verb}")
        assert answer.json() == {"type": "not_found", "message": "Payment collection with id pay_col_1 was not found"}


class TestPayments:
    def test_get_and_capture(self, staff: ValidatedClient, payment: Make) -> None:
        made = payment()
        path = f"/v1/admin/payments/{made['id']}"

        document = staff.get(path).json()["payment"]

        assert document.pop("data").keys() == made["data"].keys()
        assert document.pop("created_at") == made["created_at"]
        assert document.pop("updated_at") == made["updated_at"]
        assert document == {
            "id": made["id"],
            "swap_id": None,
            "cart_id": "cart_1",
            "order_id": None,
            "amount": 5997,
            "currency_code": "eur",
            "amount_refunded": 0,
            "refunding_amount": 0,
            "refundable_amount": 0,
            "refunds": [],
            "provider_id": "fake_fake",
            "captured_at": None,
            "canceled_at": None,
            "metadata": None,
            "idempotency_key": None,
        }
        times = [staff.post(f"{path}/capture").json()["payment"]["captured_at"] for _ in range(2)]
        assert times[0] is not None
        assert times[0] == times[1]
        assert staff.get(f"{path}?fields=amount").json()["payment"] == {"id": made["id"], "amount": 5997}

    def test_refund(self, staff: ValidatedClient, captured: str) -> None:
        answer = staff.post(f"{captured}/refund", {"amount": 1000, "reason": "return", "note": "Sorry"})

        document = answer.json()["refund"]
        line = Refund.objects.get()
        assert answer.status_code == 200
        assert document.pop("created_at") <= document.pop("updated_at")
        assert document == {
            "id": line.pk,
            "order_id": None,
            "payment_id": line.payment_id,
            "amount": 1000,
            "failed_amount": 0,
            "status": "succeeded",
            "note": "Sorry",
            "reason": "return",
            "metadata": None,
            "idempotency_key": None,
        }
        assert (line.amount, line.metadata, line.refund_reason) == (1000, {"reason": "return"}, None)
        assert staff.get(captured).json()["payment"]["amount_refunded"] == 1000

    def test_no_note_is_as_good_as_none(self, staff: ValidatedClient, captured: str) -> None:
        answer = staff.post(f"{captured}/refund", {"amount": 1000, "reason": "return", "note": None})
        assert (answer.status_code, answer.json()["refund"]["note"]) == (200, None)

    def test_the_shops_own_reason_of_that_code(self, staff: ValidatedClient, captured: str) -> None:
        reason = refund_reasons.create(label="Claim", code="claim")
        staff.post(f"{captured}/refund", {"amount": 1000, "reason": "claim"})
        assert Refund.objects.get().refund_reason_id == reason.pk

    def test_a_key_is_one_refund(self, staff: ValidatedClient, captured: str) -> None:
        body, headers = {"amount": 1000, "reason": "other"}, {"Idempotency-Key": "k1"}
        ids = {staff.post(f"{captured}/refund", body, headers=headers).json()["refund"]["id"] for _ in range(2)}
        assert len(ids) == 1
        changed = staff.post(f"{captured}/refund", body | {"reason": "swap"}, headers=headers)
        assert (changed.status_code, changed.json()["type"]) == (422, "idempotency_error")

    @pytest.mark.parametrize("there_at_first", [True, False])
    def test_a_key_is_one_refund_whatever_becomes_of_the_shops_reasons(
        self, staff: ValidatedClient, captured: str, there_at_first: bool
    ) -> None:
        body, headers = {"amount": 1000, "reason": "claim"}, {"Idempotency-Key": "k1"}
        if there_at_first:
            reason = refund_reasons.create(label="Claim", code="claim")
        first = staff.post(f"{captured}/refund", body, headers=headers)
        if there_at_first:
            refund_reasons.delete(refund_reason_id=reason.pk)
        else:
            refund_reasons.create(label="Claim", code="claim")

        again = staff.post(f"{captured}/refund", body, headers=headers)

        assert (again.status_code, again.json()) == (200, first.json())
        assert Refund.objects.count() == 1

    def test_one_that_is_only_accepted(self, staff: ValidatedClient, payment: Make) -> None:
        made = payment(on="refund", outcome="pending")
        captures.capture(payment_id=made["id"])
        answer = staff.post(f"/v1/admin/payments/{made['id']}/refund", {"amount": 1000, "reason": "other"})
        document = answer.json()["refund"]
        assert (answer.status_code, document["id"][:4], document["amount"]) == (200, "ref_", 1000)
        assert document["status"] == "pending"
        shown = staff.get(f"/v1/admin/payments/{made['id']}").json()["payment"]
        assert (shown["amount_refunded"], shown["refunding_amount"], shown["refundable_amount"]) == (0, 1000, 4997)
        assert shown["refunds"] == [document]

    @pytest.mark.parametrize(("code", "reason"), [("claim", "claim"), ("late", "other"), (None, "other")])
    def test_one_whose_answer_v2_never_got(
        self, staff: ValidatedClient, payment: Make, code: str | None, reason: str
    ) -> None:
        """Who asks for something else waits until it is found out; it is shown with the nearest of v1's reasons."""
        made = payment(on="refund", outcome="timeout_after")
        captures.capture(payment_id=made["id"])
        named = {"refund_reason_id": refund_reasons.create(label="Why", code=code).pk} if code else {}
        v2, v1 = f"/admin/payments/{made['id']}", f"/v1/admin/payments/{made['id']}"
        assert staff.post(f"{v2}/refund", {"amount": 10} | named).status_code == 409

        other = staff.post(f"{v1}/refund", {"amount": 1000, "reason": "return"})
        assert (other.status_code, other.json()["code"]) == (409, "payment_outcome_unknown")

        assert staff.post(f"{v2}/refund", {"amount": 10} | named).status_code == 200
        (document,) = staff.get(v1).json()["payment"]["refunds"]
        assert (document["id"], document["amount"], document["reason"]) == (Refund.objects.get().pk, 1000, reason)

    def test_too_much(self, staff: ValidatedClient, captured: str) -> None:
        payment_id = captured.rpartition("/")[2]
        staff.post(f"{captured}/refund", {"amount": 1000, "reason": "other"})
        answer = staff.post(f"{captured}/refund", {"amount": 4998, "reason": "other"})
        assert answer.status_code == 400
        assert answer.json()["type"] == "not_allowed"
        assert answer.json()["message"] == f"Only 4997 can be refunded from Payment {payment_id}"

    def test_not_captured(self, staff: ValidatedClient, payment: Make) -> None:
        made = payment()
        answer = staff.post(f"/v1/admin/payments/{made['id']}/refund", {"amount": 1, "reason": "other"})
        assert (answer.status_code, answer.json()["message"]) == (400, f"Payment {made['id']} is not captured")

    def test_a_shop_that_requires_a_key(self, staff: ValidatedClient, captured: str, settings: Any) -> None:
        settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "REQUIRE_IDEMPOTENCY_KEY_FOR_REFUNDS": True}
        body = {"amount": 1000, "reason": "other"}
        assert staff.post(f"{captured}/refund", body).status_code == 400
        assert staff.post(f"{captured}/refund", body, headers={"Idempotency-Key": "k"}).status_code == 200

    @pytest.mark.parametrize(("method", "verb"), [("get", ""), ("post", "/capture"), ("post", "/refund")])
    def test_unknown(self, staff: ValidatedClient, method: str, verb: str) -> None:
        body = [{"amount": 1, "reason": "other"}] if verb == "/refund" else []
        answer = getattr(staff, method)(f"/v1/admin/payments/pay_1{verb}", *body)
        assert (answer.status_code, answer.json()) == (
            404,
            {"type": "not_found", "message": "Payment with id pay_1 was not found"},
        )


class TestRefundingACollectionInV2Shape:
    @pytest.fixture
    def paid(self, storefront: ValidatedClient, collection: Make) -> str:
        """The path of a collection whose 59.97 EUR were paid with two sessions, and captured."""
        store = f"/store/payment-collections/{collection()['id']}"
        parts = [{"provider_id": "pp_fake_fake", "amount": 39.97}, {"provider_id": "pp_system_default", "amount": 20}]
        answer = storefront.post(f"{store}/payment-sessions/batch", {"sessions": parts})
        document = answer.json()["payment_collection"]
        assert [each["amount"] for each in document["payment_sessions"]] == [39.97, 20]
        for session in document["payment_sessions"]:
            answer = storefront.post(f"{store}/payment-sessions/{session['id']}/authorize")
        for payment in answer.json()["payment_collection"]["payments"]:
            captures.capture(payment_id=payment["id"])
        return store.replace("/store/", "/admin/")

    def test_in_order(self, staff: ValidatedClient, paid: str) -> None:
        answer = staff.post(f"{paid}/refund", {"amount": 45, "strategy": "in_order", "note": "Sorry"})
        document = answer.json()["payment_collection"]
        assert (answer.status_code, document["refunded_amount"]) == (200, 45)
        assert [each["refunded_amount"] for each in document["payments"]] == [39.97, 5.03]

    def test_proportional_and_with_a_key_once(self, staff: ValidatedClient, paid: str) -> None:
        for _ in range(2):
            answer = staff.post(f"{paid}/refund", {"amount": 10}, headers={"Idempotency-Key": "k1"})
        document = answer.json()["payment_collection"]
        assert [each["refunded_amount"] for each in document["payments"]] == [6.66, 3.34]
        assert sum(line.amount for line in Refund.objects.all()) == 1000

    def test_all_of_it(self, staff: ValidatedClient, paid: str) -> None:
        assert staff.post(f"{paid}/refund").json()["payment_collection"]["refunded_amount"] == 59.97
        assert sum(line.amount for line in Refund.objects.all()) == 5997
        answer = staff.post(f"{paid}/refund")
        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")

    def test_unknown(self, staff: ValidatedClient) -> None:
        answer = staff.post("/admin/payment-collections/pay_col_1/refund")
        assert (answer.status_code, answer.json()["message"]) == (404, "PaymentCollection id not found: pay_col_1")
