"""The pages on which staff decide."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from medusa_payments.core.reconciliation.drift import Drift, DriftKind
from medusa_payments.core.reconciliation.fix import fix
from medusa_payments.core.saga import comparing
from medusa_payments.models import Event, Operation, Payment, PaymentSession, WebhookEvent
from medusa_payments.services import webhooks
from medusa_payments.testing.fake_provider import FakeProvider
from tests.admin.conftest import LogIn, html, page_url
from tests.admin.test_pages import text

pytestmark = pytest.mark.any_engine

DECIDER = ("view_payment", "view_operation", "view_webhookevent", "resolve_payment", "replay_webhookevent")


@pytest.fixture
def frozen(payment: Payment, fake_provider: FakeProvider) -> Payment:
    fake_provider.dashboard.capture(payment.provider_ref, 500)
    comparing.look_at(payment.payment_session_id)
    payment.refresh_from_db()
    assert payment.frozen_at is not None
    return payment


@pytest.fixture
def waiting(payment: Payment) -> Operation:
    """A refund that needs staff."""
    operation = payment.operations.filter(kind="refund").get()
    Operation.objects.filter(pk=operation.pk).update(
        status="open", settled_at=None, needs_person_at=operation.created_at, lease_expires_at=operation.created_at
    )
    payment.refunds.all().delete()
    Payment.objects.filter(pk=payment.pk).update(refunded_amount=0, refunding_amount=operation.amount)
    PaymentSession.objects.filter(payment=payment).update(provider_ref="fake_pay_gone")
    return operation


def address(row: object, name: str) -> str:
    return reverse(f"admin:medusa_payments_{row._meta.model_name}_{name}", args=[row.pk])  # type: ignore[attr-defined]


class TestFrozenPayment:
    def test_frozen_payment_shows_both_sides_and_offers_no_money_verb(self, log_in: LogIn, frozen: Payment) -> None:
        client = log_in(*DECIDER, "capture_payment", "refund_payment", "cancel_payment")
        page = html(client, page_url(frozen))
        assert ("Unfreeze payment" in page, "Compare with the provider" in page, "Refund</a>" in page) == (
            True,
            True,
            False,
        )
        for name in ("unfreeze", "look"):
            form = text(html(client, address(frozen, name)))
            assert "Ledger: captured 120.50 EUR" in form
            assert "Provider: captured 125.50 EUR" in form

    def test_frozen_payment_shows_the_difference_as_money(self, log_in: LogIn, frozen: Payment) -> None:
        client = log_in(*DECIDER, "view_event")
        assert "Provider at that time captured 125.50 EUR" in text(html(client, address(frozen, "unfreeze")))
        assert (
            "Payment frozen reason the provider reports more than the payment allows "
            "ledger amount 120.50 EUR, captured 120.50 EUR, refunded 0.75 EUR, released 0.00 EUR "
            "provider captured 125.50 EUR"
        ) in text(html(client, page_url(frozen)))

    @pytest.mark.parametrize(
        ("kind", "theirs", "reason", "side"),
        [
            (
                DriftKind.CAPTURE_MISSING_THERE,
                0,
                "the ledger has a capture that the provider doesn't have",
                "captured 0.00 EUR",
            ),
            (
                DriftKind.REFUND_AMOUNT,
                50,
                "ledger and provider have different amounts for one refund",
                "refund 0.50 EUR",
            ),
            (
                DriftKind.FOREIGN_SESSION,
                "payses_2",
                "the provider's object names another session",
                "session payses_2",
            ),
        ],
    )
    def test_frozen_payment_shows_the_finding_of_reconciliation(
        self, log_in: LogIn, payment: Payment, kind: DriftKind, theirs: Any, reason: str, side: str
    ) -> None:
        found = {"provider_id": payment.provider_id, "provider_ref": payment.provider_ref, "payment_id": payment.pk}
        fix(Drift(kind=kind, session_id=payment.payment_session_id, theirs={kind.value: theirs}, **found))
        client, reason = log_in(*DECIDER, "view_event"), escape(reason)

        assert f"Frozen because {reason} Provider at that time {side} " in text(
            html(client, address(payment, "unfreeze"))
        )
        timeline = text(html(client, page_url(payment)))
        assert (f"reason {reason} " in timeline, f"provider {side} " in timeline) == (True, True)

    def test_payment_is_unfrozen_with_a_note(self, log_in: LogIn, frozen: Payment) -> None:
        client = log_in(*DECIDER)
        assert "This field is required" in client.post(address(frozen, "unfreeze"), {"note": ""}).content.decode()
        answer = client.post(address(frozen, "unfreeze"), {"note": "Agreed with them."}, follow=True)
        assert "The payment can move money again." in answer.content.decode()
        frozen.refresh_from_db()
        assert frozen.frozen_at is None
        assert Event.objects.get(name="payment.unfrozen").data["note"] == "Agreed with them."

    def test_unfrozen_payment_freezes_again_on_a_new_difference(
        self, log_in: LogIn, frozen: Payment, fake_provider: FakeProvider
    ) -> None:
        fake_provider.dashboard.capture(frozen.provider_ref, 300)
        client = log_in(*DECIDER)
        answer = client.post(address(frozen, "unfreeze"), {"note": "Agreed with them."}, follow=True)
        assert "frozen again" in answer.content.decode()
        form = text(html(client, address(frozen, "unfreeze")))
        assert ("captured 123.50 EUR" in form, "captured 125.50 EUR" in form) == (True, False)


class TestOperationThatNeedsStaff:
    @pytest.mark.parametrize(
        ("verdict", "status", "refunded"), [("executed", "succeeded", 75), ("not_executed", "not_executed", 0)]
    )
    def test_staff_decide_the_outcome_of_an_operation(
        self, log_in: LogIn, waiting: Operation, verdict: str, status: str, refunded: int
    ) -> None:
        client = log_in(*DECIDER)
        assert 'payments-badge-negative">needs staff' in html(client, page_url(waiting))
        assert "Idempotency key at the provider" in html(client, address(waiting, "decide"))

        answer = client.post(address(waiting, "decide"), {"verdict": verdict, "note": "Seen."}, follow=True)

        assert "Recorded. The operation is closed" in answer.content.decode()
        assert f"verdict {verdict.replace('_', ' ')} " in text(html(log_in(*DECIDER, "view_event"), page_url(waiting)))
        waiting.refresh_from_db()
        assert (waiting.status, waiting.settled_by) == (status, "person")
        assert Payment.objects.get().refunded_amount == refunded

    def test_staff_decide_the_outcome_of_an_accepted_refund(self, log_in: LogIn, waiting: Operation) -> None:
        Operation.objects.filter(pk=waiting.pk).update(status="accepted", settled_at=waiting.created_at)
        client = log_in(*DECIDER)
        assert "Decide the outcome" in html(client, page_url(waiting))

        client.post(address(waiting, "decide"), {"verdict": "not_executed", "note": "Seen."})

        waiting.refresh_from_db()
        assert (waiting.status, Payment.objects.get().refunding_amount) == ("refused", 0)

    def test_operation_is_decided_only_once(self, log_in: LogIn, waiting: Operation) -> None:
        client = log_in(*DECIDER)
        for _ in range(2):
            client.post(address(waiting, "decide"), {"verdict": "executed", "note": "Seen."})
        assert Payment.objects.get().refunded_amount == 75
        page = client.get(address(waiting, "decide"), follow=True).content.decode()
        assert "This operation needs no decision." in page


def test_note_with_a_card_number_is_refused(log_in: LogIn, frozen: Payment, waiting: Operation) -> None:
    client = log_in(*DECIDER)
    form = {"verdict": "executed", "note": "Seen, to 4242 4242 4242 4242."}
    for row, name in ((frozen, "unfreeze"), (waiting, "decide")):
        assert "written down here" in client.post(address(row, name), form).content.decode()

    assert not [event for event in Event.objects.all() if "4242" in str(event.data)]
    assert (Operation.objects.get(pk=waiting.pk).status, Payment.objects.get().frozen_at is None) == ("open", False)


def test_compare_shows_the_difference_before_it_books(
    log_in: LogIn, payment: Payment, fake_provider: FakeProvider
) -> None:
    fake_provider.dashboard.refund(payment.provider_ref, 1000)
    client = log_in(*DECIDER)
    assert "10.00 EUR" in html(client, address(payment, "look"))
    payment.refresh_from_db()
    assert payment.refunded_amount == 75

    fake_provider.dashboard.open_dispute(payment.provider_ref)
    assert "120.50 EUR needs a response fake_dp_" in text(html(client, address(payment, "look")))

    answer = client.post(address(payment, "look"), {}, follow=True)
    assert "2 events were recorded." in answer.content.decode()
    payment.refresh_from_db()
    assert payment.refunded_amount == 1075


class TestReplay:
    @pytest.fixture
    def event(self, payment: Payment, fake_provider: FakeProvider) -> WebhookEvent:
        body, headers = fake_provider.webhooks()[-1]
        event = webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        fake_provider.dashboard.refund(payment.provider_ref, 1000)
        return event

    def test_replay_shows_the_difference_before_it_books(self, log_in: LogIn, event: WebhookEvent) -> None:
        client = log_in(*DECIDER)
        page = html(client, address(event, "replay"))
        assert "Would record" in page
        assert "10.00 EUR" in page
        assert Payment.objects.get().refunded_amount == 75
        answer = client.post(address(event, "replay"), {}, follow=True)
        assert "1 event was recorded." in answer.content.decode()
        assert Payment.objects.get().refunded_amount == 1075

    def test_webhook_body_needs_the_replay_permission(self, log_in: LogIn, event: WebhookEvent) -> None:
        assert "field-body_text" in html(log_in(*DECIDER), page_url(event))
        assert "field-body_text" not in html(log_in("view_webhookevent"), page_url(event))

    @pytest.mark.parametrize(
        ("body", "shown"),
        [(b'{"id":"evt_1"}', '{\n  "id": "evt_1"\n}'), (b"<b>no document</b>", "<b>no document</b>")],
    )
    def test_webhook_body_is_shown_as_text(self, log_in: LogIn, event: WebhookEvent, body: bytes, shown: str) -> None:
        WebhookEvent.objects.update(body=body)
        assert f'<pre class="payments-json">{escape(shown)}</pre>' in html(log_in(*DECIDER), page_url(event))


@pytest.mark.parametrize("name", ["unfreeze", "look"])
def test_decision_needs_its_permission(log_in: LogIn, frozen: Payment, name: str) -> None:
    client = log_in("view_payment", "capture_payment", "refund_payment", "cancel_payment")
    assert client.get(address(frozen, name)).status_code == 403
    assert client.post(address(frozen, name), {"note": "x"}).status_code == 403
    assert "Unfreeze" not in html(client, page_url(frozen))


def test_decision_about_an_unknown_row_redirects_to_the_admin(log_in: LogIn, frozen: Payment) -> None:
    client: Client = log_in(*DECIDER)
    url = address(frozen, "unfreeze").replace(frozen.pk[-6:], "NOBODY")
    assert client.get(url).status_code == 302
