"""What strangers and shoppers may not do over HTTP (scenarios 36 and 37), through v2, v1, sets and the demo's carts."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from medusa_payments.carts import CartSnapshot
from medusa_payments.customers import Customer
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.providers.system import SystemProvider
from medusa_payments.providers.types import Capabilities
from medusa_payments.queries import held_money
from medusa_payments.services import manual_authorization, payment_collections, payment_sessions, publishable_keys
from medusa_payments.services.payment_sessions import SessionChoice
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider
from storefront_project.shop.models import Region
from tests.api.openapi import OpenAPI, ValidatedClient
from tests.till import Till

pytestmark = pytest.mark.django_db

FAKE, SYSTEM, WALLET = "pp_fake_fake", "pp_system_default", "pp_wallet_wallet"
NO_MONEY = [SYSTEM, FAKE]
JSON = "application/json"
SECRETS = {"payment_method", "return_url", "client_secret"}
TAKES_MONEY = "Stripe in its place takes money"
SAVED_IN_THE_BROWSER = "Stripe saves and charges cards in the browser: tests/providers/stripe/test_saved_methods.py"


class Wallet(SystemProvider):
    """Takes a customer's money."""

    capabilities = Capabilities(is_local=True)

    @property
    def account(self) -> str:
        return "wallet"


@cache
def published() -> OpenAPI:
    return OpenAPI.of_the_demo()


class Browser:
    """A storefront's caller, with the publishable key that every visitor sees. All its answers are documented."""

    def __init__(self, user: User | None = None) -> None:
        self.client = ValidatedClient(published(), headers={"x-publishable-api-key": "pk_test"})
        if user is not None:
            self.client.force_login(user)

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def post(self, path: str, body: Any = None, **headers: Any) -> Any:
        return self.client.post(path, body, headers=headers)


@pytest.fixture
def browser(till: Till) -> Browser:
    publishable_keys.create(title="Storefront", token="pk_test")
    return Browser()


@pytest.fixture
def closed(settings: Any, till: Till) -> Callable[..., None]:
    """Return a function that configures a shop: no alias is open to storefronts but as it says."""

    def configure(regions: Any = None, **storefront: bool) -> None:
        configured = {
            alias: {key: value for key, value in entry.items() if key != "STOREFRONT"}
            for alias, entry in settings.MEDUSA_PAYMENTS["PROVIDERS"].items()
        }
        configured[WALLET] = {"BACKEND": f"{__name__}.Wallet"}
        for alias, is_open in storefront.items():
            configured[alias]["STOREFRONT"] = is_open
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | {"PROVIDERS": configured, "REGION_PROVIDERS": regions}

    configure()
    return configure


def cart(till: Till, amount: str = "100", region_id: str | None = None) -> PaymentCollection:
    till.carts[till.cart_id] = CartSnapshot(amount=Decimal(amount), currency_code="eur", region_id=region_id)
    return payment_collections.create_for_cart(cart_id=till.cart_id)


def v2(collection: PaymentCollection, *steps: str) -> str:
    return "/".join(["/store/payment-collections", collection.pk, "payment-sessions", *steps])


def v1(collection: PaymentCollection, *steps: str) -> str:
    return "/".join(["/v1/store/payment-collections", collection.pk, "sessions", *steps])


def pays_for(collection: PaymentCollection) -> bool:
    return held_money.pays_for(PaymentCollection.objects.get(pk=collection.pk))


def live(collection: PaymentCollection) -> PaymentSession | None:
    return PaymentSession.objects.filter(payment_collection=collection, slot=0).first()


class Test36GoodsForNothing:
    """A shopper chooses a provider that takes no money."""

    @pytest.mark.fake_only(TAKES_MONEY)
    @pytest.mark.parametrize("provider_id", NO_MONEY)
    def test_36_not_chosen_where_nobody_opened_it(
        self, browser: Browser, till: Till, closed: Any, provider_id: str
    ) -> None:
        collection = cart(till)

        answers = [
            browser.post(v2(collection), {"provider_id": provider_id}),
            browser.post(v2(collection, "batch"), {"sessions": [{"provider_id": provider_id, "amount": 100}]}),
            browser.post(v1(collection), {"provider_id": provider_id}),
            browser.post(v1(collection, "batch"), {"sessions": [{"provider_id": provider_id, "amount": 10000}]}),
        ]

        assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [(400, "invalid_data")] * 4
        assert all(f"{provider_id} is not enabled" in answer.json()["message"] for answer in answers)
        assert all("STOREFRONT" in answer.json()["message"] for answer in answers)
        assert live(collection) is None

    def test_36_not_a_part_beside_a_card(self, browser: Browser, till: Till, closed: Any) -> None:
        collection = cart(till)
        parts = [{"provider_id": WALLET, "amount": 1}, {"provider_id": SYSTEM, "amount": 99}]
        in_v1 = [{"provider_id": WALLET, "amount": 100}, {"provider_id": SYSTEM, "amount": 9900}]

        for path, sessions in ((v2(collection, "batch"), parts), (v1(collection, "batch"), in_v1)):
            assert browser.post(path, {"sessions": sessions}).status_code == 400

        assert not PaymentSession.objects.exists()

    @pytest.mark.fake_only(TAKES_MONEY)
    @pytest.mark.parametrize("region_id", [None, "reg_eu"])
    def test_36_not_listed_where_nobody_opened_it(
        self, browser: Browser, till: Till, closed: Any, region_id: str | None
    ) -> None:
        collection = cart(till, region_id=region_id)

        listed = browser.get("/store/payment-providers?region_id=reg_eu").json()["payment_providers"]
        region = browser.get(f"/v1/store/payment-collections/{collection.pk}").json()["payment_collection"]["region"]

        assert not {provider["id"] for provider in listed} & set(NO_MONEY)
        assert region is None or not {each["id"] for each in region["payment_providers"]} & {"manual", "fake_fake"}

    @pytest.mark.parametrize(
        ("regions", "storefront", "region_id", "is_open"),
        [
            ({"reg_eu": [SYSTEM]}, {}, "reg_eu", True),
            ({"reg_eu": [SYSTEM]}, {}, "reg_us", False),
            ({"reg_eu": [SYSTEM]}, {}, None, False),
            ({"reg_eu": [FAKE]}, {}, "reg_eu", False),
            ({"reg_eu": [FAKE]}, {SYSTEM: True}, "reg_eu", False),
            ({"reg_eu": [SYSTEM]}, {SYSTEM: False}, "reg_eu", False),
            (lambda _: [SYSTEM], {}, "reg_eu", True),
            (None, {SYSTEM: True}, "reg_eu", True),
            (None, {SYSTEM: True}, None, True),
            (None, {}, "reg_eu", False),
        ],
    )
    def test_36_a_region_or_an_alias_opens_it(
        self,
        browser: Browser,
        till: Till,
        closed: Any,
        regions: Any,
        storefront: dict[str, bool],
        region_id: str | None,
        is_open: bool,
    ) -> None:
        closed(regions, **storefront)
        collection = cart(till, region_id=region_id)

        chosen = browser.post(v2(collection), {"provider_id": SYSTEM})

        assert chosen.status_code == (200 if is_open else 400)
        # A list is always asked for with a region.
        if region_id is not None:
            listed = browser.get(f"/store/payment-providers?region_id={region_id}").json()["payment_providers"]
            assert (SYSTEM in {provider["id"] for provider in listed}) is is_open
        if is_open:
            session = live(collection)
            assert session is not None
            assert browser.post(v2(collection, session.pk, "authorize")).status_code == 200
            assert pays_for(collection)

    def test_36_an_alias_is_hidden_from_storefronts(self, browser: Browser, till: Till, closed: Any) -> None:
        closed(**{WALLET: False})
        collection = cart(till)

        assert browser.post(v2(collection), {"provider_id": WALLET}).status_code == 400
        assert payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=WALLET).slot == 0

    @pytest.mark.parametrize("regions", [None, {"reg_eu": [FAKE]}])
    @pytest.mark.parametrize("version", ["v2", "v1", "batch"])
    def test_36_nothing_costs_nothing(
        self, browser: Browser, till: Till, closed: Any, regions: Any, version: str
    ) -> None:
        closed(regions)
        collection = cart(till, "0", region_id="reg_eu")
        if version == "v2":
            assert browser.post(v2(collection), {"provider_id": SYSTEM}).status_code == 200
        elif version == "v1":
            assert browser.post(v1(collection), {"provider_id": "manual"}).status_code == 200
        session = live(collection)
        ids = [session.pk] if session else ["none"]

        done = browser.post(v1(collection, "batch", "authorize"), {"session_ids": ids})

        assert done.status_code == 200
        assert PaymentCollection.objects.get().completed_at is not None

    @pytest.mark.parametrize("version", ["v2", "v1", "batch"])
    def test_36_a_session_chosen_at_nothing_pays_for_nothing_more(
        self, browser: Browser, till: Till, closed: Any, version: str
    ) -> None:
        collection = cart(till, "0")
        assert browser.post(v2(collection), {"provider_id": SYSTEM}).status_code == 200
        session = live(collection)
        assert session is not None
        cart(till, "100")

        again = browser.post(v2(collection), {"provider_id": SYSTEM})
        refreshed = browser.post(v1(collection, session.pk))
        current = live(collection)
        assert current is not None
        authorized = {
            "v2": lambda: browser.post(v2(collection, current.pk, "authorize")),
            "v1": lambda: browser.post(v1(collection, current.pk, "authorize")),
            "batch": lambda: browser.post(v1(collection, "batch", "authorize"), {"session_ids": [current.pk]}),
        }[version]()

        assert again.status_code == 400
        assert refreshed.status_code in {200, 400, 409}
        assert authorized.status_code >= 400
        assert not pays_for(collection)

    @pytest.mark.parametrize("version", ["v2", "v1", "batch", "refresh", "kept in a set"])
    def test_36_a_session_of_before_the_upgrade_pays_nothing(
        self, browser: Browser, till: Till, closed: Any, version: str
    ) -> None:
        collection = cart(till)
        session = payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=SYSTEM)
        kept = {"sessions": [{"provider_id": SYSTEM, "amount": 100, "session_id": session.pk}]}

        answer = {
            "v2": lambda: browser.post(v2(collection, session.pk, "authorize")),
            "v1": lambda: browser.post(v1(collection, session.pk, "authorize")),
            "batch": lambda: browser.post(v1(collection, "batch", "authorize"), {"session_ids": [session.pk]}),
            "refresh": lambda: browser.post(v1(collection, session.pk)),
            "kept in a set": lambda: browser.post(v2(collection, "batch"), kept),
        }[version]()

        assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")
        assert "not enabled" in answer.json()["message"]
        assert not pays_for(collection)

    def test_36_staff_and_host_code_always_may(self, till: Till, closed: Any) -> None:
        closed({"reg_eu": [FAKE]})
        marked = payment_collections.mark_as_paid(payment_collection_id=cart(till, region_id="reg_eu").pk)
        till.cart_id = "cart_2"
        authorized = manual_authorization.mark_as_authorized(payment_collection_id=cart(till, region_id="reg_eu").pk)
        till.cart_id = "cart_3"
        collection = cart(till, region_id="reg_eu")
        payment_sessions.set_sessions(
            payment_collection_id=collection.pk,
            sessions=[
                SessionChoice(provider_id=SYSTEM, amount=Decimal(40)),
                SessionChoice(provider_id=FAKE, amount=Decimal(60)),
            ],
        )

        assert (marked.status, authorized.status) == ("completed", "authorized")

    def test_36_what_staff_had_authorized_stays_beside_what_a_shopper_pays(
        self, browser: Browser, till: Till, closed: Any
    ) -> None:
        collection = cart(till)
        voucher, _ = payment_sessions.set_sessions(
            payment_collection_id=collection.pk,
            sessions=[
                SessionChoice(provider_id=SYSTEM, amount=Decimal(40)),
                SessionChoice(provider_id=FAKE, amount=Decimal(60)),
            ],
        )
        payment_sessions.authorize(payment_collection_id=collection.pk, payment_session_id=voucher.pk)

        parts = [
            {"provider_id": SYSTEM, "amount": 40, "session_id": voucher.pk},
            {"provider_id": WALLET, "amount": 60},
        ]
        assert browser.post(v2(collection, "batch"), {"sessions": parts}).status_code == 200
        # What is authorized already moves nothing, whoever asks for it.
        assert browser.post(v2(collection, voucher.pk, "authorize")).status_code == 200

    @pytest.mark.parametrize("opened", [[], NO_MONEY])
    def test_36_the_demo_completes_what_its_region_names(
        self, browser: Browser, closed: Any, settings: Any, opened: list[str]
    ) -> None:
        call_command("seed_demo", verbosity=0)
        demo = {
            "CART_RESOLVER": "storefront_project.shop.payments.resolve_cart",
            "REGION_PROVIDERS": "storefront_project.shop.payments.region_providers",
        }
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | demo
        shopper = Browser()
        bought = {"region_id": "reg_eu", "items": [{"variant_id": "variant_mug", "quantity": 1}]}
        cart_id = shopper.post("/store/carts", bought).json()["cart"]["id"]
        made = shopper.post("/store/payment-collections", {"cart_id": cart_id}).json()["payment_collection"]
        chosen = shopper.post(f"/store/payment-collections/{made['id']}/payment-sessions", {"provider_id": SYSTEM})
        assert chosen.status_code == 200
        Region.objects.filter(pk="reg_eu").update(payment_providers=opened)

        completed = shopper.post(f"/store/carts/{cart_id}/complete")

        assert completed.status_code == (200 if opened else 400)


@pytest.fixture
def jane(browser: Browser) -> User:
    return User.objects.create_user("jane", email="jane@example.com")


@pytest.fixture
def joe(browser: Browser) -> User:
    return User.objects.create_user("joe", email="joe@example.com")


@pytest.fixture
def saved_session(till: Till, fake_provider: FakeProvider, jane: User) -> PaymentSession:
    """A live session that pays with Jane's saved card."""
    customer = Customer(id=str(jane.pk), email=jane.email)
    first = till.session_of_customer(customer)
    assert first.account_holder is not None
    card = fake_provider.dashboard.save_payment_method(str(first.account_holder.external_id))
    return till.session_of_customer(customer, data={"payment_method": card})


def documents(shown: Any) -> list[dict[str, Any]]:
    """All `data` anywhere in a document."""
    if isinstance(shown, dict):
        here = [shown["data"]] if isinstance(shown.get("data"), dict) else []
        return here + [each for value in shown.values() for each in documents(value)]
    return [each for value in shown for each in documents(value)] if isinstance(shown, list) else []


@pytest.mark.fake_only(SAVED_IN_THE_BROWSER)
class Test37SomebodyElsesSavedCard:
    """Somebody has nothing but a collection's id."""

    @pytest.fixture(params=["guest", "joe"])
    def stranger(self, request: Any, joe: User) -> tuple[Browser, int, str]:
        if request.param == "guest":
            return Browser(), 401, "unauthorized"
        return Browser(joe), 403, "forbidden"

    @pytest.mark.parametrize("is_paid", [False, True])
    def test_37_strangers_read_nothing_of_it(
        self, stranger: Any, jane: User, saved_session: PaymentSession, is_paid: bool
    ) -> None:
        collection = saved_session.payment_collection
        if is_paid:
            payment_sessions.authorize(payment_collection_id=collection.pk, payment_session_id=saved_session.pk)
        paths = [
            f"/store/payment-collections/{collection.pk}",
            f"/store/payment-collections/{collection.pk}?fields=*payment_sessions,*payments.payment_session",
            f"/v1/store/payment-collections/{collection.pk}",
            f"/v1/store/payment-collections/{collection.pk}?expand=payment_sessions,payments",
        ]

        for path in paths:
            foreign, own = documents(stranger[0].get(path).json()), documents(Browser(jane).get(path).json())

            assert foreign
            assert all(data == {} for data in foreign), path
            assert any(data for data in own), path
        assert Browser(jane).get(paths[0]).json()["payment_collection"]["payment_sessions"][0]["data"]["payment_method"]

    @pytest.mark.parametrize("version", ["v2", "v1", "v1 at the root", "batch", "refresh", "refresh at the root"])
    def test_37_strangers_neither_authorize_nor_refresh(
        self, stranger: Any, jane: User, saved_session: PaymentSession, moved: Any, version: str
    ) -> None:
        browser, status, kind = stranger
        collection, session = saved_session.payment_collection, saved_session
        paths = {
            "v2": v2(collection, session.pk, "authorize"),
            "v1": v1(collection, session.pk, "authorize"),
            "v1 at the root": f"/store/payment-collections/{collection.pk}/sessions/{session.pk}/authorize",
            "batch": v1(collection, "batch", "authorize"),
            "refresh": v1(collection, session.pk),
            "refresh at the root": f"/store/payment-collections/{collection.pk}/sessions/{session.pk}",
        }
        body = {"session_ids": [session.pk]} if version == "batch" else {}

        refused = browser.post(paths[version], body)

        assert refused.status_code == status
        assert (refused.json()["type"], refused.json()["code"]) == (kind, "session_of_another_customer")
        assert moved("authorize") == []
        session.refresh_from_db()
        assert session.slot == 0
        assert Browser(jane).post(paths[version], body).status_code == 200

    @pytest.mark.parametrize("step", ["log in", "another way"])
    def test_37_logging_in_or_paying_another_way_leads_on(
        self, browser: Browser, jane: User, saved_session: PaymentSession, moved: Any, step: str
    ) -> None:
        collection = saved_session.payment_collection
        refused = browser.post(v2(collection, saved_session.pk, "authorize"))
        assert "Log in as that customer, or choose another way to pay." in refused.json()["message"]

        if step == "log in":
            browser.client.force_login(jane)
        else:
            assert browser.post(v2(collection), {"provider_id": FAKE}).status_code == 200
        chosen = live(collection)
        assert chosen is not None
        assert (chosen.pk == saved_session.pk, bool(chosen.client_data)) == (step == "log in", step == "log in")
        assert browser.post(v2(collection, chosen.pk, "authorize")).status_code == 200
        assert (pays_for(collection), moved("authorize")) == (True, [10000])

    def test_37_a_stranger_without_any_key_charges_nobody(self, saved_session: PaymentSession, moved: Any) -> None:
        client = Client()
        collection = saved_session.payment_collection

        refreshed = client.post(v1(collection, saved_session.pk), {}, content_type=JSON)
        authorized = client.post(v1(collection, saved_session.pk, "authorize"), {}, content_type=JSON)

        assert (refreshed.status_code, authorized.status_code) == (401, 401)
        assert moved("authorize") == []

    @pytest.mark.parametrize("amount", [100, 40])
    def test_37_strangers_keep_or_change_it_in_no_set(
        self, stranger: Any, jane: User, saved_session: PaymentSession, amount: int
    ) -> None:
        browser, status, _ = stranger
        collection = saved_session.payment_collection
        parts = [{"provider_id": FAKE, "amount": amount, "session_id": saved_session.pk}]
        parts += [{"provider_id": SYSTEM, "amount": 100 - amount}] if amount < 100 else []
        in_v1 = [{**part, "amount": int(str(part["amount"])) * 100} for part in parts]

        answers = [
            browser.post(v2(collection, "batch"), {"sessions": parts}),
            browser.post(v1(collection, "batch"), {"sessions": in_v1}),
        ]

        assert [answer.status_code for answer in answers] == [status] * 2
        assert {answer.json()["code"] for answer in answers} == {"session_of_another_customer"}
        assert Browser(jane).post(v2(collection, "batch"), {"sessions": parts}).status_code == 200

    @pytest.mark.parametrize("door", ["v2", "batch"])
    @pytest.mark.parametrize("is_saved_first", [False, True])
    def test_37_a_secret_that_strangers_read_never_belongs_to_an_object_with_a_saved_method(
        self, jane: User, saved_session: PaymentSession, is_saved_first: bool, door: str
    ) -> None:
        """With it a browser confirms whatever the object pays with: what was shown before, or is shown afterwards."""
        collection, shopper = saved_session.payment_collection, Browser(jane)
        with_card, without = saved_session.client_data, {}

        def choose(data: dict[str, Any]) -> PaymentSession:
            chosen: dict[str, Any] = {"provider_id": FAKE, "data": data}
            current = live(collection)
            if door == "batch" and current is not None:
                chosen = {"sessions": [{**chosen, "amount": 100, "session_id": current.pk}]}
            assert shopper.post(v2(collection, *([door] if door == "batch" else [])), chosen).status_code == 200
            current = live(collection)
            assert current is not None
            return current

        if not is_saved_first:
            choose(without)
        before = live(collection)
        assert before is not None
        after = choose(without if is_saved_first else with_card)

        assert after.client_data == (without if is_saved_first else with_card)
        assert after.provider_ref != before.provider_ref
        before.refresh_from_db()
        assert before.status == SessionStatus.CANCELED
        # The same kind of choice again changes the object that is there.
        assert choose({**after.client_data, "outcome": "authorized"}).provider_ref == after.provider_ref

    def test_37_nothing_of_a_set_is_authorized_before_it_is_refused(
        self, till: Till, jane: User, saved_session: PaymentSession, moved: Any
    ) -> None:
        collection = saved_session.payment_collection
        first, second = payment_sessions.set_sessions(
            payment_collection_id=collection.pk,
            customer_id=str(jane.pk),
            sessions=[
                SessionChoice(provider_id=FAKE, amount=Decimal(40)),
                SessionChoice(provider_id=FAKE, amount=Decimal(60), payment_session_id=saved_session.pk),
            ],
        )

        refused = Browser().post(v1(collection, "batch", "authorize"), {"session_ids": [first.pk, second.pk]})

        assert refused.status_code == 401
        assert moved("authorize") == []

    def test_37_another_way_to_pay_is_open_to_everybody(
        self, stranger: Any, saved_session: PaymentSession, moved: Any
    ) -> None:
        browser, _, _ = stranger
        collection = saved_session.payment_collection

        chosen = browser.post(v2(collection), {"provider_id": FAKE})

        [session] = chosen.json()["payment_collection"]["payment_sessions"]
        assert session["id"] != saved_session.pk
        assert not SECRETS & session["data"].keys() - {"client_secret"}
        assert browser.post(v2(collection, session["id"], "authorize")).status_code == 200
        assert moved("authorize") == [10000]

    def test_37_what_is_authorized_can_be_completed_by_everybody(
        self, stranger: Any, saved_session: PaymentSession, moved: Any
    ) -> None:
        browser, _, _ = stranger
        collection = saved_session.payment_collection
        payment_sessions.authorize(payment_collection_id=collection.pk, payment_session_id=saved_session.pk)

        again = browser.post(v2(collection, saved_session.pk, "authorize"))
        batch = browser.post(v1(collection, "batch", "authorize"), {"session_ids": [saved_session.pk]})

        assert (again.status_code, batch.status_code) == (200, 200)
        assert all(data == {} for answer in (again, batch) for data in documents(answer.json()))
        assert moved("authorize") == [10000]

    def test_37_paid_off_session_it_is_still_the_customers(
        self, stranger: Any, till: Till, jane: User, saved_session: PaymentSession, moved: Any
    ) -> None:
        browser, status, _ = stranger
        off_session = payment_sessions.initialize(
            payment_collection_id=saved_session.payment_collection_id,
            provider_id=FAKE,
            customer_id=str(jane.pk),
            data=saved_session.client_data,
            is_off_session=True,
        )

        assert browser.post(v2(saved_session.payment_collection, off_session.pk, "authorize")).status_code == status
        assert moved("authorize") == []

    def test_37_a_customer_who_was_forgotten_is_nobody(self, saved_session: PaymentSession, moved: Any) -> None:
        PaymentSession.objects.filter(pk=saved_session.pk).update(customer_id="")

        refused = Browser().post(v2(saved_session.payment_collection, saved_session.pk, "authorize"))

        assert refused.status_code == 401
        assert moved("authorize") == []

    def test_37_staff_and_host_code_may(self, saved_session: PaymentSession, moved: Any) -> None:
        collection = saved_session.payment_collection
        renewed = payment_sessions.refresh(payment_collection_id=collection.pk, payment_session_id=saved_session.pk)
        payment_sessions.authorize(payment_collection_id=collection.pk, payment_session_id=renewed.pk)

        assert moved("authorize") == [10000]

    def test_37_other_sessions_stay_open(self, till: Till, jane: User, stranger: Any) -> None:
        session = till.session_of_customer(Customer(id=str(jane.pk)))
        collection = session.payment_collection

        assert stranger[0].post(v2(collection, session.pk, "authorize")).status_code == 200

    def test_37_the_demo_completes_for_its_customer_alone(
        self, browser: Browser, jane: User, settings: Any, fake_provider: FakeProvider, moved: Any
    ) -> None:
        call_command("seed_demo", verbosity=0)
        demo = {
            "CART_RESOLVER": "storefront_project.shop.payments.resolve_cart",
            "REGION_PROVIDERS": "storefront_project.shop.payments.region_providers",
        }
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | demo
        shopper, guest = Browser(jane), Browser()
        holder = shopper.post("/store/account-holders", {"provider_id": FAKE}).json()["account_holder"]
        card = fake_provider.dashboard.save_payment_method(holder["external_id"])
        bought = {"region_id": "reg_eu", "items": [{"variant_id": "variant_mug", "quantity": 1}]}
        cart_id = shopper.post("/store/carts", bought).json()["cart"]["id"]
        made = shopper.post("/store/payment-collections", {"cart_id": cart_id}).json()["payment_collection"]
        body = {"provider_id": FAKE, "data": {"payment_method": card}}
        shopper.post(f"/store/payment-collections/{made['id']}/payment-sessions", body)

        read = guest.get(f"/store/carts/{cart_id}")
        refused = guest.post(f"/store/carts/{cart_id}/complete")
        assert refused.status_code == 401
        assert refused.json()["code"] == "session_of_another_customer"
        assert card not in read.content.decode()
        assert moved("authorize") == []

        order = shopper.post(f"/store/carts/{cart_id}/complete").json()["order"]
        assert card not in guest.get(f"/store/orders/{order['id']}").content.decode()
        assert guest.post(f"/store/carts/{cart_id}/complete").json()["order"]["id"] == order["id"]
