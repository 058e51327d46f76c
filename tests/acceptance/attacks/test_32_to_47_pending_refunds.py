"""Scenario 39: a refund stays pending for days. Every document shows it, under the id that it keeps."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import InvalidData, PaymentAuthorizationError, PaymentOutcomeUnknown, PaymentsError
from medusa_payments.models import Event, Operation, Payment, Refund
from medusa_payments.providers.facts import RefundState
from medusa_payments.providers.registry import providers
from medusa_payments.services import (
    captures,
    collection_refunds,
    decisions,
    publishable_keys,
    refund_reasons,
    refunds,
    webhooks,
)
from medusa_payments.services.decisions import Verdict
from medusa_payments.testing.fake_provider import FakeProvider
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.api.openapi import OpenAPI, ValidatedClient
from tests.audit import differences, recover
from tests.scripted import Script, answer_lost, authorize, declined, lost, run_out, unavailable
from tests.till import Till

pytestmark = pytest.mark.django_db

Document = dict[str, Any]


@pytest.fixture(scope="module")
def openapi() -> OpenAPI:
    return OpenAPI.of_the_demo()


@pytest.fixture
def staff(openapi: OpenAPI, till: Till) -> ValidatedClient:
    client = ValidatedClient(openapi)
    client.force_authenticate(User.objects.create_superuser("staff"))
    return client


@pytest.fixture
def pending(till: Till) -> Payment:
    """100 EUR captured, 40 of them on their way back."""
    payment = till.captured(on="refund", outcome="pending")
    return refunds.refund(payment_id=payment.pk, amount=Decimal(40), note="Sorry")


@pytest.fixture
def shown(staff: ValidatedClient) -> Callable[[Payment], Document]:
    return lambda payment: staff.get(f"/admin/payments/{payment.pk}").json()["payment"]


def settle(provider: FakeProvider, payment: Payment, state: RefundState) -> None:
    """The bank decides; no webhook arrives."""
    provider.dashboard.settle_refund(provider.dashboard.refund_refs(payment.provider_ref)[0], state)
    assert recover() == 0


def rest_on_medusas_dashboard(payment: Document) -> float:
    """What Medusa's dashboard offers to refund: it adds up all rows, whatever their status."""
    captured = sum(row["amount"] for row in payment["captures"])
    return captured - sum(row["amount"] for row in payment["refunds"])


def statuses(payment: Document) -> list[tuple[str, float, float]]:
    return [(row["status"], row["amount"], row["failed_amount"]) for row in payment["refunds"]]


def totals(document: Document) -> tuple[float, float, float]:
    return document["refunded_amount"], document["refunding_amount"], document["refundable_amount"]


def test_39_a_pending_refund_is_in_every_document(staff: ValidatedClient, pending: Payment) -> None:
    refund_id = Operation.objects.get(kind="refund").line_id
    publishable_keys.create(title="Storefront", token="pk_test")
    collection_id = pending.payment_collection_id
    key = {"x-publishable-api-key": "pk_test"}
    v2 = {
        f"/admin/payments/{pending.pk}": lambda body: body["payment"],
        "/admin/payments": lambda body: body["payments"][0],
        f"/admin/payment-collections/{collection_id}": lambda body: body["payment_collection"]["payments"][0],
        f"/store/payment-collections/{collection_id}": lambda body: body["payment_collection"]["payments"][0],
    }
    for path, payment_of in v2.items():
        payment = payment_of(staff.get(path, headers=key).json())
        assert totals(payment) == (0, 40, 60), path
        assert [row["id"] for row in payment["refunds"]] == [refund_id], path
        assert statuses(payment) == [("pending", 40, 0)], path
        assert (payment["refunds"][0]["note"], payment["refunds"][0]["raw_amount"]["value"]) == ("Sorry", "40")
    for path in v2.keys() & {each for each in v2 if "collections" in each}:
        assert totals(staff.get(path, headers=key).json()["payment_collection"]) == (0, 40, 60), path

    collection = staff.get(f"/v1/admin/payment-collections/{collection_id}").json()["payment_collection"]
    payment = staff.get(f"/v1/admin/payments/{pending.pk}").json()["payment"]
    assert (collection["refunding_amount"], collection["refundable_amount"]) == (4000, 6000)
    for shown in (payment, collection["payments"][0]):
        assert (shown["amount_refunded"], shown["refunding_amount"], shown["refundable_amount"]) == (0, 4000, 6000)
        assert [(row["id"], row["status"], row["amount"]) for row in shown["refunds"]] == [(refund_id, "pending", 4000)]


def test_39_a_pending_refund_is_not_given_twice(staff: ValidatedClient, pending: Payment, moved: Any) -> None:
    path = f"/admin/payments/{pending.pk}/refund"

    assert staff.post(path, {"amount": 61}).status_code == 400
    payment = staff.post(path).json()["payment"]

    assert totals(payment) == (0, 100, 0)
    assert statuses(payment) == [("pending", 40, 0), ("pending", 60, 0)]
    assert moved("refund") == [4000, 6000]
    assert staff.post(path).status_code == 400


def test_39_its_failure_frees_the_amount_and_stays_visible(
    staff: ValidatedClient, pending: Payment, shown: Any, fake_provider: FakeProvider
) -> None:
    refund_id = shown(pending)["refunds"][0]["id"]

    settle(fake_provider, pending, RefundState.FAILED)

    payment = shown(pending)
    assert totals(payment) == (0, 0, 100)
    assert statuses(payment) == [("failed", 0, 40)]
    assert payment["refunds"][0]["raw_amount"] == {"value": "0", "precision": 20}
    assert (payment["refunds"][0]["id"], payment["refunds"][0]["note"]) == (refund_id, "Sorry")
    assert staff.post(f"/admin/payments/{pending.pk}/refund").json()["payment"]["refunding_amount"] == 100
    assert differences(fake_provider) == []


def test_39_its_end_is_found_without_a_webhook(pending: Payment, shown: Any, fake_provider: FakeProvider) -> None:
    before = shown(pending)["refunds"][0]

    settle(fake_provider, pending, RefundState.SUCCEEDED)

    after = shown(pending)
    assert totals(after) == (40, 0, 60)
    assert statuses(after) == [("succeeded", 40, 0)]
    assert Refund.objects.get().pk == before["id"] == after["refunds"][0]["id"]
    assert after["refunds"][0]["created_at"] == before["created_at"]
    assert after["refunds"][0]["updated_at"] > before["updated_at"]


def test_39_medusas_dashboard_computes_the_right_rest(
    pending: Payment, shown: Any, fake_provider: FakeProvider
) -> None:
    def rest() -> float:
        payment = shown(pending)
        assert payment["refundable_amount"] == rest_on_medusas_dashboard(payment)
        return rest_on_medusas_dashboard(payment)

    assert rest() == 60
    settle(fake_provider, pending, RefundState.SUCCEEDED)
    assert rest() == 60
    fake_provider.dashboard.settle_refund(
        fake_provider.dashboard.refund_refs(pending.provider_ref)[0], RefundState.FAILED
    )
    for body, headers in fake_provider.webhooks():
        webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
    assert rest() == 100
    assert statuses(shown(pending)) == [("failed", 0, 40)]


def test_39_a_booked_refund_that_fails_later_keeps_its_id(
    pending: Payment, shown: Any, fake_provider: FakeProvider
) -> None:
    refund_id = shown(pending)["refunds"][0]["id"]
    settle(fake_provider, pending, RefundState.SUCCEEDED)
    fake_provider.dashboard.settle_refund(
        fake_provider.dashboard.refund_refs(pending.provider_ref)[0], RefundState.FAILED
    )
    for body, headers in fake_provider.webhooks():
        webhooks.receive(provider_id="fake_fake", body=body, headers=headers)

    assert [(row["id"], row["status"]) for row in shown(pending)["refunds"]] == [(refund_id, "failed")]


def test_39_signals_name_the_refund_from_acceptance_on(pending: Payment, fake_provider: FakeProvider) -> None:
    settle(fake_provider, pending, RefundState.FAILED)

    told = Event.objects.filter(name__in=["refund.accepted", "refund.failed"]).order_by("number")
    line_id = Operation.objects.get(kind="refund").line_id
    assert [(event.name, event.data["refund_id"]) for event in told] == [
        ("refund.accepted", line_id),
        ("refund.failed", line_id),
    ]


def test_39_a_provider_that_reports_no_keys_books_the_refund_once(
    till: Till, configure: Any, shown: Any, fake_provider: FakeProvider
) -> None:
    configure("pp_fake_fake", "Keyless")
    payment = till.captured(on="refund", outcome="pending")
    refunds.refund(payment_id=payment.pk, amount=Decimal(40))

    assert recover() == 0
    assert statuses(shown(payment)) == [("pending", 40, 0)]
    settle(fake_provider, payment, RefundState.SUCCEEDED)
    assert statuses(shown(payment)) == [("succeeded", 40, 0)]
    assert totals(shown(payment)) == (40, 0, 60)


@pytest.mark.parametrize("answer", [declined, unavailable], ids=["declined", "nothing sent"])
def test_39_a_request_refused_at_once_is_no_refund(till: Till, script: Script, shown: Any, answer: Any) -> None:
    payment = till.captured()
    script["refund"] = answer
    with pytest.raises(PaymentsError):
        refunds.refund(payment_id=payment.pk, amount=Decimal(40))

    assert shown(payment)["refunds"] == []
    assert totals(shown(payment)) == (0, 0, 100)


def test_39_a_refund_whose_answer_was_lost_is_pending_and_then_what_became_of_it(
    till: Till, script: Script, shown: Any
) -> None:
    payment = till.captured()
    script["refund"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(40))
    (before,) = shown(payment)["refunds"]
    assert (before["status"], before["amount"]) == ("pending", 40)

    assert recover() == 0

    (after,) = shown(payment)["refunds"]
    assert (after["id"], after["status"]) == (before["id"], "succeeded")


def test_39_a_refund_that_was_shown_and_never_executed_is_failed(till: Till, script: Script, shown: Any) -> None:
    payment = till.captured()
    script["refund"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(40))

    assert recover() == 0

    assert statuses(shown(payment)) == [("failed", 0, 40)]
    assert totals(shown(payment)) == (0, 0, 100)


def test_39_an_enqueued_refund_is_pending_and_its_refusal_is_visible(till: Till, script: Script, shown: Any) -> None:
    """Nobody waits for its answer."""
    payment = till.captured()
    operation = refunds.enqueue_refund(payment_id=payment.pk, amount=Decimal(40))
    assert operation is not None
    assert [row["id"] for row in shown(payment)["refunds"]] == [operation.line_id]
    assert statuses(shown(payment)) == [("pending", 40, 0)]

    script["refund"] = declined
    assert recover() == 0

    assert statuses(shown(payment)) == [("failed", 0, 40)]


def test_39_one_that_is_booked_while_a_document_is_made_is_in_it_once(till: Till, script: Script, shown: Any) -> None:
    payment = till.captured()
    script["refund"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(40))
    looked: list[str] = []

    def meanwhile(execute: Any, sql: str, *rest: Any) -> Any:
        if f'FROM "{Refund._meta.db_table}"' in sql and not looked:
            looked.append(sql)
            comparing.look_at(payment.payment_session_id)
        return execute(sql, *rest)

    with connection.execute_wrapper(meanwhile):
        assert statuses(shown(payment)) == [("succeeded", 40, 0)]
    assert looked


class TestWhatCouldBeRefundedNow:
    def offered(self, shown: Any, payment: Payment) -> Decimal:
        """What the document offers, proven by asking for a cent more and for exactly that."""
        offered = Decimal(str(shown(payment)["refundable_amount"]))
        with pytest.raises(PaymentsError):
            refunds.refund(payment_id=payment.pk, amount=offered + Decimal("0.01"))
        if offered:
            refunds.refund(payment_id=payment.pk, amount=offered)
        return offered

    def test_39_nothing_of_a_frozen_payment(self, pending: Payment, shown: Any, staff: ValidatedClient) -> None:
        Payment.objects.filter(pk=pending.pk).update(frozen_at=pending.created_at)
        assert self.offered(shown, pending) == 0
        path = f"/admin/payment-collections/{pending.payment_collection_id}"
        assert totals(staff.get(path).json()["payment_collection"]) == (0, 40, 0)

    def test_39_all_or_nothing_of_what_was_captured(
        self, till: Till, script: Script, shown: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payment = till.authorized()
        captures.capture(payment_id=payment.pk, amount=Decimal(60))
        whole = replace(providers[payment.provider_id].capabilities, supports_partial_refund=False)
        monkeypatch.setattr(providers[payment.provider_id], "capabilities", whole)
        assert self.offered(shown, payment) == 60

    @pytest.mark.fake_only("Stripe refunds nothing of a charge that is disputed in part")
    def test_39_not_what_is_disputed(self, pending: Payment, shown: Any, fake_provider: FakeProvider) -> None:
        fake_provider.dashboard.open_dispute(pending.provider_ref, 2500)
        for body, headers in fake_provider.webhooks():
            webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        assert self.offered(shown, pending) == 35

    def test_39_stripe_says_no_to_the_rest_of_a_disputed_charge(
        self, till: Till, shown: Any, stripe_twin: StripeTwin
    ) -> None:
        """It is refused, and nothing stays in flight."""
        session = till.session("pp_stripe_stripe")
        stripe_twin.dashboard.pay(session.provider_ref or "")
        payment = captures.capture(payment_id=authorize(session).payment.pk)
        stripe_twin.dashboard.dispute(payment.provider_ref, 2500)
        comparing.look_at(session.pk)

        with pytest.raises(PaymentsError) as refused:
            refunds.refund(payment_id=payment.pk, amount=Decimal(40))

        assert refused.value.code == "charge_disputed"
        assert (totals(shown(payment)), shown(payment)["refunds"]) == ((0, 0, 75), [])

    def test_39_all_or_nothing_where_the_provider_refunds_no_part(
        self, till: Till, configure: Any, shown: Any, script: Script
    ) -> None:
        payment = till.captured()
        refunds.refund(payment_id=payment.pk, amount=Decimal(40))
        configure("pp_fake_fake", "Rigid")
        assert self.offered(shown, payment) == 0

    def test_39_across_payments_too(self, pending: Payment, staff: ValidatedClient) -> None:
        path = f"/admin/payment-collections/{pending.payment_collection_id}"
        with pytest.raises(InvalidData):
            collection_refunds.refund(payment_collection_id=pending.payment_collection_id, amount=Decimal("60.01"))
        answer = staff.post(f"{path}/refund", {"amount": 60})
        assert totals(answer.json()["payment_collection"]) == (0, 100, 0)


class TestOneThatNobodyWillTellOf:
    """The provider accepted it, and can neither be asked nor heard."""

    @pytest.fixture
    def unheard(self, pending: Payment, configure: Any) -> Operation:
        configure("pp_fake_fake", "Blind")
        recover()
        return Operation.objects.get(kind="refund")

    def test_39_it_is_visible_and_waits_for_staff(self, pending: Payment, unheard: Operation, shown: Any) -> None:
        assert (unheard.status, unheard.needs_person_at is not None) == ("accepted", True)
        assert Event.objects.filter(name="operation.needs_person").count() == 1
        assert statuses(shown(pending)) == [("pending", 40, 0)]
        recover()
        assert Event.objects.filter(name="operation.needs_person").count() == 1

    @pytest.mark.parametrize(
        ("verdict", "status", "sums"),
        [
            (Verdict.EXECUTED, ("succeeded", 40, 0), (40, 0, 60)),
            (Verdict.NOT_EXECUTED, ("failed", 0, 40), (0, 0, 100)),
        ],
    )
    def test_39_staff_say_how_it_ended(
        self, pending: Payment, unheard: Operation, shown: Any, verdict: Verdict, status: Any, sums: Any
    ) -> None:
        decisions.decide(operation_id=unheard.pk, verdict=verdict, note="The provider's web page", created_by="1")

        assert statuses(shown(pending)) == [status]
        assert totals(shown(pending)) == sums
        assert shown(pending)["refunds"][0]["id"] == unheard.line_id

    def test_39_also_when_the_object_is_gone(self, pending: Payment, script: Script) -> None:
        script["retrieve"] = lambda *_: None
        recover()
        assert Operation.objects.get(kind="refund").needs_person_at is not None

    def test_39_an_unreachable_provider_is_asked_again_instead(self, pending: Payment, script: Script) -> None:
        script["retrieve"] = unavailable
        recover()
        assert Operation.objects.get(kind="refund").needs_person_at is None


def test_39_a_page_of_pending_refunds_takes_no_more_statements(
    staff: ValidatedClient, pending: Payment, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        reason = refund_reasons.create(label=f"Reason {number}", code=f"reason_{number}")
        refunds.refund(payment_id=pending.pk, amount=Decimal(1 + number), refund_reason_id=reason.pk)

    with django_assert_num_queries(4):
        page = staff.get("/admin/payments").json()["payments"]

    labels = [row["refund_reason"] and row["refund_reason"]["label"] for row in page[0]["refunds"]]
    assert labels == [None, "Reason 0", "Reason 1", "Reason 2"]


def test_39_a_refund_refused_when_it_is_sent_again_is_failed(till: Till, script: Script, shown: Any) -> None:
    """Its first answer was lost, so others may have counted on it since."""
    payment = till.captured()
    script["refund"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(40), idempotency_key="k1")
    run_out(Operation.objects.get(kind="refund"))
    script["refund"] = declined
    with pytest.raises((PaymentAuthorizationError, PaymentOutcomeUnknown)):
        refunds.refund(payment_id=payment.pk, amount=Decimal(40), idempotency_key="k1")
    script.pop("refund")
    recover()

    assert statuses(shown(payment)) == [("failed", 0, 40)]
