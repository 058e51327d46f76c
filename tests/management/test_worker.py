"""The commands that cron and people run."""

import json
import signal
import subprocess
import sys
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import Operation, Payment, PaymentSession, WebhookEvent
from medusa_payments.queries import webhook_events
from medusa_payments.services import captures, refunds, webhooks
from medusa_payments.testing.fake_provider import FakeProvider
from tests.scripted import Script, lost
from tests.till import Till

pytestmark = pytest.mark.django_db(transaction=True)


def work(*options: str) -> tuple[int, dict[str, Any]]:
    out, status = StringIO(), 0
    try:
        call_command("payments_worker", "--once", "--format", "json", *options, stdout=out)
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    return status, json.loads(out.getvalue())


def test_nothing_to_do(till: Till) -> None:
    till.captured()
    status, report = work()
    assert (status, report["done"], report["left"]) == (0, 0, 0)


def test_what_was_enqueued_is_carried_out(till: Till, fake_provider: FakeProvider) -> None:
    captures.enqueue_capture(payment_id=till.authorized().pk)
    status, report = work()
    assert (status, report["done"]) == (0, 1)
    assert Payment.objects.get().captured_amount == 10000


def test_a_dry_run_says_what_is_due_and_does_nothing(till: Till) -> None:
    captures.enqueue_capture(payment_id=till.authorized().pk)
    operation = Operation.objects.get(kind="capture")
    status, report = work("--dry-run")
    notes = [note for stage in report["stages"] for note in stage["notes"]]
    assert (status, notes) == (0, [f"{operation.pk}: capture of {operation.target} is to be resolved"])
    assert Operation.objects.get(kind="capture").is_open


def test_the_exit_status_says_whether_something_is_left(till: Till, script: Script) -> None:
    payment = till.captured(on="retrieve", outcome="unavailable")
    script["refund"] = lost
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk, amount=Decimal(30))
    assert work()[0] == 1


def test_the_exit_status_says_that_a_person_is_needed(till: Till, age: Any, configure: Any) -> None:
    configure("pp_fake_fake", "Forgetful")
    payment = till.captured(on="refund", outcome="timeout_before")
    with pytest.raises(PaymentOutcomeUnknown):
        refunds.refund(payment_id=payment.pk)
    status, report = work()
    assert (status, report["waiting"]) == (2, 1)


def test_it_runs_until_it_is_told_to_stop(till: Till, child_environment: dict[str, str]) -> None:
    captures.enqueue_capture(payment_id=till.authorized().pk)
    command = [sys.executable, "manage.py", "payments_worker", "--interval", "60", "--format", "json"]
    with subprocess.Popen(command, env=child_environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        report = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert report["done"] == 1
    assert Payment.objects.get().captured_amount == 10000


class TestReplay:
    @pytest.fixture
    def event(self, till: Till, fake_provider: FakeProvider) -> WebhookEvent:
        session = till.session()
        body, headers = fake_provider.webhooks()[-1]
        event = webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        fake_provider.dashboard.pay(session.provider_ref or "")
        return event

    def test_a_dry_run_prints_the_difference(self, event: WebhookEvent) -> None:
        out = StringIO()
        call_command("payments_replay_webhook", "--all", "--dry-run", stdout=out)
        assert f"{event.pk} payment.captured" in out.getvalue()
        assert "1 events, 2 changes would follow." in out.getvalue()
        assert not Payment.objects.exists()

    def test_all_are_those_that_name_a_payment_or_a_session(self, event: WebhookEvent) -> None:
        """One may come before we know the object's reference: then only our id is in it."""
        WebhookEvent.objects.update(provider_ref="", session_id=PaymentSession.objects.get().pk)
        assert webhook_events.replayable_ids() == [event.pk]
        WebhookEvent.objects.update(session_id="")
        assert webhook_events.replayable_ids() == []

    def test_a_replay_makes_it_once(self, event: WebhookEvent) -> None:
        for expected in ("1 events, 2 changes.", "1 events, 0 changes."):
            out = StringIO()
            call_command("payments_replay_webhook", event.pk, stdout=out)
            assert expected in out.getvalue()

    def test_one_that_can_not_be_replayed_keeps_no_other_waiting(self, event: WebhookEvent) -> None:
        out, errors = StringIO(), StringIO()
        with pytest.raises(CommandError, match=r"^1 events could not be replayed\.$"):
            call_command("payments_replay_webhook", "whevt_unknown", event.pk, stdout=out, stderr=errors)
        assert errors.getvalue() == "whevt_unknown WebhookEvent id not found: whevt_unknown\n"
        assert "2 events, 2 changes." in out.getvalue()

    @pytest.mark.parametrize("arguments", [[], ["whevt_unknown"], ["whevt_1", "--all"]])
    def test_what_is_wrong_is_said(self, till: Till, arguments: list[str]) -> None:
        with pytest.raises(CommandError):
            call_command("payments_replay_webhook", *arguments)
