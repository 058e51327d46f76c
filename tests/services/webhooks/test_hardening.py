"""What may come in: odd names, the limit itself, clocks that are nearly off, other environments, unknown types."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from medusa_payments.models import Event, Payment, WebhookEvent, WebhookRefusal
from medusa_payments.services import webhooks
from medusa_payments.testing.fake_provider import FakeProvider
from tests.till import Till

pytestmark = pytest.mark.django_db

Send = Callable[..., Any]


@pytest.fixture
def paid(till: Till, fake_provider: FakeProvider) -> dict[str, Any]:
    """The event of a customer who has paid, which hasn't come in yet."""
    fake_provider.dashboard.pay(till.session().provider_ref or "")
    event: dict[str, Any] = json.loads(fake_provider.webhooks()[-1][0])
    return event


@pytest.fixture
def send(client: Client, fake_provider: FakeProvider) -> Send:
    """Send an event, changed and signed, to one of the aliases; return the status."""

    def deliver(event: dict[str, Any], *, off: int = 0, **changes: Any) -> int:
        body = json.dumps(event | changes).encode()
        headers = fake_provider.sign(body, timestamp=int(time.time()) + off)
        path = "/hooks/payment/fake_fake"
        return client.post(path, body, content_type="application/json", headers=headers).status_code

    return deliver


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "fake_evt_\0odd"},
        {"type": "payment.\0captured"},
        {"payment": "fake_pay_\0odd"},
        {"session_id": "payses_\0odd"},
        {"id": "x" * 300},
        {"type": "x" * 300},
        {"payment": "x" * 300},
        {"session_id": "x" * 300},
    ],
    ids=lambda changes: str(changes)[:32],
)
def test_an_odd_name_is_no_reason_to_send_it_for_ever(
    paid: dict[str, Any], send: Send, changes: dict[str, Any]
) -> None:
    assert [send(paid, **changes) for _ in range(2)] == [200, 200]
    assert WebhookEvent.objects.get().duplicates == 1


@pytest.mark.parametrize(("beyond", "status"), [(0, 200), (1, 413)])
def test_the_limit_itself_is_within_it(
    paid: dict[str, Any], send: Send, settings: Any, beyond: int, status: int
) -> None:
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"WEBHOOK_MAX_BYTES": len(json.dumps(paid).encode()) - beyond}
    assert send(paid) == status
    assert WebhookEvent.objects.exists() is (status == 200)


@pytest.mark.parametrize("off", [-290, 290])
def test_a_clock_may_be_off_a_little_in_either_direction(paid: dict[str, Any], send: Send, off: int) -> None:
    assert send(paid, off=off) == 200
    assert Payment.objects.get().captured_amount == 10000


@pytest.mark.parametrize("off", [-310, 310])
def test_but_no_further(paid: dict[str, Any], send: Send, off: int) -> None:
    assert send(paid, off=off) == 400
    assert (WebhookEvent.objects.count(), WebhookRefusal.objects.get().reason) == (0, "bad_timestamp")


def test_of_another_environment_id_type_and_count_are_kept(paid: dict[str, Any], send: Send) -> None:
    for _ in range(3):
        assert send(paid, account="staging") == 200

    kept = WebhookEvent.objects.get()
    assert (kept.event_id, kept.event_type, kept.duplicates) == (paid["id"], "payment.captured", 2)
    assert (kept.status, kept.provider_ref, kept.session_id) == ("foreign", "", "")
    assert (kept.body, kept.body_sha256, kept.occurred_at) == (None, "", None)
    assert webhooks.drain().left == 0
    assert webhooks.replay(kept.pk).problem == "No payment session belongs to it."
    assert not Payment.objects.exists()


def test_an_unknown_type_about_a_payment_is_a_hint_like_any_other(paid: dict[str, Any], send: Send) -> None:
    assert send(paid, type="payment.something_new") == 200
    kept = WebhookEvent.objects.get()
    assert (kept.event_type, kept.status) == ("payment.something_new", "applied")
    assert Payment.objects.get().captured_amount == 10000


def test_one_about_nothing_of_ours_is_kept_counted_and_done_with(paid: dict[str, Any], send: Send) -> None:
    before = Event.objects.count()
    for _ in range(2):
        assert send(paid, type="payout.paid", payment="", session_id="") == 200
    kept = WebhookEvent.objects.get()
    assert (kept.event_type, kept.status, kept.duplicates) == ("payout.paid", "ignored", 1)
    assert (kept.body, len(kept.body_sha256)) == (None, 64)
    assert webhooks.drain().left == 0
    assert Event.objects.count() == before


def test_a_replay_of_what_was_given_up_books_what_there_is(paid: dict[str, Any], send: Send) -> None:
    """Its session wasn't known for days; a person replays it when it is."""
    send(paid)
    before = Event.objects.count()
    WebhookEvent.objects.update(status="ignored", error_message="No payment session belongs to it.")
    assert webhooks.replay(WebhookEvent.objects.get().pk).changes == ()
    kept = WebhookEvent.objects.get()
    assert (kept.status, kept.error_message, Event.objects.count()) == ("applied", "", before)
