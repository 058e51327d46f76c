"""Hints that nobody signs: looked at, never believed, and no way to keep a shop or its provider busy."""

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db.models import F
from django.test import Client

from medusa_payments.core.upkeep import inbox
from medusa_payments.models import Payment, PaymentSession, WebhookEvent, WebhookRefusal
from medusa_payments.money import Money
from medusa_payments.providers.facts import PaymentSnapshot
from medusa_payments.providers.notices import WebhookNotice, WebhookRefused, WebhookRequest
from medusa_payments.services import webhooks, worker
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from tests.till import Till

pytestmark = pytest.mark.django_db

SECRET = "s3cret"
Hint = Callable[..., Any]


class Hinting(FakeProvider):
    """Posts `id=…` as a form, to a URL with a secret in it, as redirect gateways do."""

    capabilities = replace(FakeProvider.capabilities, has_unsigned_webhooks=True)
    asked: list[str | None] = []
    lie: PaymentSnapshot | None = None

    def read_webhook(self, request: WebhookRequest) -> WebhookNotice:
        if not hmac.compare_digest(request.query.get("secret", "").encode(), SECRET.encode()):
            raise WebhookRefused("The secret is wrong.", code="bad_secret")
        [ref] = parse_qs(request.body.decode()).get("id", [""])
        return WebhookNotice(event_id="", event_type="", provider_ref=ref or None, snapshot=self.lie)

    def retrieve(self, request: Any) -> Any:
        type(self).asked.append(request.provider_ref)
        return super().retrieve(request)


class Deaf(Hinting):
    """Can't be asked, so that a hint is worth nothing."""

    capabilities = replace(Hinting.capabilities, can_retrieve=False, finds_by_session=False, reports_keys=False)


@pytest.fixture(autouse=True)
def hinting(settings: Any, till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    use(settings, "Hinting")
    monkeypatch.setattr(Hinting, "asked", [])
    # All hints of a test come within the same few seconds.
    monkeypatch.setattr(inbox, "HINT_SECONDS", 10**6)


def use(settings: Any, backend: str) -> None:
    providers = settings.MEDUSA_PAYMENTS["PROVIDERS"]
    changed = providers["pp_fake_fake"] | {"BACKEND": f"{__name__}.{backend}"}
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": providers | {"pp_fake_fake": changed}}


@pytest.fixture
def hint(client: Client) -> Hint:
    def send(ref: str | None, secret: str = SECRET) -> Any:
        path = f"/hooks/payment/fake_fake?secret={secret}"
        return client.post(path, f"id={ref}", content_type="application/x-www-form-urlencoded")

    return send


def test_a_hint_is_looked_at(till: Till, fake_provider: FakeProvider, hint: Hint) -> None:
    session = till.session()
    fake_provider.dashboard.pay(session.provider_ref or "")

    answer = hint(session.provider_ref)

    assert (answer.status_code, answer.content) == (200, b"OK")
    assert Payment.objects.get().captured_amount == 10000
    kept = WebhookEvent.objects.get()
    assert (kept.status, kept.event_type, kept.body, kept.provider_ref) == (
        "applied",
        "hint",
        None,
        session.provider_ref,
    )


def test_a_wrong_secret_is_refused_and_counted(till: Till, hint: Hint) -> None:
    ref = till.session().provider_ref
    for secret in ("", "wrong", "%00", "%FF", "s3cr\u00e9t"):
        assert hint(ref, secret).status_code == 400
    assert (WebhookEvent.objects.count(), Hinting.asked) == (0, [])
    assert WebhookRefusal.objects.get().count == 5


def test_an_unknown_reference_is_no_oracle_and_costs_nothing(till: Till, hint: Hint) -> None:
    known = hint(till.session().provider_ref)
    Hinting.asked.clear()
    for ref in ("tr_unknown", "", "x" * 5000, "tr_%00", "%ED%A0%80"):
        unknown = hint(ref)
        assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
    assert Hinting.asked == []
    assert WebhookEvent.objects.count() == 1
    assert set(WebhookRefusal.objects.values_list("reason", "count")) <= {
        ("unknown_reference", 4),
        ("unknown_reference", 5),
        ("unreadable", 1),
    }


def test_many_hints_are_two_looks_and_none_is_lost(till: Till, fake_provider: FakeProvider, hint: Hint) -> None:
    session = till.session()
    for _ in range(10):
        hint(session.provider_ref)
    assert len(Hinting.asked) == 1
    fake_provider.dashboard.pay(session.provider_ref or "")
    hint(session.provider_ref)
    assert (len(Hinting.asked), Payment.objects.count()) == (1, 0)

    assert sorted(WebhookEvent.objects.values_list("status", flat=True)) == ["applied", "waiting"]
    WebhookEvent.objects.update(next_attempt_at=F("received_at") - timedelta(seconds=1))
    worker.run_once()
    assert Payment.objects.get().captured_amount == 10000
    assert sum(WebhookEvent.objects.values_list("duplicates", flat=True)) >= 10


def test_what_a_hint_says_is_not_believed(
    till: Till, hint: Hint, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    session = till.session()
    paid = Money(minor_units=10000, currency_code="eur")
    lie = PaymentSnapshot(
        provider_ref=session.provider_ref or "",
        session_id=session.pk,
        status=SessionStatus.CAPTURED,
        money=paid,
        captured=paid,
        released=replace(paid, minor_units=0),
    )
    monkeypatch.setattr(Hinting, "lie", lie)
    assert hint(session.provider_ref).status_code == 200
    assert not Payment.objects.exists()

    WebhookEvent.objects.all().delete()
    use(settings, "Deaf")
    assert hint(session.provider_ref).status_code == 200
    assert not Payment.objects.exists()
    assert "not believed" in WebhookEvent.objects.get().error_message


def test_a_hint_can_be_replayed(till: Till, fake_provider: FakeProvider, hint: Hint) -> None:
    session = till.session()
    hint(session.provider_ref)
    fake_provider.dashboard.pay(session.provider_ref or "")

    changes = webhooks.replay(WebhookEvent.objects.get().pk).changes

    assert changes
    assert Payment.objects.get().captured_amount == 10000


def test_a_hint_about_a_busy_account_waits(till: Till, fake_provider: FakeProvider, hint: Hint, settings: Any) -> None:
    session = till.session()
    fake_provider.dashboard.pay(session.provider_ref or "")
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": 0}
    assert hint(session.provider_ref).status_code == 200
    assert WebhookEvent.objects.get().status == "waiting"

    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"MAX_PROVIDER_CALLS": 8}
    WebhookEvent.objects.update(next_attempt_at=None)
    worker.run_once()
    assert Payment.objects.get().captured_amount == 10000


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/json",
        "text/xml",
        "",
        "nonsense",
        "a/b; c=\u00e9",
    ],
)
def test_any_content_type_brings_the_bytes_as_they_are(
    till: Till, fake_provider: FakeProvider, client: Client, content_type: str
) -> None:
    session: PaymentSession = till.session()
    fake_provider.dashboard.pay(session.provider_ref or "")
    answer = client.generic(
        "POST", f"/hooks/payment/fake_fake?secret={SECRET}", f"id={session.provider_ref}".encode(), content_type
    )
    assert answer.status_code == 200
    assert Payment.objects.get().captured_amount == 10000


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_gateway_that_only_tries_the_address_learns_that_it_is_there(client: Client, method: str) -> None:
    answer = getattr(client, method)("/hooks/payment/fake_fake")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
