"""Attack 35: the cart changes after the customer has paid. One storefront call leads on, and nothing stays held."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from medusa_payments.carts import CartSnapshot
from medusa_payments.core.saga import comparing
from medusa_payments.exceptions import Conflict, NotAllowed, NotFound, PaymentOutcomeUnknown, ProviderNotReachable
from medusa_payments.models import Event, Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.queries import held_money
from medusa_payments.services import captures, payment_collections, payment_sessions, publishable_keys
from medusa_payments.testing.fake_provider import FakeProvider
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.audit import differences, recover
from tests.scripted import SECOND, Moved, Script, answer_lost, authorize, declined, lost, run_out, unavailable
from tests.split import FAKE, split, tender
from tests.till import Till

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

SYSTEM = "pp_system_default"
STRIPE = "pp_stripe_stripe"

Charge = Callable[..., None]


@pytest.fixture
def charge(till: Till) -> Charge:
    """Set what the cart costs, and what the host says about an order."""

    def change(amount: str, currency_code: str = "eur", *, has_order: bool | None = False) -> None:
        till.carts[till.cart_id] = CartSnapshot(
            amount=Decimal(amount), currency_code=currency_code, has_order=has_order
        )

    return change


def begun(charge: Charge, amount: str = "50", provider_id: str = FAKE) -> PaymentSession:
    charge(amount)
    collection = payment_collections.create_for_cart(cart_id="cart_1")
    return payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=provider_id)


def again(provider_id: str = FAKE, **more: Any) -> PaymentSession:
    collection = PaymentCollection.objects.get()
    return payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=provider_id, **more)


def held() -> list[int]:
    return [payment.held_amount for payment in Payment.objects.filter(canceled_at=None).order_by("created_at")]


def paid() -> tuple[int, str, bool]:
    collection = PaymentCollection.objects.get()
    return collection.amount, collection.status, held_money.pays_for(collection)


def told() -> list[dict[str, Any]]:
    return [event.data for event in Event.objects.filter(name="payment_collection.money_kept").order_by("number")]


@pytest.fixture(params=["in the browser", "and the webhook came", "and we authorized"])
def paid_session(request: Any, charge: Charge, script: Script, fake_provider: FakeProvider) -> PaymentSession:
    """50 EUR, paid in the browser; nobody, the webhook, or our authorize has told the shop."""
    session = begun(charge)
    if request.param == "and we authorized":
        authorize(session)
    else:
        fake_provider.dashboard.authorize(session.provider_ref or "")
    if request.param == "and the webhook came":
        comparing.look_at(session.pk)
    return session


class TestAttack35NoOrderExists:
    @pytest.mark.parametrize(("amount", "currency_code"), [("70", "eur"), ("30", "eur"), ("50", "usd")])
    @pytest.mark.parametrize("provider_id", [FAKE, SECOND, SYSTEM])
    def test_35_what_is_held_is_released_and_the_customer_pays_anew(
        self,
        paid_session: PaymentSession,
        charge: Charge,
        moved: Moved,
        fake_provider: FakeProvider,
        amount: str,
        currency_code: str,
        provider_id: str,
    ) -> None:
        charge(amount, currency_code)

        session = again(provider_id)
        assert (session.amount, session.currency_code) == (int(amount) * 100, currency_code)
        assert (held(), moved("cancel")) == ([], [5000])
        authorize(session)

        assert (paid(), held()) == ((int(amount) * 100, "authorized", True), [int(amount) * 100])
        assert told() == []
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_35_the_advice_of_authorize_leads_on(
        self, charge: Charge, script: Script, fake_provider: FakeProvider
    ) -> None:
        session = begun(charge)
        fake_provider.dashboard.authorize(session.provider_ref or "")
        charge("70")
        with pytest.raises(Conflict, match="Initialize the payment session again") as changed:
            authorize(session)
        assert changed.value.code == "cart_changed"

        authorize(again())

        assert (paid(), held()) == ((7000, "authorized", True), [7000])

    def test_35_a_cart_that_costs_nothing_needs_no_payment(
        self, paid_session: PaymentSession, charge: Charge, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        charge("0")

        payment_sessions.authorize_sessions(
            payment_collection_id=paid_session.payment_collection_id, payment_session_ids=[]
        )

        assert (paid()[:2], held(), moved("cancel")) == ((0, "completed"), [0], [5000])
        assert recover() == 0
        assert differences(fake_provider) == []

    @pytest.mark.parametrize("names_it", [True, False])
    def test_35_a_session_that_nobody_paid_is_not_in_the_way_of_a_cart_that_costs_nothing(
        self, charge: Charge, script: Script, moved: Moved, fake_provider: FakeProvider, names_it: bool
    ) -> None:
        session = begun(charge)
        charge("0")

        payment_sessions.authorize_sessions(
            payment_collection_id=session.payment_collection_id, payment_session_ids=[session.pk] if names_it else []
        )

        assert (paid(), held(), moved("cancel")) == ((0, "completed", True), [0], [0])
        assert recover() == 0
        assert differences(fake_provider) == []

    @pytest.mark.parametrize("ask", ["refresh", "create"])
    def test_35_the_collection_follows_after_the_release(
        self, paid_session: PaymentSession, charge: Charge, moved: Moved, ask: str
    ) -> None:
        charge("70")

        if ask == "refresh":
            payment_collections.refresh(payment_collection_id=paid_session.payment_collection_id)
        else:
            payment_collections.create_for_cart(cart_id="cart_1")

        assert (paid()[:2], moved("cancel")) == ((7000, "not_paid"), [5000])

    def test_35_what_grew_from_nothing_is_paid(self, charge: Charge, till: Till) -> None:
        authorize(begun(charge, "0", SYSTEM))
        charge("50")

        authorize(again(SYSTEM))

        assert paid() == (5000, "authorized", True)

    def test_35_the_price_changes_and_changes_back(
        self, paid_session: PaymentSession, charge: Charge, moved: Moved
    ) -> None:
        charge("70")
        charge("50")

        with pytest.raises(NotAllowed, match="is paid with"):
            again()

        assert (moved("cancel"), held()) == ([], [5000])

    def test_35_a_set_whose_sum_does_not_fit_is_chosen_anew(
        self, charge: Charge, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        charge("100")
        collection = payment_collections.create_for_cart(cart_id="cart_1")
        first, _ = split(collection, tender("60"), tender("40"))
        fake_provider.dashboard.authorize(first.provider_ref or "")
        charge("120")

        for session in split(collection, tender("50"), tender("70", SECOND)):
            authorize(session)

        assert (moved("cancel").count(6000), paid(), sorted(held())) == (1, (12000, "authorized", True), [5000, 7000])
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_35_a_set_that_keeps_what_is_held_and_fits_releases_nothing(
        self, charge: Charge, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        charge("100")
        collection = payment_collections.create_for_cart(cart_id="cart_1")
        first, _ = split(collection, tender("60"), tender("40"))
        authorize(first)
        charge("120")

        _, rest = split(collection, tender("60", keep=first), tender("60", SECOND))
        authorize(rest)

        assert (6000 in moved("cancel"), paid(), held()) == (False, (12000, "authorized", True), [6000, 6000])

    def test_35_two_tabs_pay_two_prices(self, charge: Charge, script: Script, fake_provider: FakeProvider) -> None:
        """The object of the other tab can't be given up in time, and both are paid."""
        session = begun(charge)
        script["cancel"] = unavailable
        charge("70")
        other = again(SECOND)
        fake_provider.dashboard.authorize(session.provider_ref or "")
        comparing.look_at(session.pk)
        script.clear()

        authorize(again(SECOND))

        assert other.pk == PaymentSession.objects.get(slot=0).pk
        assert recover() == 0
        assert (paid(), held()) == ((7000, "authorized", True), [7000])

    def test_35_what_is_captured_stays_and_the_rest_is_asked_for(
        self, paid_session: PaymentSession, charge: Charge, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        comparing.look_at(paid_session.pk)
        captures.capture(payment_id=Payment.objects.get().pk)
        charge("70")

        rest = again()
        assert (rest.amount, moved("cancel"), len(told())) == (2000, [], 1)
        authorize(rest)

        assert (paid(), held()) == ((7000, "authorized", True), [5000, 2000])
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_35_of_what_is_captured_in_part_the_rest_is_released(
        self, paid_session: PaymentSession, charge: Charge, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        comparing.look_at(paid_session.pk)
        captures.capture(payment_id=Payment.objects.get().pk, amount=Decimal(20))
        charge("70")

        authorize(again())

        assert (paid(), held(), moved("cancel")) == ((7000, "authorized", True), [2000, 5000], [3000])
        assert recover() == 0
        assert moved("refund") == []

    @pytest.mark.parametrize("verb", [lost, answer_lost])
    def test_35_a_release_whose_outcome_is_unknown_is_found_out(
        self,
        paid_session: PaymentSession,
        charge: Charge,
        script: Script,
        moved: Moved,
        fake_provider: FakeProvider,
        verb: Any,
    ) -> None:
        charge("70")
        script["cancel"] = verb
        with pytest.raises(PaymentOutcomeUnknown) as unknown:
            again()
        assert unknown.value.retry_after
        script.clear()
        recover()

        authorize(again())

        assert (paid(), held(), moved("cancel")) == ((7000, "authorized", True), [7000], [5000])
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_35_a_provider_that_is_away_is_asked_again(
        self, paid_session: PaymentSession, charge: Charge, script: Script
    ) -> None:
        charge("70")
        script["cancel"] = unavailable
        with pytest.raises(ProviderNotReachable) as away:
            again()
        assert away.value.retry_after
        script.clear()

        assert (again().amount, held()) == (7000, [])

    def test_35_a_provider_that_refuses_to_release_keeps_nobody_from_paying_the_rest(
        self, paid_session: PaymentSession, charge: Charge, script: Script
    ) -> None:
        charge("70")
        script["cancel"] = declined

        rest = again(SYSTEM)
        again(SYSTEM)
        authorize(rest)

        assert (rest.amount, paid(), held()) == (2000, (7000, "authorized", True), [5000, 2000])
        assert Operation.objects.filter(kind="cancel", status="refused", amount=5000).count() == 1
        assert len(told()) == 1

    def test_35_a_key_says_the_same_again(self, paid_session: PaymentSession, charge: Charge) -> None:
        charge("70")
        first, second = (again(idempotency_key="k1") for _ in range(2))
        assert (first.pk, second.amount) == (second.pk, 7000)


class TestAttack35NobodySaysWhetherAnOrderExists:
    def test_35_what_is_held_stays_and_the_rest_is_asked_for(
        self, paid_session: PaymentSession, charge: Charge, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        charge("70", has_order=None)

        rest = again()
        assert (rest.amount, again().pk, again(SYSTEM).amount) == (2000, rest.pk, 2000)
        assert told() == [
            {
                "before": {"amount": 5000, "currency_code": "eur"},
                "after": {"amount": 7000, "currency_code": "eur"},
                "reason": "the shop doesn't say whether an order exists",
            }
        ]
        authorize(PaymentSession.objects.get(slot=0))

        assert (paid(), held(), 5000 in moved("cancel")) == ((7000, "authorized", True), [5000, 2000], False)
        assert PaymentCollection.objects.get().resolve_by is None
        assert recover() == 0
        assert differences(fake_provider) == []

    @pytest.mark.parametrize("amount", ["30", "0"])
    def test_35_enough_is_held_so_nothing_is_asked(
        self, paid_session: PaymentSession, charge: Charge, moved: Moved, amount: str
    ) -> None:
        charge(amount, has_order=None)

        for _ in range(2):
            assert again(SYSTEM).pk == paid_session.pk

        assert (paid(), held(), len(told())) == ((5000, "authorized", True), [5000], 1)
        assert recover() == 0
        assert (moved("cancel"), moved("initiate")) == ([], [5000])

    def test_35_the_cart_shrinks_again_and_the_rest_is_given_up(
        self, paid_session: PaymentSession, charge: Charge, moved: Moved
    ) -> None:
        charge("70", has_order=None)
        again()
        charge("50", has_order=None)

        session = again()

        assert (session.pk, paid(), moved("cancel")) == (paid_session.pk, (5000, "authorized", True), [0])

    def test_35_the_rest_follows_the_cart(self, paid_session: PaymentSession, charge: Charge) -> None:
        charge("70", has_order=None)
        rest = again()
        charge("90", has_order=None)
        with pytest.raises(Conflict) as changed:
            authorize(rest)
        assert changed.value.code == "cart_changed"

        more = again()
        authorize(more)

        assert (more.pk, more.amount, paid()) == (rest.pk, 4000, (9000, "authorized", True))
        assert len(told()) == 2

    @pytest.mark.parametrize("verb", [unavailable, lost])
    def test_35_a_key_of_before_asks_for_no_rest(self, charge: Charge, script: Script, verb: Any) -> None:
        session = begun(charge)
        script["initiate"] = verb
        with pytest.raises((ProviderNotReachable, PaymentOutcomeUnknown)):
            again(SECOND, idempotency_key="k1")
        script.clear()
        for operation in Operation.objects.filter(status="open"):
            run_out(operation)
        authorize(session)
        charge("70", has_order=None)

        with pytest.raises(NotAllowed, match="Choose again, as a new request"):
            again(SECOND, idempotency_key="k1")

        assert again(SECOND, idempotency_key="k2").amount == 2000

    def test_35_a_set_may_name_what_is_held(self, paid_session: PaymentSession, charge: Charge) -> None:
        charge("70", has_order=None)

        _, rest = split(PaymentCollection.objects.get(), tender("50", keep=paid_session), tender("20", SYSTEM))
        authorize(rest)

        assert (paid(), held(), len(told())) == ((7000, "authorized", True), [5000, 2000], 1)


class TestAttack35TheMoneyThatStaysIsInAnotherCurrency:
    @pytest.fixture
    def storefront(self) -> APIClient:
        publishable_keys.create(title="Storefront", token="pk_test")
        return APIClient(headers={"x-publishable-api-key": "pk_test"})

    @pytest.fixture(params=["nobody says whether an order exists", "it is captured"])
    def old(self, request: Any, charge: Charge, script: Script) -> PaymentCollection:
        """50 EUR are held and stay; the cart costs 60 USD by now."""
        payment = authorize(begun(charge)).payment
        is_captured = request.param == "it is captured"
        if is_captured:
            captures.capture(payment_id=payment.pk)
        charge("60", "usd", has_order=False if is_captured else None)
        return payment.payment_collection

    def test_35_money_in_another_currency_stays_and_the_cart_is_paid_anew(
        self,
        old: PaymentCollection,
        storefront: APIClient,
        moved: Moved,
        fake_provider: FakeProvider,
    ) -> None:
        chosen = choose(storefront, old.pk)
        assert (chosen.status_code, chosen.json()["type"]) == (400, "not_allowed")
        assert "holds money in EUR" in chosen.json()["message"]
        assert "Create a new payment collection for the cart." in chosen.json()["message"]

        new = create(storefront)
        assert (new["id"] != old.pk, new["amount"], new["currency_code"]) == (True, 60, "usd")
        session = choose(storefront, new["id"]).json()["payment_collection"]["payment_sessions"][0]
        assert post(storefront, f"{new['id']}/payment-sessions/{session['id']}/authorize").status_code == 200

        assert create(storefront)["id"] == new["id"]
        assert (held(), moved("cancel"), moved("refund"), len(told())) == ([5000, 6000], [], [], 1)
        assert recover() == 0
        assert (held(), moved("cancel"), moved("refund")) == ([5000, 6000], [], [])
        assert [held_money.pays_for(each) for each in PaymentCollection.objects.order_by("created_at")] == [True, True]
        assert differences(fake_provider) == []

    @pytest.mark.parametrize("verb", ["initialize", "set", "refresh", "v1"])
    def test_35_the_other_tab_is_told_the_same(self, old: PaymentCollection, storefront: APIClient, verb: str) -> None:
        def ask() -> Any:
            if verb == "initialize":
                return choose(storefront, old.pk)
            if verb == "set":
                part = {"provider_id": FAKE, "amount": 60}
                return post(storefront, f"{old.pk}/payment-sessions/batch", {"sessions": [part]})
            path = "/sessions" if verb == "v1" else f"/sessions/{PaymentSession.objects.get(slot=0).pk}"
            return v1("post", path, {"provider_id": "fake_fake"}, old)

        for _ in range(2):
            answer = ask()
            assert answer.status_code == 400
            # v1 has its own words.
            if verb in {"initialize", "set"}:
                assert "Create a new payment collection for the cart." in answer.json()["message"]
            new = create(storefront)

        assert choose(storefront, new["id"]).status_code == 200

    def test_35_what_the_provider_tells_of_the_old_one_is_booked(
        self, old: PaymentCollection, storefront: APIClient, fake_provider: FakeProvider
    ) -> None:
        create(storefront)
        payment = Payment.objects.get()
        if not payment.captured_amount:
            fake_provider.dashboard.capture(payment.provider_ref, 5000)
        fake_provider.dashboard.refund(payment.provider_ref, 2000)

        body, headers = fake_provider.webhooks()[-1]
        Client().post("/hooks/payment/fake_fake", body, content_type="application/json", headers=headers)

        old.refresh_from_db()
        assert (old.captured_amount, old.refunded_amount, old.currency_code) == (5000, 2000, "eur")
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_35_a_rest_of_the_old_one_is_given_up(
        self, charge: Charge, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        authorize(begun(charge))
        charge("70", has_order=None)
        rest = again(SECOND)
        charge("60", "usd", has_order=None)

        new = payment_collections.create_for_cart(cart_id="cart_1")

        assert (new.amount, new.currency_code, moved("cancel")) == (6000, "usd", [0])
        with pytest.raises(NotFound):
            authorize(rest)
        assert recover() == 0
        assert differences(fake_provider) == []

    def test_35_a_part_of_a_split_stays_though_the_rest_is_not_paid_in_time(
        self, charge: Charge, script: Script, moved: Moved
    ) -> None:
        charge("100")
        part, _ = split(payment_collections.create_for_cart(cart_id="cart_1"), tender("60"), tender("40", SECOND))
        captures.capture(payment_id=authorize(part).payment.pk)
        charge("120", "usd")
        payment_collections.create_for_cart(cart_id="cart_1")

        PaymentCollection.objects.filter(resolve_by__isnull=False).update(resolve_by=timezone.now())
        assert recover() == 0

        assert (held(), moved("refund")) == ([6000], [])

    @pytest.mark.parametrize("order", ["attached", "placed meanwhile"])
    def test_35_an_order_keeps_its_collection(self, charge: Charge, script: Script, order: str) -> None:
        pk = authorize(begun(charge)).payment_collection_id
        charge("60", "usd", has_order=None)

        def order_meanwhile(request: Any, call: Any) -> Any:
            if order == "attached":
                payment_collections.attach_order(payment_collection_id=pk, order_id="order_1")
            else:
                charge("60", "usd", has_order=True)
            return call(request)

        script["retrieve"] = order_meanwhile
        assert payment_collections.create_for_cart(cart_id="cart_1").pk == pk
        assert PaymentCollection.objects.get().live_cart_id == "cart_1"

    def test_35_what_can_be_released_later_keeps_the_cart(
        self, charge: Charge, script: Script, fake_provider: FakeProvider
    ) -> None:
        session = authorize(begun(charge))
        charge("60", "usd")
        script["cancel"] = unavailable
        assert payment_collections.create_for_cart(cart_id="cart_1").pk == session.payment_collection_id
        script.clear()

        again_made = payment_collections.create_for_cart(cart_id="cart_1")

        assert (again_made.pk, again_made.currency_code, held()) == (session.payment_collection_id, "usd", [])
        assert differences(fake_provider) == []

    def test_35_two_tabs_make_one_new_collection(self, charge: Charge, script: Script) -> None:
        """The other one comes while this one is about to let go of the cart."""
        authorize(begun(charge))
        charge("60", "usd", has_order=None)
        others = []

        def other_tab(request: Any, call: Any) -> Any:
            script.clear()
            others.append(payment_collections.create_for_cart(cart_id="cart_1").pk)
            return call(request)

        script["retrieve"] = other_tab
        made = payment_collections.create_for_cart(cart_id="cart_1")

        assert ([made.pk], PaymentCollection.objects.count()) == (others, 2)
        assert PaymentCollection.objects.get(live_cart_id="cart_1").pk == made.pk


def post(client: APIClient, path: str, body: Any = None) -> Any:
    return client.post(f"/store/payment-collections/{path}", body or {}, format="json")


def choose(client: APIClient, collection_id: str) -> Any:
    return post(client, f"{collection_id}/payment-sessions", {"provider_id": FAKE})


def create(client: APIClient) -> dict[str, Any]:
    answer = client.post("/store/payment-collections", {"cart_id": "cart_1"}, format="json")
    collection: dict[str, Any] = answer.json()["payment_collection"]
    return collection


class TestAttack35AnOrderExists:
    @pytest.fixture(params=["the host says so", "it is attached"])
    def ordered(self, request: Any, charge: Charge, script: Script, fake_provider: FakeProvider) -> bool | None:
        session = authorize(begun(charge))
        if request.param == "the host says so":
            return True
        payment_collections.attach_order(payment_collection_id=session.payment_collection_id, order_id="order_1")
        return False

    @pytest.mark.parametrize(("amount", "currency_code"), [("0", "eur"), ("30", "eur"), ("70", "eur"), ("9", "usd")])
    def test_35_nothing_is_released(
        self, ordered: bool | None, charge: Charge, moved: Moved, amount: str, currency_code: str
    ) -> None:
        charge(amount, currency_code, has_order=ordered)
        collection = PaymentCollection.objects.get()

        with pytest.raises(NotAllowed, match="is paid with"):
            again(SYSTEM)
        payment_collections.refresh(payment_collection_id=collection.pk)
        payment_collections.create_for_cart(cart_id="cart_1")
        assert recover() == 0

        assert (moved("cancel"), held(), paid(), told()) == ([], [5000], (5000, "authorized", True), [])

    def test_35_an_order_placed_while_the_provider_was_asked_counts(
        self, charge: Charge, script: Script, moved: Moved, fake_provider: FakeProvider
    ) -> None:
        session = begun(charge)
        fake_provider.dashboard.authorize(session.provider_ref or "")
        charge("30")

        def order_meanwhile(request: Any, call: Any) -> Any:
            charge("30", has_order=True)
            return call(request)

        script["retrieve"] = order_meanwhile
        with pytest.raises(NotAllowed, match="is paid with"):
            again()

        assert (moved("cancel"), held()) == ([], [5000])


class TestAttack35InV1:
    def test_35_refresh_takes_the_carts_amount(self, charge: Charge, script: Script) -> None:
        """A `manual` session at 0 on a cart that has grown."""
        session = begun(charge, "0", SYSTEM)
        charge("50")

        fresh = v1("post", f"/sessions/{session.pk}").json()["payment_session"]

        assert fresh["amount"] == 5000
        assert v1("post", f"/sessions/{fresh['id']}/authorize").status_code == 200
        assert paid() == (5000, "authorized", True)

    def test_35_refresh_releases_and_makes_anew(
        self, paid_session: PaymentSession, charge: Charge, moved: Moved
    ) -> None:
        charge("70")

        fresh = v1("post", f"/sessions/{paid_session.pk}").json()["payment_session"]

        assert (fresh["amount"], held(), moved("cancel")) == (7000, [], [5000])
        assert v1("post", f"/sessions/{fresh['id']}/authorize").status_code == 200

    @pytest.mark.parametrize(("amount", "rest"), [("90", 4000), ("70", 2000), ("60", 1000)])
    def test_35_refresh_of_a_rest_follows_the_cart(
        self, charge: Charge, script: Script, moved: Moved, fake_provider: FakeProvider, amount: str, rest: int
    ) -> None:
        authorize(begun(charge))
        charge("70", has_order=None)
        session = again()
        charge(amount, has_order=None)

        fresh = v1("post", f"/sessions/{session.pk}").json()["payment_session"]

        assert (fresh["amount"], fresh["id"] == session.pk) == (rest, False)
        assert PaymentCollection.objects.get().resolve_by is None
        assert v1("post", f"/sessions/{fresh['id']}/authorize").status_code == 200
        assert (paid(), held()) == ((int(amount) * 100, "authorized", True), [5000, rest])
        assert recover() == 0
        assert moved("cancel") == [0]
        assert differences(fake_provider) == []

    def test_35_refresh_of_a_rest_that_is_lacking_no_more_gives_it_up(
        self, charge: Charge, script: Script, moved: Moved
    ) -> None:
        first = authorize(begun(charge))
        charge("70", has_order=None)
        session = again()
        charge("50", has_order=None)

        fresh = v1("post", f"/sessions/{session.pk}").json()["payment_session"]

        assert (fresh["id"], paid(), moved("cancel")) == (first.pk, (5000, "authorized", True), [0])

    def test_35_refresh_of_one_of_two_rests_leaves_the_other(self, charge: Charge, script: Script) -> None:
        paid_one = authorize(begun(charge))
        charge("70", has_order=None)
        again()
        _, one, other = split(
            PaymentCollection.objects.get(), tender("50", keep=paid_one), tender("5", SECOND), tender("15")
        )
        charge("90", has_order=None)

        fresh = v1("post", f"/sessions/{one.pk}").json()["payment_session"]

        assert fresh["amount"] == 2500
        live = PaymentSession.objects.filter(slot__isnull=False).order_by("slot")
        assert [session.pk for session in live] == [paid_one.pk, fresh["id"], other.pk]

    def test_35_choosing_again_leads_on(self, paid_session: PaymentSession, charge: Charge, moved: Moved) -> None:
        charge("30")

        answer = v1("post", "/sessions", {"provider_id": "fake_fake"})

        assert [each["amount"] for each in answer.json()["payment_collection"]["payment_sessions"]] == [3000]
        assert moved("cancel") == [5000]


def v1(method: str, path: str, body: Any = None, collection: PaymentCollection | None = None) -> Any:
    collection = collection or PaymentCollection.objects.get()
    address = f"/v1/store/payment-collections/{collection.pk}{path}"
    return getattr(Client(), method)(address, body or {}, content_type="application/json")


class TestAttack35OnStripe:
    @pytest.mark.parametrize("comes_from", ["the browser", "the webhook", "our authorize"])
    @pytest.mark.parametrize(("amount", "currency_code"), [("70", "eur"), ("30", "eur"), ("50", "usd")])
    def test_35_the_price_changes_after_the_customer_confirmed(
        self, charge: Charge, stripe_twin: StripeTwin, comes_from: str, amount: str, currency_code: str
    ) -> None:
        session = begun(charge, provider_id=STRIPE)
        stripe_twin.dashboard.pay(session.provider_ref or "", "pm_card_visa")
        if comes_from == "our authorize":
            authorize(session)
        elif comes_from == "the webhook":
            comparing.look_at(session.pk)
        charge(amount, currency_code)

        fresh = again(STRIPE)

        assert (fresh.amount, held()) == (int(amount) * 100, [])
        stripe_twin.dashboard.pay(fresh.provider_ref or "", "pm_card_visa")
        authorize(fresh)
        assert paid() == (int(amount) * 100, "authorized", True)
        old = stripe_twin.payment(session.provider_ref or "")
        assert old
        assert old.status == "canceled"
