"""Somebody tries stolen cards at the shop, or passwords, or addresses of their own: what keeps them from it."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.throttling import SimpleRateThrottle

from medusa_payments.customers import Customer
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.services import payment_collections, payment_sessions, publishable_keys
from medusa_payments.testing.stripe_twin.twin import StripeTwin
from tests.till import Till

pytestmark = pytest.mark.django_db

FAKE, SYSTEM, STRIPE = "pp_fake_fake", "pp_system_default", "pp_stripe_stripe"
HERE = __name__


class TwoADay(SimpleRateThrottle):
    """A throttle of the host's."""

    rate = "2/day"
    scope = "two"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"two-{view.throttle_scope}"


@pytest.fixture
def browser(till: Till) -> Client:
    publishable_keys.create(title="Storefront", token="pk_test")
    return Client(headers={"x-publishable-api-key": "pk_test"})


@pytest.fixture
def put(settings: Any, till: Till) -> Callable[..., None]:
    def change(**keys: Any) -> None:
        settings.MEDUSA_PAYMENTS = settings.MEDUSA_PAYMENTS | keys

    return change


@pytest.fixture
def cache(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "throttles"}}
    from django.core.cache import cache as default  # noqa: PLC0415 -- made from the settings above

    default.clear()


def choose(browser: Client, collection: PaymentCollection, provider_id: str, version: str = "v2", **data: Any) -> Any:
    prefix, name = ("/store", "payment-sessions") if version == "v2" else ("/v1/store", "sessions")
    body = {"provider_id": provider_id} | ({"data": data} if data else {})
    path = f"{prefix}/payment-collections/{collection.pk}/{name}"
    return browser.post(path, body, content_type="application/json")


def split(browser: Client, collection: PaymentCollection, parts: int) -> Any:
    body = {"sessions": [{"provider_id": FAKE, "amount": 100 / parts} for _ in range(parts)]}
    path = f"/store/payment-collections/{collection.pk}/payment-sessions/batch"
    return browser.post(path, body, content_type="application/json")


def authorize(browser: Client, session: PaymentSession, version: str = "v2") -> Any:
    prefix, name = ("/store", "payment-sessions") if version == "v2" else ("/v1/store", "sessions")
    path = f"{prefix}/payment-collections/{session.payment_collection_id}/{name}/{session.pk}/authorize"
    return browser.post(path, {}, content_type="application/json")


def live(collection: PaymentCollection) -> PaymentSession:
    return PaymentSession.objects.get(payment_collection=collection, slot=0)


def is_too_many(answer: Any) -> bool:
    if answer.status_code != 429:
        return False
    assert (answer.json()["type"], answer.json()["code"]) == ("not_allowed", "too_many_requests")
    assert int(answer.headers["Retry-After"]) >= 1
    return True


class TestObjectsOfACollection:
    @pytest.mark.parametrize("version", ["v2", "v1"])
    def test_a_shopper_makes_so_many_in_a_day_and_gets_on_the_next(
        self, browser: Client, till: Till, put: Any, age: Any, version: str
    ) -> None:
        put(MAX_PROVIDER_OBJECTS_PER_COLLECTION=3)
        collection = till.collection()
        for provider_id in (FAKE, SYSTEM, FAKE):
            assert choose(browser, collection, provider_id, version).status_code == 200
        # The same choice again updates the object that is there.
        assert choose(browser, collection, FAKE, version).status_code == 200

        refused = choose(browser, collection, SYSTEM, version)

        assert is_too_many(refused)
        assert 86000 < int(refused.headers["Retry-After"]) <= 86400
        assert live(collection).provider_id == FAKE
        assert authorize(browser, live(collection)).status_code == 200 if version == "v2" else True
        for operation in Operation.objects.filter(kind="initiate"):
            age(operation, days=1)
        if version == "v1":
            assert choose(browser, collection, SYSTEM, version).status_code == 200

    def test_a_set_counts_by_its_places(self, browser: Client, till: Till, put: Any) -> None:
        put(MAX_PROVIDER_OBJECTS_PER_COLLECTION=5)
        collection = till.collection()

        assert split(browser, collection, 4).status_code == 200
        assert is_too_many(split(browser, collection, 2))
        assert PaymentSession.objects.filter(slot__isnull=False).count() == 4

    def test_refreshing_counts_too(self, browser: Client, till: Till, put: Any) -> None:
        put(MAX_PROVIDER_OBJECTS_PER_COLLECTION=2)
        session = till.session()
        answers = []
        for _ in range(2):
            path = f"/v1/store/payment-collections/{session.payment_collection_id}/sessions/{session.pk}"
            answers.append(browser.post(path, {}, content_type="application/json"))
            session = live(session.payment_collection)

        assert answers[0].status_code == 200
        assert is_too_many(answers[1])

    def test_staff_and_host_code_make_as_many_as_they_like(self, till: Till, put: Any) -> None:
        put(MAX_PROVIDER_OBJECTS_PER_COLLECTION=1)
        collection = till.collection()

        for provider_id in (FAKE, SYSTEM, FAKE, SYSTEM):
            payment_sessions.initialize(payment_collection_id=collection.pk, provider_id=provider_id)
        assert payment_collections.mark_as_paid(payment_collection_id=collection.pk).status == "completed"

    def test_no_limit(self, browser: Client, till: Till, put: Any) -> None:
        put(MAX_PROVIDER_OBJECTS_PER_COLLECTION=None)
        collection = till.collection()

        for provider_id in [FAKE, SYSTEM] * 12:
            assert choose(browser, collection, provider_id).status_code == 200

    def test_the_same_request_goes_on_when_the_time_is_over(
        self, browser: Client, till: Till, put: Any, age: Any
    ) -> None:
        put(MAX_PROVIDER_OBJECTS_PER_COLLECTION=2)
        collection = till.collection()
        ask = lambda: choose(browser, collection, SYSTEM)  # noqa: E731
        for provider_id in (SYSTEM, FAKE):
            assert choose(browser, collection, provider_id).status_code == 200
        refused = ask()
        assert is_too_many(refused)
        assert "Try again later" in refused.json()["message"]

        first = Operation.objects.filter(kind="initiate").earliest("created_at")
        age(first, seconds=int(refused.headers["Retry-After"]))

        assert ask().status_code == 200
        assert authorize(browser, live(collection)).status_code == 200

    def test_twenty_by_default(self, browser: Client, till: Till) -> None:
        collection = till.collection()

        answers = [choose(browser, collection, provider_id) for provider_id in [FAKE, SYSTEM] * 11]

        # The last one chooses again what is live.
        assert [answer.status_code for answer in answers] == [200] * 20 + [429, 200]


class TestFailedAuthorizations:
    @pytest.mark.parametrize("outcome", ["declined", "error"])
    @pytest.mark.parametrize("version", ["v2", "v1"])
    def test_so_many_in_an_hour(
        self, browser: Client, till: Till, put: Any, age: Any, moved: Any, version: str, outcome: str
    ) -> None:
        put(MAX_FAILED_AUTHORIZATIONS_PER_HOUR=2)
        session = till.session(outcome=outcome)
        for _ in range(2):
            assert authorize(browser, session, version).status_code in {400, 422}

        refused = authorize(browser, session, version)
        batch = browser.post(
            f"/v1/store/payment-collections/{session.payment_collection_id}/sessions/batch/authorize",
            {"session_ids": [session.pk]},
            content_type="application/json",
        )

        assert is_too_many(refused)
        assert is_too_many(batch)
        assert 3500 < int(refused.headers["Retry-After"]) <= 3600
        # Another object would be another card to try.
        assert is_too_many(choose(browser, session.payment_collection, SYSTEM))
        payment_sessions.initialize(payment_collection_id=session.payment_collection_id, provider_id=FAKE, data={})
        for operation in Operation.objects.all():
            age(operation, hours=1)
        assert authorize(browser, live(session.payment_collection), version).status_code == 200

    def test_declined_initiates_count(self, browser: Client, till: Till, put: Any) -> None:
        put(MAX_FAILED_AUTHORIZATIONS_PER_HOUR=2)
        collection = till.collection()

        answers = [choose(browser, collection, FAKE, on="initiate", outcome="declined") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [422, 422, 429]

    def test_waiting_for_the_customer_is_no_failure(self, browser: Client, till: Till, put: Any) -> None:
        put(MAX_FAILED_AUTHORIZATIONS_PER_HOUR=2)
        session = till.session(outcome="requires_more")

        assert [authorize(browser, session).status_code for _ in range(4)] == [400] * 4

    def test_host_code_is_not_asked(self, till: Till, put: Any) -> None:
        put(MAX_FAILED_AUTHORIZATIONS_PER_HOUR=1)
        session = till.session(outcome="error")
        for _ in range(3):
            with pytest.raises(Exception, match="was not authorized"):
                payment_sessions.authorize(
                    payment_collection_id=session.payment_collection_id, payment_session_id=session.pk
                )


class TestThrottles:
    @pytest.mark.parametrize("as_path", [True, False])
    def test_of_the_store(self, browser: Client, till: Till, put: Any, cache: None, as_path: bool) -> None:
        put(STORE_THROTTLE_CLASSES=[f"{HERE}.TwoADay" if as_path else TwoADay])
        collection = till.collection()
        paths = [f"{prefix}/store/payment-collections/{collection.pk}" for prefix in ("", "/v1", "")]

        answers = [browser.get(path) for path in paths]

        assert [answer.status_code for answer in answers[:2]] == [200, 200]
        assert is_too_many(answers[2])

    def test_a_day_later_the_same_request_goes_on(
        self, browser: Client, till: Till, put: Any, cache: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(STORE_THROTTLE_CLASSES=[TwoADay])
        path = f"/store/payment-collections/{till.collection().pk}"
        refused = [browser.get(path) for _ in range(3)][2]
        assert is_too_many(refused)
        assert "Try again later" in refused.json()["message"]

        later = time.time() + int(refused.headers["Retry-After"])
        monkeypatch.setattr(TwoADay, "timer", lambda _: later)

        assert browser.get(path).status_code == 200

    def test_of_the_staff(self, browser: Client, till: Till, put: Any, cache: None) -> None:
        put(ADMIN_THROTTLE_CLASSES=[f"{HERE}.TwoADay"])
        browser.force_login(User.objects.create_superuser("staff"))
        collection = till.collection()
        paths = [f"{prefix}/admin/payment-collections/{collection.pk}" for prefix in ("/v1", "/v1")]

        answers = [browser.get(path) for path in [*paths, "/admin/payments"]]

        assert [answer.status_code for answer in answers[:2]] == [200, 200]
        assert is_too_many(answers[2])
        assert browser.get(f"/store/payment-collections/{collection.pk}").status_code == 200

    def test_of_the_hooks(self, browser: Client, put: Any, cache: None) -> None:
        put(HOOKS_THROTTLE_CLASSES=[f"{HERE}.TwoADay"])

        answers = [browser.post("/hooks/payment/fake_fake", b"{}", content_type="text/plain") for _ in range(3)]

        assert [answer.status_code for answer in answers[:2]] == [400, 400]
        assert is_too_many(answers[2])

    @pytest.mark.parametrize("path", ["/auth/customer/emailpass", "/auth/user/emailpass"])
    def test_of_the_demos_login(self, client: Client, cache: None, db: None, path: str) -> None:
        def log_in(email: str, password: str) -> Any:
            return client.post(path, {"email": email, "password": password}, content_type="application/json")

        answers = [log_in("jane@example.com", str(number)) for number in range(11)]

        assert [answer.status_code for answer in answers[:10]] == [401] * 10
        assert is_too_many(answers[10])
        assert log_in("joe@example.com", "x").status_code == 401

    def test_of_the_demos_registration(self, client: Client, cache: None, db: None) -> None:
        jane = {"email": "jane@example.com", "password": "a secret"}

        answers = [client.post("/auth/customer/emailpass/register", jane, "application/json") for _ in range(11)]

        assert [answer.status_code for answer in answers] == [200] + [401] * 9 + [429]

    def test_of_django_admins_login(self, client: Client, cache: None, db: None) -> None:
        User.objects.create_superuser("staff", password="right")
        wrong = {"username": "staff", "password": "wrong"}

        answers = [client.post("/django-admin/login/", wrong) for _ in range(11)]

        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        assert int(answers[10].headers["Retry-After"]) >= 1
        assert client.get("/django-admin/login/").status_code == 200


class TestAddresses:
    """Customers are sent where a shopper says: to the shop's own origins only."""

    OWN = "http://localhost:3000/thanks"
    FOREIGN = ("javascript:alert(1)", "//evil.example", "https://evil.example/", "https://localhost@evil.example/", 7)

    @pytest.mark.parametrize("url", FOREIGN)
    def test_foreign_ones_are_refused(self, browser: Client, till: Till, stripe_twin: StripeTwin, url: Any) -> None:
        collection = till.collection()
        nested = {"payment_method_options": {"us_bank_account": {"financial_connections": {"return_url": url}}}}
        parts = {"sessions": [{"provider_id": STRIPE, "amount": 100, "data": {"return_url": url}}]}
        path = f"/store/payment-collections/{collection.pk}/payment-sessions/batch"

        answers = [
            choose(browser, collection, STRIPE, return_url=url),
            choose(browser, collection, STRIPE, **nested),
            browser.post(path, parts, content_type="application/json"),
        ]

        assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [(400, "invalid_data")] * 3
        assert all("RETURN_URL_ORIGINS" in answer.json()["message"] for answer in answers)
        assert not PaymentSession.objects.exists()

    def test_an_update_is_asked_too(self, browser: Client, till: Till, stripe_twin: StripeTwin) -> None:
        collection = till.collection()
        assert choose(browser, collection, STRIPE, return_url=self.OWN).status_code == 200
        assert choose(browser, collection, STRIPE, return_url="https://evil.example/").status_code == 400
        assert live(collection).client_data == {"return_url": self.OWN}

    def test_saving_a_payment_method_is_asked_too(self, browser: Client, till: Till, stripe_twin: StripeTwin) -> None:
        user = User.objects.create_user("jane", email="jane@example.com")
        browser.force_login(user)
        holder = till.session_of_customer(Customer(id=str(user.pk)), provider_id=STRIPE).account_holder_id

        answers = [
            browser.post(
                f"/store/payment-methods/{holder}", {"data": {"return_url": url}}, content_type="application/json"
            )
            for url in ("javascript:alert(1)", "https://evil.example/")
        ]

        assert [answer.status_code for answer in answers] == [400, 400]
        assert all("RETURN_URL_ORIGINS" in answer.json()["message"] for answer in answers)

    @pytest.mark.parametrize(
        ("keys", "django", "url", "is_fine"),
        [
            ({"RETURN_URL_ORIGINS": None}, {"ALLOWED_HOSTS": [".shop.example"]}, "https://eu.shop.example/", True),
            ({"RETURN_URL_ORIGINS": None}, {"ALLOWED_HOSTS": ["*"]}, "https://evil.example/", False),
            (
                {"RETURN_URL_ORIGINS": None},
                {"CSRF_TRUSTED_ORIGINS": ["https://*.shop.example"]},
                "https://eu.shop.example/",
                True,
            ),
            (
                {"RETURN_URL_ORIGINS": None},
                {"CORS_ALLOWED_ORIGINS": ["https://shop.example"]},
                "https://shop.example/",
                True,
            ),
            (
                {"RETURN_URL_ORIGINS": None},
                {"CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://\w+\.shop\.example"]},
                "https://eu.shop.example.evil.example/",
                False,
            ),
            ({"RETURN_URL_ORIGINS": ["https://shop.example"]}, {}, "https://shop.example/", True),
            ({"RETURN_URL_ORIGINS": ["https://shop.example"]}, {}, "http://localhost:3000/", False),
            ({"RETURN_URL_ORIGINS": ["myapp://"]}, {}, "myapp://done", True),
            ({"RETURN_URL_ORIGINS": "*"}, {}, "https://anywhere.example/", True),
            ({"RETURN_URL_ORIGINS": "*"}, {}, "javascript:alert(1)", False),
            ({"RETURN_URL_ORIGINS": []}, {}, "http://localhost:3000/", False),
        ],
    )
    def test_whose_they_are_the_settings_say(
        self,
        browser: Client,
        till: Till,
        stripe_twin: StripeTwin,
        put: Any,
        settings: Any,
        keys: dict[str, Any],
        django: dict[str, Any],
        url: str,
        is_fine: bool,
    ) -> None:
        put(**keys)
        collection = till.collection()
        for key, value in django.items():
            setattr(settings, key, [*value, "testserver"] if key == "ALLOWED_HOSTS" else value)

        assert choose(browser, collection, STRIPE, return_url=url).status_code == (200 if is_fine else 400)

    def test_in_development_without_hosts(
        self, browser: Client, till: Till, stripe_twin: StripeTwin, put: Any, settings: Any
    ) -> None:
        put(RETURN_URL_ORIGINS=None)
        settings.CORS_ALLOWED_ORIGIN_REGEXES, settings.ALLOWED_HOSTS, settings.DEBUG = [], [], True
        browser.defaults["SERVER_NAME"] = "localhost"
        collection = till.collection()

        assert choose(browser, collection, STRIPE, return_url="http://localhost:3000/").status_code == 200
        assert choose(browser, collection, STRIPE, return_url="https://evil.example/").status_code == 400

    def test_host_code_sends_them_where_it_likes(self, till: Till, stripe_twin: StripeTwin) -> None:
        session = till.session(STRIPE, return_url="https://elsewhere.example/")

        assert session.client_data == {"return_url": "https://elsewhere.example/"}
