"""Two accounts at one kind of provider: nothing of one is ever mixed up with the other's, whatever is reconfigured."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks

from medusa_payments.core.reconciliation import run
from medusa_payments.core.reconciliation.drift import DriftKind
from medusa_payments.core.reconciliation.fix import fix
from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import InvalidData, NotAllowed, PaymentOutcomeUnknown
from medusa_payments.models import Capture, Operation, Payment, PaymentCollection, PaymentSession, WebhookEvent
from medusa_payments.services import captures, payment_sessions, payments, refunds, webhooks, worker
from tests.audit import recover
from tests.scripted import authorize, run_out
from tests.several_accounts import NORTH, SOUTH, Keyed, Put, captured, fake, provider
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

TEN = Decimal(10)


@pytest.fixture
def put(settings: Any, till: Till) -> Put:
    before = settings.MEDUSA_PAYMENTS

    def configure(**aliases: Any) -> None:
        local = {"pp_system_default": before["PROVIDERS"]["pp_system_default"]}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": local | aliases}

    return configure


@pytest.fixture
def accounts(put: Put, tmp_path: Path) -> dict[str, Any]:
    """`pp_fake_north` and `pp_fake_south`, each with an account, books and a webhook secret of its own."""
    configured = {NORTH: fake(tmp_path, "north"), SOUTH: fake(tmp_path, "south")}
    put(**configured)
    return configured


@pytest.fixture
def keyed(put: Put, tmp_path: Path) -> Iterator[Any]:
    """Configure `pp_fake_north` with a key; `keyed("sk_new")` rotates it."""

    def use(api_key: str, **options: Any) -> None:
        put(**{NORTH: fake(tmp_path, "north", api_key=api_key, **options)})

    use("sk_old")
    yield use
    Keyed.revoked = set()


def moved(alias: str, verb: str) -> list[int]:
    return [entry["amount"] for entry in provider(alias).ledger_entries() if entry["verb"] == verb]


def own_checks() -> list[CheckMessage]:
    """Not those of an app that another test had installed for a while: a check, once registered, stays."""
    found = run_checks(tags=["medusa_payments", "database"], databases=["default"])
    return [check for check in found if str(check.id).startswith("medusa_payments.")]


class TestNothingIsMixedUp:
    def test_each_has_its_own_money(self, till: Till, accounts: Any) -> None:
        north, south = captured(till, NORTH), captured(till, SOUTH)
        refunds.refund(payment_id=north.pk, amount=TEN)

        assert (north.provider_account, south.provider_account) == ("north", "south")
        assert (moved(NORTH, "capture"), moved(SOUTH, "capture")) == ([10000], [10000])
        assert (moved(NORTH, "refund"), moved(SOUTH, "refund")) == ([1000], [])

    def test_a_webhook_counts_for_the_account_that_signed_it(self, till: Till, accounts: Any) -> None:
        session = till.session(NORTH)
        provider(NORTH).dashboard.pay(session.provider_ref or "")
        body, headers = provider(NORTH).webhooks()[-1]

        with pytest.raises(InvalidData):
            webhooks.receive(provider_id=SOUTH, body=body, headers=headers)
        assert not WebhookEvent.objects.exists()
        webhooks.receive(provider_id=NORTH, body=body, headers=headers)
        assert Capture.objects.count() == 1

    def test_one_that_the_other_account_signed_as_well_is_foreign_there(self, till: Till, accounts: Any) -> None:
        """As when one endpoint is registered with both."""
        provider(NORTH).dashboard.pay(till.session(NORTH).provider_ref or "")
        body, _ = provider(NORTH).webhooks()[-1]

        event = webhooks.receive(provider_id=SOUTH, body=body, headers=provider(SOUTH).sign(body))

        assert (event.status, event.body, event.provider_ref) == ("foreign", None, "")
        assert not Payment.objects.exists()

    def test_one_event_id_in_two_accounts_is_two_events(self, till: Till, accounts: Any) -> None:
        events = {}
        for alias in (NORTH, SOUTH):
            till.cart_id = f"cart_{alias}"
            provider(alias).dashboard.pay(till.session(alias).provider_ref or "")
            body, _ = provider(alias).webhooks()[-1]
            renamed = body.replace(b'"id":"fake_evt_', b'"id":"', 1)
            same_id = b'{"id":"evt_1",' + renamed.split(b",", 1)[1]
            events[alias] = webhooks.receive(provider_id=alias, body=same_id, headers=provider(alias).sign(same_id))
        assert {event.event_id for event in events.values()} == {"evt_1"}
        assert [event.duplicates for event in events.values()] == [0, 0]
        assert Capture.objects.count() == 2

    def test_one_reference_in_two_accounts_is_two_payments(self, till: Till, accounts: Any) -> None:
        north = captured(till, NORTH)
        twin = replace(provider(NORTH).payment(north.provider_ref), session_id="payses_x", captured=0, authorized=0)  # type: ignore[type-var]
        with provider(SOUTH)._ledger.transaction() as books:
            books.save(twin)
            books.tell("payment.captured", twin)
        body, headers = provider(SOUTH).webhooks()[-1]

        event = webhooks.receive(provider_id=SOUTH, body=body, headers=headers)

        assert (event.status, event.error_message) == ("waiting", "No payment session belongs to it.")
        north.refresh_from_db()
        assert (north.captured_amount, north.frozen_at) == (10000, None)

    def test_reconciliation_compares_each_with_its_own_rows(self, till: Till, accounts: Any) -> None:
        captured(till, NORTH), captured(till, SOUTH)
        scopes, _ = run.scopes()
        assert sorted(scope.provider_id for scope in scopes) == [NORTH, SOUTH]
        assert [drift for scope in scopes for drift in run.reconcile(scope)] == []

        provider(SOUTH).dashboard.refund(Payment.objects.get(provider_id=SOUTH).provider_ref, 500)
        found = {scope.provider_id: [drift.kind for drift in run.reconcile(scope)] for scope in scopes}
        assert found == {NORTH: [], SOUTH: [DriftKind.EXTERNAL_REFUND]}

    def test_an_object_that_names_a_session_of_the_other_account_is_not_adopted(
        self, till: Till, accounts: Any
    ) -> None:
        session = till.session(NORTH)
        PaymentSession.objects.filter(pk=session.pk).update(provider_ref=None)
        made = provider(NORTH).payment(session.provider_ref or "")
        assert made is not None
        with provider(SOUTH)._ledger.transaction() as books:
            books.save(replace(made, ref="fake_pay_south"))
        provider(SOUTH).dashboard.pay("fake_pay_south")

        scope = next(scope for scope in run.scopes()[0] if scope.provider_id == SOUTH)
        (drift,) = run.reconcile(scope)
        assert drift.kind is DriftKind.DUPLICATE_OBJECT
        assert fix(drift) == "recorded for a person"
        session.refresh_from_db()
        assert (session.provider_ref, Payment.objects.count()) == (None, 0)

    def test_a_session_with_the_other_account_replaces_and_cancels(self, till: Till, accounts: Any) -> None:
        first = till.session(NORTH)
        second = till.session(SOUTH)
        first.refresh_from_db()
        assert (first.slot, second.slot, first.status) == (None, 0, "canceled")
        assert moved(NORTH, "cancel") == [0]


class TestAnAliasThatPointsElsewhereNow:
    @pytest.fixture
    def paid(self, till: Till, accounts: Any, put: Put) -> Payment:
        """Authorized in the north; then the alias was pointed to the south, and its own was removed."""
        payment = till.authorized(NORTH)
        put(**{NORTH: accounts[SOUTH]})
        return payment

    @pytest.mark.parametrize(
        "verb",
        [
            lambda payment: captures.capture(payment_id=payment.pk),
            lambda payment: payments.cancel(payment_id=payment.pk),
            lambda payment: refunds.refund(payment_id=payment.pk),
        ],
    )
    def test_nothing_is_sent_to_it(self, paid: Payment, verb: Any) -> None:
        with pytest.raises(NotAllowed, match="another account"):
            verb(paid)
        assert provider(NORTH).ledger_entries() == []
        assert not Operation.objects.filter(status="open").exists()

    def test_nothing_is_read_there(self, paid: Payment) -> None:
        converged = comparing.look_at(paid.payment_session_id)
        assert (converged.waits, "another account" in converged.problem) == (True, True)

    def test_a_live_session_is_replaced_not_updated(self, till: Till, accounts: Any, put: Put) -> None:
        north = till.session(NORTH)
        put(**{NORTH: accounts[SOUTH]})
        south = till.session(NORTH)
        assert (south.pk == north.pk, south.provider_account) == (False, "south")
        assert moved(NORTH, "initiate") == [10000]

    def test_a_check_lists_what_it_left_behind(self, till: Till, paid: Payment) -> None:
        Operation.objects.filter(kind="authorize").update(status="open", settled_at=None)
        found = {
            check.id: check.msg for check in run_checks(tags=["medusa_payments", "database"], databases=["default"])
        }
        assert found["medusa_payments.W010"] == (
            "1 operations of payment provider pp_fake_north are open, and its account 'north' isn't configured."
        )
        assert found["medusa_payments.W014"] == (
            "1 payments of payment provider pp_fake_north hold money that isn't captured, and its account 'north' "
            "isn't configured."
        )

    def test_it_goes_on_under_any_alias_of_the_account(self, paid: Payment, accounts: Any, put: Put) -> None:
        put(**{NORTH: accounts[SOUTH], "pp_fake_archive": accounts[NORTH]})
        assert [check.id for check in own_checks()] == []
        assert captures.capture(payment_id=paid.pk).captured_amount == 10000
        assert moved("pp_fake_archive", "capture") == [10000]
        assert moved(NORTH, "capture") == []


class TestAPaymentMethodThatIsNotOfferedAnyMore:
    """Its alias is gone; another one on the same account stands in."""

    @pytest.fixture
    def gone(self, accounts: Any, put: Put) -> Any:
        return lambda: put(pp_fake_card=accounts[NORTH], **{SOUTH: accounts[SOUTH]})

    def test_its_payments_are_captured_refunded_and_canceled(self, till: Till, accounts: Any, gone: Any) -> None:
        payment = till.authorized(NORTH)
        gone()
        captures.capture(payment_id=payment.pk, amount=TEN)
        refunds.refund(payment_id=payment.pk, amount=TEN)
        canceled = payments.cancel(payment_id=payment.pk)
        assert (canceled.captured_amount, canceled.refunded_amount, canceled.released_amount) == (1000, 1000, 9000)
        assert moved("pp_fake_card", "refund") == [1000]
        assert set(Operation.objects.values_list("provider_id", flat=True)) == {NORTH}

    def test_a_customer_who_paid_with_it_is_recorded(self, till: Till, accounts: Any, gone: Any) -> None:
        session = till.session(NORTH)
        gone()
        provider("pp_fake_card").dashboard.pay(session.provider_ref or "")
        body, headers = provider("pp_fake_card").webhooks()[-1]
        event = webhooks.receive(provider_id="pp_fake_card", body=body, headers=headers)
        assert (event.status, Payment.objects.get().captured_amount) == ("applied", 10000)

    def test_one_whose_webhook_was_lost_is_asked_about(self, till: Till, accounts: Any, gone: Any) -> None:
        session = till.session(NORTH)
        gone()
        provider("pp_fake_card").dashboard.pay(session.provider_ref or "")
        PaymentCollection.objects.update(attention_at=session.created_at)
        worker.run_once()
        assert Payment.objects.get().captured_amount == 10000

    def test_a_tab_that_is_open_still_can_be_authorized(self, till: Till, accounts: Any, gone: Any) -> None:
        session = till.session(NORTH)
        gone()
        assert authorize(session).status == "authorized"

    def test_nobody_can_choose_it(self, till: Till, accounts: Any, gone: Any) -> None:
        collection = till.collection()
        gone()
        with pytest.raises(InvalidData, match="not configured"):
            payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=NORTH)

    def test_a_choice_in_doubt_is_never_sent_as_another_method(
        self, till: Till, accounts: Any, gone: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(PaymentOutcomeUnknown):
            till.session(NORTH, on="initiate", outcome="timeout_before")
        gone()
        run_out(Operation.objects.get())
        recover()
        assert moved("pp_fake_card", "initiate") == []
        assert "not configured" in Operation.objects.get().error_message


class TestAKeyIsRotated:
    """The account's name stays, its key changes."""

    def test_what_was_lost_under_the_old_key_is_found_under_the_new_one(self, till: Till, keyed: Any) -> None:
        payment = till.authorized(NORTH, on="capture", outcome="timeout_after")
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk)
        Keyed.revoked = {"sk_old"}
        assert recover() == 1, "with the old key nobody can tell"
        assert Operation.objects.get(kind="capture").status == "open"

        keyed("sk_new")
        assert recover() == 0
        payment.refresh_from_db()
        assert (payment.captured_amount, payment.capturing_amount) == (10000, 0)
        assert moved(NORTH, "capture") == [10000]

    def test_what_never_arrived_is_sent_under_the_new_one_once(self, till: Till, keyed: Any) -> None:
        payment = till.authorized(NORTH, on="capture", outcome="timeout_before")
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk, amount=TEN)
        keyed("sk_new")
        Keyed.revoked = {"sk_old"}
        assert captures.capture(payment_id=payment.pk, amount=TEN).captured_amount == 1000
        assert Operation.objects.filter(kind="capture").count() == 1
        assert moved(NORTH, "capture") == [1000]

    def test_a_repeat_that_the_old_key_refuses_is_never_nothing_moved(self, till: Till, keyed: Any) -> None:
        payment = till.authorized(NORTH, on="capture", outcome="timeout_after")
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk)
        Keyed.revoked = {"sk_old"}
        with pytest.raises(PaymentOutcomeUnknown):
            captures.capture(payment_id=payment.pk)
        assert Operation.objects.get(kind="capture").status == "open"

        keyed("sk_new")
        assert captures.capture(payment_id=payment.pk).captured_amount == 10000
        assert moved(NORTH, "capture") == [10000]

    def test_a_new_request_under_a_revoked_key_moves_nothing_and_can_be_made_again(
        self, till: Till, keyed: Any
    ) -> None:
        payment = till.authorized(NORTH)
        Keyed.revoked = {"sk_old"}
        with pytest.raises(InvalidData):
            captures.capture(payment_id=payment.pk)
        payment.refresh_from_db()
        assert payment.capturing_amount == 0
        keyed("sk_new")
        assert captures.capture(payment_id=payment.pk).captured_amount == 10000

    def test_sessions_payments_and_refunds_go_on(self, till: Till, keyed: Any) -> None:
        session = till.session(NORTH)
        keyed("sk_new")
        Keyed.revoked = {"sk_old"}
        again = till.session_of(session)
        assert again.pk == session.pk, "updated in place: it is the same account"
        payment = authorize(again).payment
        captures.capture(payment_id=payment.pk)
        assert refunds.refund(payment_id=payment.pk).refunded_amount == 10000

    def test_webhooks_of_both_secrets_are_taken_while_both_are_configured(self, till: Till, keyed: Any) -> None:
        provider(NORTH).dashboard.pay(till.session(NORTH).provider_ref or "")
        sent = provider(NORTH).webhooks()
        keyed("sk_new", webhook_secrets=["whsec_new", "whsec_north"])
        for body, headers in sent:
            webhooks.receive(provider_id=NORTH, body=body, headers=headers)
        assert Capture.objects.count() == 1

        keyed("sk_new", webhook_secrets=["whsec_new"])
        with pytest.raises(InvalidData):
            webhooks.receive(provider_id=NORTH, body=sent[-1][0], headers=sent[-1][1])
        body, headers = provider(NORTH).webhooks()[-1]
        webhooks.receive(provider_id=NORTH, body=body, headers=headers)
        assert WebhookEvent.objects.get(event_type="payment.captured").duplicates == 1

    def test_what_was_kept_under_the_old_secret_is_applied_without_it(self, till: Till, keyed: Any) -> None:
        session = till.session(NORTH)
        provider(NORTH).dashboard.pay(session.provider_ref or "")
        Keyed.revoked = {"sk_old"}
        body, headers = provider(NORTH).webhooks()[-1]
        assert webhooks.receive(provider_id=NORTH, body=body, headers=headers).status == "waiting"
        keyed("sk_new", webhook_secrets=["whsec_new"])
        assert recover() == 0
        assert (WebhookEvent.objects.get().status, Payment.objects.get().captured_amount) == ("applied", 10000)


class TestChecks:
    def found(self) -> list[str]:
        return [f"{check.id}: {check.msg}" for check in run_checks(tags=["medusa_payments"])]

    def test_two_accounts_and_eight_aliases_of_one_are_fine(self, accounts: Any, put: Put) -> None:
        put(**accounts, **{f"pp_fake-{number}_north": accounts[NORTH] for number in range(8)})
        assert self.found() == []

    def test_one_name_for_two_accounts(self, put: Put, tmp_path: Path) -> None:
        other = fake(tmp_path, "south") | {}
        other["OPTIONS"] = other["OPTIONS"] | {"account": "north"}
        put(**{NORTH: fake(tmp_path, "north"), SOUTH: other})
        (message,) = self.found()
        assert message == (
            "medusa_payments.W012: pp_fake_north and pp_fake_south say they are on one account ('north'), "
            "and their keys differ."
        )

    def test_two_names_for_one_account(self, put: Put, tmp_path: Path) -> None:
        other = fake(tmp_path, "north")
        other["OPTIONS"] = other["OPTIONS"] | {"account": "south"}
        put(**{NORTH: fake(tmp_path, "north"), SOUTH: other})
        (message,) = self.found()
        assert message == (
            "medusa_payments.W013: pp_fake_north and pp_fake_south have the same key, and say they are on different "
            "accounts ('north', 'south')."
        )

    def test_a_key_that_is_rotated_for_one_alias_only(self, put: Put, tmp_path: Path) -> None:
        keys = {"pp_fake_card": "sk_old_secret", "pp_fake_ideal": "sk_new_secret"}
        put(**{alias: fake(tmp_path, "north", api_key=key) for alias, key in keys.items()})
        (message,) = self.found()
        assert message.startswith("medusa_payments.W012")
        assert "secret" not in message

    def test_options_that_cant_be_used_are_another_checks_business(self, put: Put, tmp_path: Path) -> None:
        put(**{NORTH: fake(tmp_path, "north"), SOUTH: {"BACKEND": "no.such"}})
        assert not [message for message in self.found() if "W01" in message]
