"""Every kind of drift is planted, found by its name, and gone after --fix."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from medusa_payments.core.books import book as books
from medusa_payments.core.books import posting
from medusa_payments.core.reconciliation import run
from medusa_payments.core.reconciliation.drift import DriftKind
from medusa_payments.core.reconciliation.fix import fix
from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import PaymentOutcomeUnknown
from medusa_payments.models import (
    Capture,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    Refund,
)
from medusa_payments.providers.errors import ProviderUnavailable
from medusa_payments.providers.facts import RefundState
from medusa_payments.services import captures, decisions, rebuild, refunds
from medusa_payments.testing.fake_ledger import FakePayment
from medusa_payments.testing.fake_provider import FakeProvider
from tests.core.reconciliation.many import make_clean_payments
from tests.scripted import Script, answer_lost, lost
from tests.till import Till

THIRTY = Decimal(30)
LEFT = "left as it is: a person has seen it and unfrozen the payment"

pytestmark = pytest.mark.django_db


def reconcile(*options: str) -> tuple[int, dict[str, Any]]:
    """Run the command on the fake provider; return its exit status and what it printed."""
    return reconcile_all("--provider", "pp_fake_fake", *options)


def reconcile_all(*options: str) -> tuple[int, dict[str, Any]]:
    """Run the command on every provider."""
    out, status = StringIO(), 0
    try:
        call_command("payments_reconcile", "--format", "json", *options, stdout=out, stderr=StringIO())
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    return status, json.loads(out.getvalue())


def at_provider(provider: FakeProvider, ref: str | None, **changes: Any) -> None:
    """Change a payment object in the provider's own books, as nobody should be able to."""
    payment = provider.payment(ref or "")
    assert isinstance(payment, FakePayment)
    for name, value in changes.items():
        setattr(payment, name, value)
    with provider._ledger.transaction() as books:
        books.save(payment)


class Plant:
    """Plants one drift each."""

    def __init__(self, till: Till, provider: FakeProvider, script: Script) -> None:
        self.till, self.provider, self.script = till, provider, script

    def orphan_object(self) -> None:
        session = self.till.session()
        at_provider(self.provider, session.provider_ref, session_id="payses_of_a_lost_database")
        PaymentSession.objects.filter(pk=session.pk).update(provider_ref=None, slot=None, status="error")

    def lost_reference(self) -> None:
        PaymentSession.objects.filter(pk=self.till.session().pk).update(provider_ref=None)

    def foreign_session(self) -> None:
        payment = self.till.authorized()
        at_provider(self.provider, payment.provider_ref, session_id="payses_of_somebody_else")

    def missing_here(self) -> None:
        self.provider.dashboard.authorize(self.till.session().provider_ref or "")

    def missing_there(self) -> None:
        payment = self.till.authorized()
        with self.provider._ledger.transaction() as books:
            books._connection.execute("DELETE FROM payments WHERE ref = ?", [payment.provider_ref])

    def duplicate_object(self) -> None:
        session = self.till.session()
        first = self.provider.payment(session.provider_ref or "")
        assert first is not None
        with self.provider._ledger.transaction() as books:
            books.save(replace(first, ref=f"{first.ref}_again"))

    def currency(self) -> None:
        at_provider(self.provider, self.till.authorized().provider_ref, currency_code="usd")

    def amount(self) -> None:
        at_provider(self.provider, self.till.authorized().provider_ref, amount=9000, authorized=9000)

    def amount_raised(self) -> None:
        at_provider(self.provider, self.till.authorized().provider_ref, amount=11000, authorized=11000)

    def status(self) -> None:
        at_provider(self.provider, self.till.session().provider_ref, status="requires_more")

    def replaced_object_open(self) -> None:
        self.script["cancel"] = lost
        self.till.session()
        self.till.session("pp_system_default")
        self.script.clear()
        Operation.objects.filter(kind="cancel").update(status="not_executed", open_slot=None, settled_at=timezone.now())

    def external_capture(self) -> None:
        self.provider.dashboard.capture(self.till.authorized().provider_ref, 4000)

    def capture_missing_there(self) -> None:
        payment = self.till.authorized()
        with books.opened(payment.payment_collection_id) as book:
            posting.post_capture(book, book.payment(payment.pk), 4000, provider_ref="never")

    def external_release(self) -> None:
        self.provider.dashboard.cancel(self.till.authorized().provider_ref)

    def expired_authorization(self) -> None:
        payment = self.till.authorized()
        Payment.objects.filter(pk=payment.pk).update(capture_before=timezone.now() - timedelta(hours=1))
        self.provider.dashboard.cancel(payment.provider_ref)

    def release_missing_there(self) -> None:
        payment = self.till.authorized()
        with books.opened(payment.payment_collection_id) as book:
            posting.post_release(book, book.payment(payment.pk), 10000)

    def external_refund(self) -> None:
        self.provider.dashboard.refund(self.till.captured().provider_ref, 2500)

    def refund_missing_there(self) -> None:
        payment = self.till.captured()
        with books.opened(payment.payment_collection_id) as book:
            posting.post_refund(book, book.payment(payment.pk), 2500, provider_ref="never")

    def refund_amount(self) -> None:
        payment = self.till.captured()
        ref = self.provider.dashboard.refund(payment.provider_ref, 2500)
        with books.opened(payment.payment_collection_id) as book:
            posting.post_refund(book, book.payment(payment.pk), 2000, provider_ref=ref)

    def refund_failed(self) -> None:
        payment = self.till.captured()
        refunds.refund(payment_id=payment.pk, amount=THIRTY)
        self.provider.dashboard.settle_refund(
            self.provider.dashboard.refund_refs(payment.provider_ref)[0], RefundState.FAILED
        )

    def refund_settled(self) -> None:
        payment = self.till.captured(on="refund", outcome="pending")
        refunds.refund(payment_id=payment.pk, amount=THIRTY)
        self.provider.dashboard.settle_refund(
            self.provider.dashboard.refund_refs(payment.provider_ref)[0], RefundState.SUCCEEDED
        )

    def dispute_missing_here(self) -> None:
        self.provider.dashboard.open_dispute(self.till.captured().provider_ref)

    def dispute_state(self) -> None:
        self.provider.dashboard.send_evidence(self._known_dispute())

    def dispute_amount(self) -> None:
        self._change_dispute(self._known_dispute(), amount=400)

    def dispute_deadline(self) -> None:
        later = (timezone.now() + timedelta(days=30)).isoformat()
        self._change_dispute(self._known_dispute(), evidence_due_by=later)

    def dispute_missing_there(self) -> None:
        ref = self._known_dispute()
        with self.provider._ledger.transaction() as books:
            books._connection.execute("DELETE FROM disputes WHERE ref = ?", [ref])

    def _known_dispute(self) -> str:
        payment = self.till.captured()
        ref = self.provider.dashboard.open_dispute(payment.provider_ref, 500)
        comparing.look_at(payment.payment_session_id)
        return ref

    def _change_dispute(self, ref: str, **changes: Any) -> None:
        with self.provider._ledger.transaction() as books:
            books.save_dispute(replace(books.dispute(ref), **changes))  # type: ignore[type-var]

    def unresolved_operation(self) -> None:
        payment = self.till.authorized()
        self.script["capture"] = answer_lost
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk)
        self.script.clear()
        Operation.objects.filter(status="open").update(lease_expires_at=timezone.now() - timedelta(hours=1))


@pytest.fixture
def plant(till: Till, fake_provider: FakeProvider, script: Script) -> Callable[[DriftKind], None]:
    return lambda kind: getattr(Plant(till, fake_provider, script), kind.value)()


def test_nothing_is_wrong_with_a_clean_day(till: Till) -> None:
    refunds.refund(payment_id=till.captured().pk, amount=THIRTY)
    till.cart_id = "cart_2"
    till.session()
    assert reconcile() == (0, {"drift": [], "not_compared": []})


@pytest.mark.parametrize("kind", DriftKind, ids=str)
def test_each_kind_is_found_fixed_and_gone(plant: Callable[[DriftKind], None], kind: DriftKind) -> None:
    plant(kind)

    status, found = reconcile()
    assert (status, [row["kind"] for row in found["drift"]]) == (1, [kind.value])
    before = Event.objects.count()
    assert reconcile()[1] == found, "looking changes nothing"
    assert Event.objects.count() == before

    status, fixed = reconcile("--fix")
    assert (status, all(row["fix"] for row in fixed["drift"])) == (1, True)
    assert Event.objects.count() > before
    assert reconcile() == (0, {"drift": [], "not_compared": []})


@pytest.mark.proof
def test_all_at_once(till: Till, plant: Callable[[DriftKind], None]) -> None:
    for kind in DriftKind:
        till.cart_id = f"cart_{kind.value}"
        plant(kind)

    _, found = reconcile("--fix")

    assert sorted(row["kind"] for row in found["drift"]) == sorted(kind.value for kind in DriftKind)
    assert reconcile()[0] == 0


class TestWhatFixDoes:
    def test_it_never_lowers_what_we_believe(self, plant: Callable[[DriftKind], None]) -> None:
        plant(DriftKind.CAPTURE_MISSING_THERE)
        reconcile("--fix")
        payment = Payment.objects.get()
        assert (payment.captured_amount, payment.frozen_at is None) == (4000, False)
        event = Event.objects.get(name="payment.frozen")
        assert (event.data["ours"]["captured"], event.data["theirs"]) == (4000, {"capture_missing_there": 0})

    @pytest.mark.parametrize(
        "kind",
        [DriftKind.CAPTURE_MISSING_THERE, DriftKind.REFUND_MISSING_THERE, DriftKind.REFUND_AMOUNT],
        ids=str,
    )
    def test_what_a_person_accepted_hides_nothing_that_is_found_later(
        self, till: Till, plant: Callable[[DriftKind], None], fake_provider: FakeProvider, kind: DriftKind
    ) -> None:
        plant(kind)
        reconcile("--fix")
        payment = decisions.unfreeze(payment_id=Payment.objects.get().pk, note="We lost it.")
        _, found = reconcile("--fix")
        assert [row["fix"] for row in found["drift"]] == [LEFT]

        post: Any = posting.post_capture
        amount, ref = 4000, "never either"
        if kind is not DriftKind.CAPTURE_MISSING_THERE:
            post, amount = posting.post_refund, 2500
        if kind is DriftKind.REFUND_AMOUNT:
            amount, ref = 2000, fake_provider.dashboard.refund(payment.provider_ref, 2500)
        with books.opened(payment.payment_collection_id) as book:
            post(book, book.payment(payment.pk), amount, provider_ref=ref)
        reconcile("--fix")
        payment.refresh_from_db()
        assert payment.frozen_at is not None

    @pytest.mark.parametrize("kind", [DriftKind.EXTERNAL_CAPTURE, DriftKind.CAPTURE_MISSING_THERE])
    def test_what_a_person_has_accepted_is_left_and_said_so(
        self, till: Till, fake_provider: FakeProvider, plant: Callable[[DriftKind], None], kind: DriftKind
    ) -> None:
        plant(kind)
        payment = Payment.objects.get()
        if kind is DriftKind.EXTERNAL_CAPTURE:
            fake_provider.dashboard.capture(payment.provider_ref, 20000)

        assert [row["fix"] for row in reconcile("--fix")[1]["drift"]] == ["frozen until a person has looked"]
        decisions.unfreeze(payment_id=payment.pk, note="Agreed with them.")

        status, found = reconcile("--fix")
        assert (status, [row["fix"] for row in found["drift"]]) == (1, [LEFT])
        payment.refresh_from_db()
        assert payment.frozen_at is None

    def test_money_of_a_lost_database_is_there_to_be_seen_and_stays(
        self, till: Till, fake_provider: FakeProvider, plant: Callable[[DriftKind], None]
    ) -> None:
        plant(DriftKind.ORPHAN_OBJECT)
        orphan = next(fake_provider.list_payments())
        fake_provider.dashboard.pay(orphan.provider_ref)
        reconcile("--fix")
        payment = Payment.objects.get()
        assert (payment.captured_amount, payment.refunded_amount) == (10000, 0)
        assert payment.payment_collection.metadata == {"found_by": "reconciliation"}
        assert Capture.objects.get().created_by == "provider"


def test_what_is_in_flight_is_no_drift(till: Till, script: Script, fake_provider: FakeProvider) -> None:
    payment = till.authorized()
    seen: list[Any] = []

    def reconcile_meanwhile(request: Any, call: Any) -> Any:
        script.clear()
        answer = call(request)
        seen.append(reconcile())
        return answer

    script["capture"] = reconcile_meanwhile
    captures.capture(payment_id=payment.pk)
    assert seen == [(0, {"drift": [], "not_compared": []})]


def test_a_provider_that_cant_be_asked_is_said_so(
    till: Till, fake_provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any) -> Any:
        raise ProviderUnavailable("Out of order.")

    monkeypatch.setattr(FakeProvider, "list_payments", unavailable)
    status, found = reconcile()
    assert (status, found["not_compared"]) == (2, ["pp_fake_fake: Out of order."])


@pytest.mark.parametrize(("currency_code", "shown"), [("jpy", "10000 JPY"), ("xbt", "10000 minor units of XBT")])
def test_a_second_object_in_another_currency_is_shown_in_its_own(
    till: Till,
    fake_provider: FakeProvider,
    plant: Callable[[DriftKind], None],
    admin_client: Client,
    currency_code: str,
    shown: str,
) -> None:
    plant(DriftKind.DUPLICATE_OBJECT)
    session = PaymentSession.objects.get()
    at_provider(fake_provider, f"{session.provider_ref}_again", currency_code=currency_code)
    reconcile("--fix")
    event = Event.objects.get(name="payment_collection.discrepancy")
    page = admin_client.get(reverse("admin:medusa_payments_event_change", args=[event.pk]))
    assertContains(page, f"amount {shown}, currency {currency_code}")


def test_a_provider_that_is_configured_wrongly_keeps_no_other_from_being_compared(
    till: Till, fake_provider: FakeProvider, settings: Any
) -> None:
    at_provider(fake_provider, till.authorized().provider_ref, currency_code="usd")
    broken = {"BACKEND": "medusa_payments.providers.stripe.provider.StripeProvider", "OPTIONS": {"api_key": 1}}
    sound = settings.MEDUSA_PAYMENTS["PROVIDERS"]["pp_fake_fake"]
    settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": {"pp_broken": broken, "pp_fake_fake": sound}}

    status, found = reconcile_all()

    assert status == 2
    assert [drift["kind"] for drift in found["drift"]] == ["currency"]
    assert [reason.partition(":")[0] for reason in found["not_compared"]] == ["pp_broken"]


@pytest.mark.parametrize("kind", [DriftKind.ORPHAN_OBJECT, DriftKind.EXTERNAL_CAPTURE])
def test_a_drift_whose_provider_cant_be_asked_again_is_left_and_said_so(
    plant: Callable[[DriftKind], None], monkeypatch: pytest.MonkeyPatch, kind: DriftKind
) -> None:
    def unavailable(*_: Any) -> Any:
        raise ProviderUnavailable("Out of order.")

    plant(kind)
    (drift,) = run.reconcile(run.Scope(provider_id="pp_fake_fake"))
    monkeypatch.setattr(FakeProvider, "retrieve", unavailable)
    assert fix(drift) == "Out of order."


class TestRebuild:
    def check(self) -> tuple[int, str]:
        out = StringIO()
        try:
            call_command("payments_rebuild", "--check", stdout=out)
        except SystemExit as exit_:
            return int(exit_.code or 0), out.getvalue()
        return 0, out.getvalue()

    def test_what_is_stored_follows_from_the_facts(self, till: Till) -> None:
        refunds.refund(payment_id=till.captured().pk, amount=THIRTY)
        assert self.check() == (0, "0 differences.\n")

    def test_a_collection_that_says_otherwise_is_put_right(self, till: Till) -> None:
        till.captured()
        PaymentCollection.objects.update(status="not_paid", captured_amount=1)
        status, said = self.check()
        assert (status, "status: stored not_paid, facts say completed" in said) == (1, True)

        call_command("payments_rebuild", stdout=StringIO())
        assert self.check()[0] == 0

    def test_a_payment_that_moves_while_it_is_checked_is_no_false_alarm(self, till: Till) -> None:
        first = till.captured()
        till.cart_id = "cart_2"
        second = till.authorized()
        Payment.objects.filter(pk=first.pk).update(refunded_amount=500)
        found = rebuild.check()
        assert next(found).row == first.pk

        captures.capture(payment_id=second.pk)
        assert {difference.row for difference in found} <= {first.pk, first.payment_collection_id}

    def test_a_counter_that_no_line_explains_is_told_and_left(self, till: Till) -> None:
        till.captured()
        Payment.objects.update(refunded_amount=500)
        call_command("payments_rebuild", stdout=StringIO())
        status, said = self.check()
        assert (status, "refunded_amount: stored 500, facts say 0" in said) == (1, True)


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_no_false_alarm_on_ten_thousand_clean_payments(till: Till, fake_provider: FakeProvider) -> None:
    make_clean_payments(10_000, fake_provider)
    assert Payment.objects.count() == 10_000
    assert Refund.objects.count() == 2_500
    assert reconcile() == (0, {"drift": [], "not_compared": []})


def test_every_kind_is_documented() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs/guides/reconciliation.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", guide, flags=re.MULTILINE)) == {kind.value for kind in DriftKind}


@pytest.mark.parametrize("since", ["yesterday", "2026-02-30", "2026-01-01T25:00:00"])
def test_a_date_that_is_none_is_no_drift(since: str) -> None:
    with pytest.raises(CommandError, match="ISO 8601") as refused:
        call_command("payments_reconcile", "--since", since)

    assert refused.value.returncode == 2
