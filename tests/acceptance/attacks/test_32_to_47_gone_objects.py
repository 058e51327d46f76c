"""Attack 38: the provider's object is missing, canceled there, or can't be changed. The next choice works at once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import stripe
from django.core import checks
from django.test import Client

from medusa_payments.customers import Customer
from medusa_payments.exceptions import NotAllowed
from medusa_payments.models import AccountHolder, PaymentCollection, PaymentSession
from medusa_payments.providers.errors import ProviderObjectGone
from medusa_payments.services import account_holders, payment_methods, payment_sessions
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin
from tests.audit import differences, recover
from tests.scripted import Moved, Script, Scripted, authorize
from tests.split import FAKE, split, tender
from tests.till import Till
from tests.twin import MULTICAPTURE_KEY, open_twin

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

STRIPE = "pp_stripe_stripe"

Lose = Callable[[PaymentSession], None]


class Unchangeable(Scripted):
    """Its objects are as they were made, as with Mollie's payments, Adyen's sessions and Razorpay's orders."""

    capabilities = replace(FakeProvider.capabilities, supports_update=False)

    def update(self, request: Any) -> Any:
        raise AssertionError("can't be updated")


class BlindUnchangeable(Unchangeable):
    """Can't be asked, either."""

    capabilities = replace(Unchangeable.capabilities, can_retrieve=False, finds_by_session=False, reports_keys=False)


def gone(*_: Any) -> Any:
    raise ProviderObjectGone("It can't be changed.")


def canceled_at_stripe(session: PaymentSession) -> None:
    open_twin().dashboard.cancel(session.provider_ref or "")


def deleted_at_stripe(session: PaymentSession) -> None:
    with open_twin()._store.transaction() as connection:
        books = Books(connection)
        connection.execute("DELETE FROM objects WHERE id = ?", [session.provider_ref])
        assert books.scope_of(session.provider_ref or "") is None


class TestAttack38OnStripe:
    @pytest.fixture(params=[canceled_at_stripe, deleted_at_stripe])
    def lost_session(self, request: Any, till: Till, stripe_twin: StripeTwin) -> PaymentSession:
        session = till.session(STRIPE)
        request.param(session)
        return session

    @pytest.mark.parametrize("key", [None, "k1"])
    def test_38_the_same_request_makes_a_new_one(
        self, lost_session: PaymentSession, stripe_twin: StripeTwin, key: str | None
    ) -> None:
        for _ in range(2):
            session = payment_sessions.initialize(
                payment_collection_id=lost_session.payment_collection_id, provider_id=STRIPE, idempotency_key=key
            )
        found = stripe_twin.payment(session.provider_ref or "")
        assert found
        assert (found.status, session.pk != lost_session.pk) == ("requires_payment_method", True)

        stripe_twin.dashboard.pay(session.provider_ref or "", "pm_card_visa")
        assert authorize(session).status == "authorized"

    def test_38_authorize_says_so_and_initialize_leads_on(self, lost_session: PaymentSession) -> None:
        with pytest.raises(NotAllowed, match="was not authorized"):
            authorize(lost_session)

        again = payment_sessions.initialize(
            payment_collection_id=lost_session.payment_collection_id, provider_id=STRIPE
        )
        assert again.status == "pending"

    def test_38_a_set_makes_a_new_one(self, lost_session: PaymentSession, stripe_twin: StripeTwin) -> None:
        session, _ = split(
            lost_session.payment_collection, tender("60", STRIPE, lost_session), tender("40", "pp_system_default")
        )
        found = stripe_twin.payment(session.provider_ref or "")
        assert found
        assert found.status == "requires_payment_method"

    def test_38_v1_refresh_makes_a_new_one(self, lost_session: PaymentSession, stripe_twin: StripeTwin) -> None:
        path = f"/v1/store/payment-collections/{lost_session.payment_collection_id}/sessions/{lost_session.pk}"
        answer = Client().post(path, {}, content_type="application/json")
        assert answer.status_code == 200
        assert answer.json()["payment_session"]["id"] != lost_session.pk

    def test_38_a_customer_deleted_there_gets_a_new_account_once(self, till: Till, stripe_twin: StripeTwin) -> None:
        till.set_total("100")
        collection = till.collection()
        ask = {"payment_collection_id": collection.pk, "provider_id": STRIPE, "customer_id": "17"}
        payment_sessions.initialize(**ask)
        deleted = AccountHolder.objects.get()
        client = stripe.StripeClient(SECRET_KEY, http_client=stripe_twin.http_client())
        client.v1.customers.delete(deleted.external_id or "")
        till.cart_id = "cart_2"
        ask["payment_collection_id"] = till.collection().pk

        for _ in range(2):
            session = payment_sessions.initialize(**ask)

        assert session.status == "pending"
        assert AccountHolder.objects.get().external_id != deleted.external_id

    def test_38_a_method_is_saved_with_the_new_account_and_its_key_says_the_same_again(
        self, till: Till, stripe_twin: StripeTwin
    ) -> None:
        holder = account_holders.create(provider_id=STRIPE, customer=Customer(id="17"))
        client = stripe.StripeClient(SECRET_KEY, http_client=stripe_twin.http_client())
        client.v1.customers.delete(holder.external_id or "")

        begun = [
            payment_methods.save(account_holder_id=holder.pk, customer_id="17", idempotency_key="k1") for _ in range(2)
        ]

        assert begun[0].id == begun[1].id


class TestAttack38TheKeyOfAnotherAccount:
    def test_38_a_check_with_deploy_says_so(self, till: Till, settings: Any, stripe_twin: StripeTwin) -> None:
        session = till.session(STRIPE)
        stripe_twin.dashboard.pay(session.provider_ref or "", "pm_card_visa")
        authorize(session)
        assert warnings() == []

        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        another = {"api_key": MULTICAPTURE_KEY}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {
            "PROVIDERS": {
                alias: entry | {"OPTIONS": entry.get("OPTIONS", {}) | another} if alias == STRIPE else entry
                for alias, entry in configured.items()
                if alias == STRIPE or "stripe" not in entry["BACKEND"]
            }
        }

        [warning] = warnings()
        assert warning.startswith(f"{STRIPE} knows none of the newest payments")
        assert MULTICAPTURE_KEY not in warning

    def test_38_the_next_choice_works_all_the_same(self, till: Till, settings: Any, stripe_twin: StripeTwin) -> None:
        session = till.session(STRIPE)
        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        entry = configured[STRIPE] | {"OPTIONS": configured[STRIPE]["OPTIONS"] | {"api_key": MULTICAPTURE_KEY}}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": configured | {STRIPE: entry}}

        again = till.session_of(session)

        assert (again.status, again.pk == session.pk) == ("pending", False)


def warnings() -> list[str]:
    reported = checks.run_checks(tags=["medusa_payments"], include_deployment_checks=True)
    return [message.msg for message in reported if message.id == "medusa_payments.W025"]


@pytest.mark.fake_only("Stripe's objects can be changed")
class TestAttack38ObjectsThatCanNotBeChanged:
    @pytest.fixture(params=["Unchangeable", "BlindUnchangeable"])
    def session(self, request: Any, till: Till, settings: Any, script: Script) -> PaymentSession:
        configured = settings.MEDUSA_PAYMENTS["PROVIDERS"]
        entry = configured[FAKE] | {"BACKEND": f"{__name__}.{request.param}"}
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": configured | {FAKE: entry}}
        return till.session()

    @pytest.mark.parametrize("ask", ["initialize", "set", "refresh"])
    def test_38_another_amount_gets_another_object(
        self, session: PaymentSession, till: Till, moved: Moved, fake_provider: FakeProvider, ask: str
    ) -> None:
        till.set_total("150")
        collection = PaymentCollection.objects.get()

        if ask == "initialize":
            fresh = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=FAKE)
        elif ask == "set":
            fresh = split(collection, tender("150", keep=session))[0]
        else:
            fresh = payment_sessions.refresh(payment_collection_id=collection.pk, payment_session_id=session.pk)

        assert (fresh.amount, fresh.pk == session.pk) == (15000, False)
        authorize(fresh)
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_38_what_is_unchanged_keeps_its_object(self, session: PaymentSession, till: Till, moved: Moved) -> None:
        again = [till.session_of(session).pk for _ in range(3)]
        assert (again, moved("initiate")) == ([session.pk] * 3, [10000])

    def test_38_other_data_gets_another_object(self, session: PaymentSession, till: Till, moved: Moved) -> None:
        till.session_of(session, outcome="authorized")
        assert (moved("initiate"), moved("cancel"), moved("update")) == ([10000, 10000], [0], [])

    def test_38_an_attempt_that_failed_gets_another_object(self, session: PaymentSession, till: Till) -> None:
        failed = till.session_of(session, outcome="error")
        with pytest.raises(NotAllowed):
            authorize(failed)

        assert till.session_of(session, outcome="error").pk != failed.pk


class TestAttack38AnUpdateThatIsRefused:
    """Nothing said beforehand that the object can't be changed."""

    @pytest.mark.parametrize("key", [None, "k1"])
    def test_38_the_same_request_makes_a_new_one(
        self, till: Till, script: Script, moved: Moved, fake_provider: FakeProvider, key: str | None
    ) -> None:
        session = till.session()
        script["update"] = gone

        made = [
            payment_sessions.initialize(
                payment_collection_id=session.payment_collection_id, provider_id=FAKE, idempotency_key=key
            ).pk
            for _ in range(2)
        ]

        assert session.pk not in made
        assert len(set(made)) == (1 if key else 2)
        authorize(PaymentSession.objects.get(slot=0))
        script.clear()
        assert recover() == 0
        assert differences(fake_provider) == []

    @pytest.mark.parametrize("key", [None, "k1"])
    def test_38_a_set_too(self, till: Till, script: Script, fake_provider: FakeProvider, key: str | None) -> None:
        session = till.session()
        script["update"] = gone
        collection = PaymentCollection.objects.get()

        for _ in range(2):
            made = split(collection, tender("30"), tender("70", keep=session), idempotency_key=key)

        for each in made:
            authorize(each)
        assert recover() == 0
        assert PaymentCollection.objects.get().status == "authorized"
        assert differences(fake_provider) == []

    def test_38_an_update_answered_with_a_canceled_object_is_no_answer(
        self, till: Till, configure: Any, script: Script
    ) -> None:
        configure(FAKE, "Blind")
        session = till.session()
        script["update"] = lambda request, call: replace(call(request), status=SessionStatus.CANCELED)

        again = till.session_of(session)

        assert (again.status, again.pk == session.pk) == ("pending", False)
