"""The inbox, over HTTP, with the fake provider's own webhooks."""

import json
import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import InvalidData, PaymentOutcomeUnknown
from medusa_payments.models import (
    Capture,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
    RefundReversal,
    Release,
    WebhookEvent,
    WebhookRefusal,
)
from medusa_payments.providers.facts import RefundState
from medusa_payments.services import captures, payment_sessions, webhooks, worker
from medusa_payments.testing import fake_webhooks
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import Script, answer_lost
from tests.till import Till

pytestmark = pytest.mark.django_db

Deliver = Callable[..., Any]


@pytest.fixture
def deliver(client: Client) -> Deliver:
    """Send body and headers as the provider would."""

    def send(body: bytes, headers: dict[str, str], provider: str = "fake_fake") -> Any:
        return client.post(f"/hooks/payment/{provider}", body, content_type="application/json", headers=headers)

    return send


def state() -> list[Any]:
    """All that money depends on."""
    rows = {
        PaymentCollection: ("id", "status", "authorized_amount", "captured_amount", "refunded_amount", "event_count"),
        PaymentSession: ("id", "status", "amount", "slot", "provider_ref"),
        Payment: ("id", "amount", "captured_amount", "released_amount", "refunded_amount", "refunding_amount"),
        Capture: ("id", "amount", "provider_ref"),
        Refund: ("id", "amount", "provider_ref"),
        Release: ("id", "amount", "provider_ref"),
        RefundReversal: ("id", "amount"),
        Operation: ("id", "status"),
        Event: ("id", "number"),
    }
    return [list(model.objects.order_by("pk").values_list(*columns)) for model, columns in rows.items()]


@pytest.mark.parametrize("provider", ["fake_fake", "pp_fake_fake", "fake_fake/"])
def test_an_event_is_kept_and_applied(till: Till, fake_provider: FakeProvider, deliver: Deliver, provider: str) -> None:
    session = till.session()
    fake_provider.dashboard.authorize(session.provider_ref)

    answer = deliver(*fake_provider.webhooks()[-1], provider=provider)

    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"OK", "text/plain")
    event = WebhookEvent.objects.get()
    assert (event.status, event.provider_ref, event.attempts) == ("applied", session.provider_ref, 1)
    assert Payment.objects.get().amount == session.amount
    assert PaymentCollection.objects.get().status == "authorized"


def test_the_same_event_is_kept_once(till: Till, fake_provider: FakeProvider, deliver: Deliver) -> None:
    fake_provider.dashboard.pay(till.session().provider_ref)
    for _ in range(3):
        assert deliver(*fake_provider.webhooks()[-1]).status_code == 200

    assert WebhookEvent.objects.get().duplicates == 2
    assert Capture.objects.count() == 1


def test_one_that_comes_again_while_it_is_applied_is_left_to_whoever_is_at_it(
    till: Till, fake_provider: FakeProvider, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_provider.dashboard.pay(till.session().provider_ref)
    sent = fake_provider.webhooks()[-1]
    look_at, looks = comparing.look_at, []

    def look_and_be_sent_it_again(*args: Any, **options: Any) -> Any:
        looks.append(args)
        if len(looks) == 1:
            assert deliver(*sent).status_code == 200
        return look_at(*args, **options)

    monkeypatch.setattr(comparing, "look_at", look_and_be_sent_it_again)
    assert deliver(*sent).status_code == 200

    event = WebhookEvent.objects.get()
    assert (len(looks), event.attempts, event.duplicates, event.status) == (1, 1, 1, "applied")


class TestRefused:
    @pytest.fixture(autouse=True)
    def nothing_is_kept(self, till: Till) -> Any:
        yield
        assert not WebhookEvent.objects.exists()

    def test_a_webhook_for_an_unknown_provider_is_refused(self, deliver: Deliver) -> None:
        answer = deliver(b"{}", {}, provider="nobody")
        assert (answer.status_code, answer.json()["type"]) == (404, "not_found")

    def test_a_provider_without_webhooks(self, deliver: Deliver) -> None:
        answer = deliver(b"{}", {}, provider="system_default")
        assert (answer.status_code, answer.json()["message"]) == (
            404,
            "Payment provider pp_system_default has no webhooks.",
        )

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda body, headers: (body + b" ", headers), "bad_signature"),
            (lambda body, _: (body, {}), "no_signature"),
            (lambda body, _: (body, {"fake-signature": "t=x,v1=y"}), "no_signature"),
            (lambda _, headers: (b"", headers), "bad_signature"),
        ],
    )
    def test_what_the_provider_did_not_sign(
        self, till: Till, fake_provider: FakeProvider, deliver: Deliver, change: Any, reason: str
    ) -> None:
        till.session()
        answers = [deliver(*change(*fake_provider.webhooks()[-1])) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [400, 400]
        assert answers[0].json() == {
            "type": "invalid_data",
            "code": "invalid_webhook",
            "message": "The webhook could not be verified.",
        }
        refusal = WebhookRefusal.objects.get()
        assert (refusal.provider_id, refusal.reason, refusal.count) == ("pp_fake_fake", reason, 2)

    @pytest.mark.parametrize("off", [-301, 301])
    def test_a_clock_that_is_off_in_either_direction(
        self, till: Till, fake_provider: FakeProvider, deliver: Deliver, off: int
    ) -> None:
        till.session()
        body, _ = fake_provider.webhooks()[-1]
        assert deliver(body, fake_provider.sign(body, timestamp=int(time.time()) + off)).status_code == 400
        assert WebhookRefusal.objects.get().reason == "bad_timestamp"

    def test_a_webhook_larger_than_the_limit_is_refused(self, deliver: Deliver, settings: Any) -> None:
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"WEBHOOK_MAX_BYTES": 10}
        refused = deliver(b"x" * 11, {})
        assert (refused.status_code, refused.json()["message"]) == (413, "The webhook is larger than 10 bytes.")

    def test_a_webhook_is_refused_where_no_secret_is_configured(
        self, till: Till, deliver: Deliver, settings: Any, fake_provider: FakeProvider
    ) -> None:
        till.session()
        sent = fake_provider.webhooks()[-1]
        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        options = {**configured["pp_fake_fake"]["OPTIONS"], "webhook_secrets": []}
        bare = configured | {"pp_fake_fake": configured["pp_fake_fake"] | {"OPTIONS": options}}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": bare}
        assert deliver(*sent).status_code == 400
        assert WebhookRefusal.objects.get().reason == "no_secret"


def test_secrets_can_be_rotated(till: Till, fake_provider: FakeProvider, deliver: Deliver) -> None:
    till.session()
    body, headers = fake_provider.webhooks()[-1]
    timestamp = int(headers["fake-signature"].split(",")[0].removeprefix("t="))
    old = fake_webhooks.sign(body, secret="whsec_old", timestamp=timestamp)

    assert deliver(body, old).status_code == 200


def test_an_event_of_another_account_leaves_only_its_name(
    till: Till, fake_provider: FakeProvider, deliver: Deliver
) -> None:
    till.session()
    body = fake_provider.webhooks()[-1][0].replace(b'"account":"fake"', b'"account":"somebody_else"')
    assert deliver(body, fake_provider.sign(body)).status_code == 200

    event = WebhookEvent.objects.get()
    assert (event.status, event.body, event.provider_ref, event.session_id) == ("foreign", None, "", "")


def test_an_early_event_waits_for_its_session(till: Till, fake_provider: FakeProvider, deliver: Deliver) -> None:
    """It comes before our own initiate was booked."""
    session = till.session()
    ref = session.provider_ref
    fake_provider.dashboard.authorize(ref)
    sent = fake_provider.webhooks()[-1]
    PaymentSession.objects.update(provider_account="moved_away")

    assert deliver(*sent).status_code == 200
    event = WebhookEvent.objects.get()
    assert (event.status, event.error_message) == ("waiting", "No payment session belongs to it.")
    assert event.next_attempt_at is not None

    PaymentSession.objects.update(provider_account="fake")
    WebhookEvent.objects.update(next_attempt_at=None)
    report = worker.run_once()
    assert WebhookEvent.objects.get().status == "applied"
    assert Payment.objects.count() == 1
    assert report.left == 0


def test_a_session_that_has_no_reference_yet_is_found_by_our_metadata(
    till: Till, script: Script, fake_provider: FakeProvider, deliver: Deliver
) -> None:
    """The answer to our initiate is still on its way, or lost."""
    script["initiate"] = answer_lost
    with pytest.raises(PaymentOutcomeUnknown):
        till.session()
    assert deliver(*fake_provider.webhooks()[-1]).status_code == 200
    assert WebhookEvent.objects.get().status == "applied"
    assert PaymentSession.objects.get().provider_ref is not None
    assert Operation.objects.get().status == "succeeded"


def test_a_provider_that_cant_be_asked_is_asked_later(
    till: Till, fake_provider: FakeProvider, deliver: Deliver
) -> None:
    session = till.session(outcome="unavailable", on="retrieve")
    fake_provider.dashboard.authorize(session.provider_ref)

    assert deliver(*fake_provider.webhooks()[-1]).status_code == 200
    assert (WebhookEvent.objects.get().status, Payment.objects.count()) == ("waiting", 0)


def test_one_that_is_configured_wrongly_is_said_to_be(
    till: Till, fake_provider: FakeProvider, deliver: Deliver, settings: Any
) -> None:
    fake_provider.dashboard.authorize(till.session().provider_ref or "")
    deliver(*fake_provider.webhooks()[-1])
    broken = settings.MEDUSA_PAYMENTS["PROVIDERS"]["pp_fake_fake"] | {"OPTIONS": {"no_such_option": 1}}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": {"pp_fake_fake": broken}}

    replayed = webhooks.replay(WebhookEvent.objects.get().pk)

    assert "pp_fake_fake'] is wrong" in replayed.problem
    assert WebhookEvent.objects.get().status == "waiting"


def test_what_is_applied_twice_in_any_order_changes_nothing(
    till: Till, fake_provider: FakeProvider, deliver: Deliver
) -> None:
    payment = till.authorized()
    fake_provider.dashboard.capture(payment.provider_ref, 4000)
    with pytest.raises(InvalidData, match="60 EUR that is left"):
        captures.capture(payment_id=payment.pk)
    captures.capture(payment_id=payment.pk)
    refund = fake_provider.dashboard.refund(payment.provider_ref, 1000)
    fake_provider.dashboard.settle_refund(refund, RefundState.FAILED)
    sent = fake_provider.webhooks()
    assert len(sent) >= 6
    random.shuffle(sent)
    for body, headers in sent:
        assert deliver(body, headers).status_code == 200
    before = state()

    for _ in range(2):
        events = list(WebhookEvent.objects.values_list("pk", flat=True))
        random.shuffle(events)
        for event in events:
            assert webhooks.replay(event).changes == ()
    assert state() == before


def test_a_dry_run_tells_the_difference_and_makes_none(
    till: Till, fake_provider: FakeProvider, deliver: Deliver
) -> None:
    session = till.session()
    deliver(*fake_provider.webhooks()[-1])
    fake_provider.dashboard.pay(session.provider_ref)
    before = state()

    planned = webhooks.replay(WebhookEvent.objects.get().pk, is_dry_run=True)

    assert [change.name for change in planned.changes] == ["payment.authorized", "payment.captured"]
    assert state() == before
    assert [change.name for change in webhooks.replay(WebhookEvent.objects.get().pk).changes] == [
        change.name for change in planned.changes
    ]


def test_a_late_cancel_of_a_replaced_object_leaves_the_live_session_alone(
    till: Till, fake_provider: FakeProvider, deliver: Deliver
) -> None:
    replaced = till.session()
    live = till.session("pp_system_default")
    for body, headers in fake_provider.webhooks(replaced.pk):
        deliver(body, headers)

    live.refresh_from_db()
    assert (live.slot, live.status) == (0, "pending")
    authorized = payment_sessions.authorize(
        payment_collection_id=live.payment_collection_id, payment_session_id=live.pk
    )
    assert authorized.status == "authorized"


class Nosy:
    """A middleware of the host's that looks at what comes in."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        _ = (request.POST, request.body)
        return self.get_response(request)


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_the_bytes_arrive_whatever_looked_at_them_before(
    till: Till, fake_provider: FakeProvider, client: Client, settings: Any, content_type: str
) -> None:
    settings.MIDDLEWARE = ["tests.services.webhooks.test_inbox.Nosy", *settings.MIDDLEWARE]
    till.session()
    body, headers = fake_provider.webhooks()[-1]
    answer = client.generic("POST", "/hooks/payment/fake_fake", body, content_type=content_type, headers=headers)
    assert answer.status_code == 200
    assert bytes(WebhookEvent.objects.get().body or b"") == body


def test_a_host_that_opens_a_transaction_per_request_changes_nothing(
    till: Till, fake_provider: FakeProvider, deliver: Deliver, settings: Any
) -> None:
    settings.DATABASES["default"]["ATOMIC_REQUESTS"] = True
    try:
        fake_provider.dashboard.pay(till.session().provider_ref)
        assert deliver(*fake_provider.webhooks()[-1]).status_code == 200
    finally:
        settings.DATABASES["default"]["ATOMIC_REQUESTS"] = False
    assert Capture.objects.count() == 1


def test_events_about_nothing_of_ours_are_kept_and_left_alone(
    till: Till, fake_provider: FakeProvider, deliver: Deliver
) -> None:
    content = {"id": "fake_evt_x", "type": "payout.paid", "account": "fake", "payment": "", "session_id": ""}
    body = json.dumps(content | {"created_at": "2026-01-01T00:00:00Z"}).encode()
    assert deliver(body, fake_provider.sign(body)).status_code == 200
    assert (WebhookEvent.objects.get().status, worker.run_once().left) == ("ignored", 0)


def test_one_that_waits_in_vain_is_left_in_the_inbox_after_a_while(
    till: Till, fake_provider: FakeProvider, deliver: Deliver
) -> None:
    till.session()
    sent = fake_provider.webhooks()[-1]
    PaymentSession.objects.update(provider_account="moved_away")
    deliver(*sent)
    long_ago = timezone.now() - timedelta(days=4)
    WebhookEvent.objects.update(next_attempt_at=None, received_at=long_ago)
    assert worker.run_once().left == 0
    assert WebhookEvent.objects.get().status == "ignored"


def test_what_fails_while_it_is_applied_is_not_the_senders_business(
    till: Till, fake_provider: FakeProvider, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_provider.dashboard.pay(till.session().provider_ref)

    def explode(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("medusa_payments.core.saga.comparing.look_at", explode)
        assert deliver(*fake_provider.webhooks()[-1]).status_code == 200
    event = WebhookEvent.objects.get()
    assert (event.status, event.error_message) == ("waiting", "ZeroDivisionError")
