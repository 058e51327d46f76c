"""System checks name the mistake and what was meant; they tell no secret and connect to no database.

No test here asks for one, and pytest-django refuses what isn't asked for.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib import admin
from django.core import checks
from django.db.utils import ConnectionHandler
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from rest_framework.authentication import BaseAuthentication

from medusa_payments.conf import DEFAULTS
from medusa_payments.providers.system import SystemProvider
from medusa_payments.providers.types import Capabilities
from medusa_payments.states import UndoPolicy

HERE = __name__
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"
SYSTEM = {"BACKEND": "medusa_payments.providers.system.SystemProvider"}
ANY_OPTIONS = {"BACKEND": f"{__name__}.SilentProvider"}
FAKE = "medusa_payments.testing.fake_provider.FakeProvider"
PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n-----END KEY-----"


class TalkativeProvider(SystemProvider):
    """Refuses its options and quotes them in every way it can think of."""

    option_names = None

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        key, pem = options["api_key"], options["certificates"][0]["pem"]
        raise options.get("error", ValueError)(f"bad api_key {key!r} ({key[:12]}…{key[-8:]}), id={key}, pem {pem!r}")


class SilentProvider(SystemProvider):
    """Takes any options."""

    option_names = None


class HomemadeFake(SystemProvider):
    option_names = None
    __module__ = "medusa_payments.testing.homemade"


class Authentication(BaseAuthentication):
    pass


def resolver(*_: Any) -> None:
    """Stands for any hook of a host's."""


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def messages(*, deploy: bool = False) -> list[checks.CheckMessage]:
    reported = checks.run_checks(tags=["medusa_payments"], include_deployment_checks=deploy)
    return sorted(reported, key=lambda message: str(message.id))


def found(check_id: str, *, deploy: bool = False) -> list[str]:
    return [message.msg for message in messages(deploy=deploy) if message.id == f"medusa_payments.{check_id}"]


@pytest.fixture(autouse=True)
def host(settings: Any) -> None:
    """The demo's settings; the test host opens its providers to carts without a region on top of them."""
    configured = {
        alias: {key: value for key, value in entry.items() if key != "STOREFRONT"}
        for alias, entry in settings.MEDUSA_PAYMENTS["PROVIDERS"].items()
    }
    settings.MEDUSA_PAYMENTS = {**settings.MEDUSA_PAYMENTS, "PROVIDERS": configured}


@pytest.fixture
def configure(settings: Any, host: None) -> Any:
    """Return a function that changes keys of the test host's `MEDUSA_PAYMENTS`."""
    before = settings.MEDUSA_PAYMENTS

    def put(**keys: Any) -> None:
        settings.MEDUSA_PAYMENTS = {**before, **keys}

    return put


def test_the_test_host_is_configured_well() -> None:
    assert messages() == []


def test_the_demo_is_silent_in_deployment_as_far_as_it_means_to_be() -> None:
    reported = {message.id for message in messages(deploy=True) if not message.is_silenced()}

    assert reported == set()
    assert django_settings.SILENCED_SYSTEM_CHECKS == ["medusa_payments.W007"]


def test_every_check_is_documented_and_every_documented_check_exists() -> None:
    directory = REFERENCE.parents[1] / "medusa_payments" / "checks"
    code = "".join(module.read_text() for module in directory.glob("*.py"))
    documented = re.findall(r"^\| `(medusa_payments\.[EW]\d{3})` \|", REFERENCE.read_text(), flags=re.MULTILINE)

    assert len(documented) == len(set(documented))
    assert set(documented) == set(re.findall(r'id="(medusa_payments\.[EW]\d{3})"', code))


class TestKeys:
    def test_a_misspelt_key_is_named_with_a_suggestion(self, settings: Any) -> None:
        settings.MEDUSA_PAYMENTS = {"CART_RESOLVR": f"{HERE}.resolver", "CART_RESOLVER": f"{HERE}.resolver"}

        [message] = messages()

        assert (message.id, message.level) == ("medusa_payments.E001", checks.ERROR)
        assert message.msg == "MEDUSA_PAYMENTS has an unknown key 'CART_RESOLVR'."
        assert message.hint == "Did you mean 'CART_RESOLVER'?"

    def test_a_key_like_no_other_gets_the_known_ones(self, configure: Any) -> None:
        configure(X=1)

        [message] = messages()

        assert message.hint is not None
        assert message.hint.startswith("Known keys: ")
        assert "CART_RESOLVER" in message.hint

    def test_every_unknown_key_is_named(self, configure: Any) -> None:
        configure(B=1, A=1)

        assert found("E001") == ["MEDUSA_PAYMENTS has an unknown key 'A'.", "MEDUSA_PAYMENTS has an unknown key 'B'."]

    def test_a_misspelt_key_of_a_provider(self, configure: Any) -> None:
        configure(PROVIDERS={"pp_a": SYSTEM | {"OPTION": {}}})

        assert found("E001") == ["MEDUSA_PAYMENTS['PROVIDERS']['pp_a'] has an unknown key 'OPTION'."]

    @pytest.mark.parametrize("value", [None, [], "shop"])
    def test_a_setting_that_is_no_dictionary(self, settings: Any, value: Any) -> None:
        settings.MEDUSA_PAYMENTS = value

        assert [message.id for message in messages()] == ["medusa_payments.E002", "medusa_payments.W001"]
        assert found("E002") == ["MEDUSA_PAYMENTS must be a dictionary."]

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("PROVIDERS", [SYSTEM]),
            ("PROVIDERS", None),
            ("ADMIN_AUTHENTICATION_CLASSES", f"{HERE}.Authentication"),
            ("STORE_AUTHENTICATION_CLASSES", {}),
        ],
    )
    def test_a_key_that_is_made_otherwise(self, configure: Any, key: str, value: Any) -> None:
        configure(**{key: value})

        [message] = found("E002")
        assert message.startswith(f"MEDUSA_PAYMENTS['{key}'] must be ")

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("ON_FAILURE", "refnd"),
            ("SPLIT_ON_FAILURE", None),
            ("SPLIT_RESOLVE_SECONDS", "3600"),
            ("EXPIRY_WARNING_SECONDS", -1),
            ("EVIDENCE_WARNING_SECONDS", float("inf")),
            ("POLL_SESSIONS_AFTER_SECONDS", timedelta(minutes=1)),
            ("POLL_SESSIONS_AFTER_SECONDS", 10**12),
            ("EVENT_ATTEMPTS", 0),
            ("RETENTION_DAYS", "90"),
            ("RETENTION_DAYS", True),
            ("WEBHOOK_MAX_BYTES", 1e5),
            ("MAX_PROVIDER_CALLS", 0),
            ("MAX_PROVIDER_CALLS", "8"),
            ("REQUIRE_IDEMPOTENCY_KEY_FOR_REFUNDS", "False"),
        ],
    )
    def test_a_value_that_can_not_be_used(self, configure: Any, key: str, value: Any) -> None:
        configure(**{key: value})

        [message] = messages()

        assert (message.id, message.level) == ("medusa_payments.E011", checks.ERROR)
        assert message.msg.startswith(f"MEDUSA_PAYMENTS['{key}'] must be ")
        assert message.msg.endswith(f", not {value!r}.")

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("ON_FAILURE", UndoPolicy.VOID),
            ("RETENTION_DAYS", None),
            ("MAX_PROVIDER_CALLS", None),
            ("EVENT_ATTEMPTS", 1),
        ],
    )
    def test_a_value_that_is_fine(self, configure: Any, key: str, value: Any) -> None:
        configure(**{key: value})

        assert messages() == []

    def test_all_defaults_are_fine(self, configure: Any) -> None:
        configure(**{**DEFAULTS, "CART_RESOLVER": f"{HERE}.resolver", "ADMIN_AUTHENTICATION_CLASSES": None})

        assert found("E011") == []

    def test_a_shop_without_the_setting_lacks_but_a_cart_resolver(self, settings: Any) -> None:
        del settings.MEDUSA_PAYMENTS

        assert [message.id for message in messages()] == ["medusa_payments.W001"]


class TestHooks:
    @pytest.mark.parametrize("key", ["CART_RESOLVER", "ORDER_RESOLVER", "CUSTOMER_RESOLVER", "REGION_PROVIDERS"])
    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("nowhere.resolve", "'nowhere.resolve' can't be imported: No module named 'nowhere'"),
            (f"{HERE}.missing", f"'{HERE}.missing' can't be imported: Module \"{HERE}\" does not define"),
            ("resolve", "'resolve' can't be imported: resolve doesn't look like a module path"),
            (
                "tests.unit.broken_module.resolve",
                "importing 'tests.unit.broken_module.resolve' raises ZeroDivisionError",
            ),
            (f"{HERE}.HERE", f"'{HERE}' can't be called"),
            (7, "7 can't be called"),
        ],
    )
    def test_that_name_nothing_to_call(self, configure: Any, key: str, value: Any, reason: str) -> None:
        configure(**{key: value})

        [message] = found("E003")

        assert message.startswith(f"MEDUSA_PAYMENTS['{key}']: {reason}")

    @pytest.mark.parametrize("value", [f"{HERE}.resolver", resolver])
    def test_that_are_fine(self, configure: Any, value: Any) -> None:
        configure(CART_RESOLVER=value, ORDER_RESOLVER=None, CUSTOMER_RESOLVER=None, REGION_PROVIDERS={})

        assert messages() == []

    def test_a_cart_resolver_is_missed(self, configure: Any) -> None:
        configure(CART_RESOLVER=None)

        [message] = messages()

        assert (message.id, message.level) == ("medusa_payments.W001", checks.WARNING)


class TestAuthenticationClasses:
    @pytest.mark.parametrize("key", ["ADMIN_AUTHENTICATION_CLASSES", "STORE_AUTHENTICATION_CLASSES"])
    @pytest.mark.parametrize("entry", ["nowhere.Login", f"{HERE}.resolver", f"{HERE}.SystemProvider", 7])
    def test_that_are_none(self, configure: Any, key: str, entry: Any) -> None:
        configure(**{key: ["rest_framework.authentication.SessionAuthentication", entry]})

        [message] = found("E004")
        assert message.startswith(f"MEDUSA_PAYMENTS['{key}']: ")
        assert str(entry) in message

    def test_that_are_fine(self, configure: Any) -> None:
        classes = (Authentication, "medusa_payments.api.authentication.SecretKeyAuthentication")
        configure(ADMIN_AUTHENTICATION_CLASSES=classes, STORE_AUTHENTICATION_CLASSES=[])

        assert messages() == []

    @pytest.mark.parametrize(
        ("ours", "hosts", "is_closed"),
        [
            ([], {}, True),
            (None, {"DEFAULT_AUTHENTICATION_CLASSES": []}, True),
            (None, {}, False),
            ([f"{HERE}.Authentication"], {"DEFAULT_AUTHENTICATION_CLASSES": []}, False),
        ],
    )
    def test_nobody_can_log_in(
        self, configure: Any, settings: Any, ours: Any, hosts: dict[str, Any], is_closed: bool
    ) -> None:
        configure(ADMIN_AUTHENTICATION_CLASSES=ours)
        settings.REST_FRAMEWORK = hosts

        assert len(found("W006")) == is_closed

    def test_nobody_needs_to_without_the_admin_api(self, configure: Any, settings: Any) -> None:
        configure(ADMIN_AUTHENTICATION_CLASSES=[])
        settings.ROOT_URLCONF = urlconf(path("store/", include("medusa_payments.api.store.urls")))

        assert messages() == []


class TestProviders:
    @pytest.mark.parametrize("alias", ["stripe", "pp_", "PP_a_b", "pp_a/b", "pp_ä", "pp_a b", "pp_" + "a" * 98, 7])
    def test_an_alias_that_clients_could_not_send(self, configure: Any, alias: Any) -> None:
        configure(PROVIDERS={alias: SYSTEM})

        assert found("E005") == [f"'{alias}' is no provider id."]

    @pytest.mark.parametrize("alias", ["pp_system_default", "pp_stripe-bancontact_eu", "pp_1", "pp_" + "a" * 97])
    def test_an_alias_that_is_fine(self, configure: Any, alias: str) -> None:
        configure(PROVIDERS={alias: SYSTEM})

        assert messages() == []

    @pytest.mark.parametrize(
        ("configuration", "reason"),
        [
            ("medusa_payments.providers.system.SystemProvider", "it must be a dictionary with a BACKEND"),
            ({}, "it must be a dictionary with a BACKEND"),
            ({"BACKEND": SystemProvider}, "it must be a dictionary with a BACKEND"),
            ({"BACKEND": "nowhere.Provider"}, "'nowhere.Provider' can't be imported: No module named 'nowhere'"),
            ({"BACKEND": f"{HERE}.resolver"}, f"'{HERE}.resolver' is no PaymentProvider"),
            ({"BACKEND": f"{HERE}.Authentication"}, f"'{HERE}.Authentication' is no PaymentProvider"),
        ],
    )
    def test_a_backend_that_is_none(self, configure: Any, configuration: Any, reason: str) -> None:
        configure(PROVIDERS={"pp_a": configuration})

        assert found("E006") == [f"MEDUSA_PAYMENTS['PROVIDERS']['pp_a']: {reason}."]
        assert found("E007") == []

    @pytest.mark.parametrize("policy", ["nothing", "capture", "release"])
    def test_a_policy_for_what_runs_out(self, configure: Any, policy: str) -> None:
        configure(PROVIDERS={"pp_a": SYSTEM | {"ON_EXPIRY": policy}})

        assert messages() == []

    @pytest.mark.parametrize("policy", ["void", None, ["capture"]])
    def test_a_policy_for_what_runs_out_that_is_none(self, configure: Any, policy: Any) -> None:
        configure(PROVIDERS={"pp_a": SYSTEM | {"ON_EXPIRY": policy}})

        [message] = found("E011")
        assert message == (
            "MEDUSA_PAYMENTS['PROVIDERS']['pp_a']['ON_EXPIRY'] must be one of 'nothing', 'capture', 'release', "
            f"not {policy!r}."
        )

    def test_a_backend_that_lacks_a_verb(self, configure: Any) -> None:
        configure(PROVIDERS={"pp_a": {"BACKEND": "medusa_payments.providers.base.PaymentProvider"}})

        [message] = found("E007")
        assert "abstract" in message

    def test_options_that_are_refused(self, configure: Any) -> None:
        configure(PROVIDERS={"pp_a": {"BACKEND": FAKE, "OPTIONS": {"colour": "red"}}})

        assert found("E007") == [
            "MEDUSA_PAYMENTS['PROVIDERS']['pp_a'] can't be used: ValueError: unknown options: colour."
        ]

    @pytest.mark.parametrize("error", [ValueError, TypeError, RuntimeError, OSError])
    def test_what_a_provider_says_of_its_secrets_is_left_out(self, configure: Any, error: type[Exception]) -> None:
        secret = "sk_live_51HxAbCdEfGhIjKlMn"
        options = {"api_key": secret, "certificates": [{"pem": PEM}], "error": error}
        configure(PROVIDERS={"pp_a": {"BACKEND": f"{HERE}.TalkativeProvider", "OPTIONS": options}})

        [message] = found("E007")

        assert message.startswith(f"MEDUSA_PAYMENTS['PROVIDERS']['pp_a'] can't be used: {error.__name__}: bad api_key ")
        pieces = [value[start : start + 6] for value in (secret, *PEM.split("\n")) for start in range(len(value) - 5)]
        assert [piece for piece in pieces if piece in message] == []


class TestWhereProvidersAreMeantToRun:
    @pytest.mark.parametrize("key", ["sk_live_51Hx", "rk_live_51Hx"])
    def test_a_live_key_on_a_developers_machine(self, configure: Any, settings: Any, key: str) -> None:
        settings.DEBUG = True
        configure(PROVIDERS={"pp_a": {**ANY_OPTIONS, "OPTIONS": {"accounts": [{"api_key": key}]}}})

        [message] = messages()

        assert (message.id, message.level) == ("medusa_payments.W005", checks.WARNING)
        assert "pp_a" in message.msg
        assert key not in str(message)

    @pytest.mark.parametrize(("debug", "key"), [(True, "sk_test_51Hx"), (False, "sk_live_51Hx")])
    def test_a_key_where_it_belongs(self, configure: Any, settings: Any, debug: bool, key: str) -> None:
        settings.DEBUG = debug
        configure(PROVIDERS={"pp_a": {**ANY_OPTIONS, "OPTIONS": {"api_key": key}}})

        assert messages() == []

    @pytest.mark.parametrize("backend", [FAKE, f"{HERE}.HomemadeFake"])
    def test_a_fake_provider_in_deployment(self, configure: Any, tmp_path: Path, backend: str) -> None:
        options = {"ledger_path": str(tmp_path / "ledger.sqlite3")}
        configure(PROVIDERS={"pp_a": SYSTEM, "pp_b": {"BACKEND": backend, "OPTIONS": options}})

        [message] = found("W007", deploy=True)

        assert message.startswith("MEDUSA_PAYMENTS['PROVIDERS']['pp_b'] is a provider for tests")
        assert found("W007") == []

    def test_a_fake_provider_on_a_developers_machine(self, settings: Any) -> None:
        settings.DEBUG = True

        assert found("W007", deploy=True) == []

    @pytest.mark.parametrize("enabled", [["pp_a", "pp_x"], ("pp_x",)])
    def test_a_region_with_an_unknown_provider(self, configure: Any, enabled: Any) -> None:
        configure(PROVIDERS={"pp_a": SYSTEM}, REGION_PROVIDERS={"reg_eu": enabled, "reg_us": ["pp_a"]})

        [message] = messages()

        assert message.msg == "MEDUSA_PAYMENTS['REGION_PROVIDERS']['reg_eu'] enables 'pp_x', which isn't configured."
        assert message.hint == "Configured providers: pp_a."

    @pytest.mark.parametrize("enabled", ["pp_a", None, 7])
    def test_a_region_without_a_list(self, configure: Any, enabled: Any) -> None:
        configure(PROVIDERS={"pp_a": SYSTEM}, REGION_PROVIDERS={"reg_eu": enabled})

        assert found("E010") == ["MEDUSA_PAYMENTS['REGION_PROVIDERS']['reg_eu'] must be a list of provider ids."]


SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}
GOOD_OPTIONS = {"transaction_mode": "IMMEDIATE", "timeout": 30}
POSTGRES = {"ENGINE": "django.db.backends.postgresql", "NAME": "shop"}


class TestDatabases:
    @pytest.fixture
    def use(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """Return a function that puts other databases in front of the check."""

        def put(database: dict[str, Any], **others: dict[str, Any]) -> None:
            handler = ConnectionHandler({"default": database, **others})
            monkeypatch.setattr("medusa_payments.checks.databases.connections", handler)

        return put

    @pytest.mark.parametrize(
        "database",
        [
            SQLITE | {"OPTIONS": GOOD_OPTIONS},
            SQLITE | {"OPTIONS": GOOD_OPTIONS | {"transaction_mode": "exclusive", "timeout": 10}},
            SQLITE | {"OPTIONS": GOOD_OPTIONS | {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}},
            SQLITE | {"NAME": "file:memorydb_default?mode=memory&cache=shared", "OPTIONS": GOOD_OPTIONS},
            POSTGRES,
            POSTGRES | {"OPTIONS": {"pool": True, "options": "-c search_path=shop -c synchronous_commit=on"}},
            POSTGRES | {"OPTIONS": {"options": "-c synchronous_commit=remote_apply"}},
        ],
    )
    def test_that_keep_the_promise(self, use: Any, database: dict[str, Any]) -> None:
        use(database)

        assert messages() == []

    @pytest.mark.parametrize(
        ("database", "weaknesses"),
        [
            (SQLITE, ["transaction_mode", "timeout"]),
            (SQLITE | {"OPTIONS": {"transaction_mode": None, "timeout": 30}}, ["transaction_mode"]),
            (SQLITE | {"OPTIONS": GOOD_OPTIONS | {"transaction_mode": "DEFERRED"}}, ["transaction_mode"]),
            (SQLITE | {"OPTIONS": GOOD_OPTIONS | {"timeout": 9.9}}, ["timeout"]),
            (SQLITE | {"OPTIONS": {"transaction_mode": "IMMEDIATE"}}, ["timeout"]),
            (SQLITE | {"NAME": ":memory:", "OPTIONS": GOOD_OPTIONS}, ["memory"]),
        ],
    )
    def test_sqlite_that_fails_under_load(self, use: Any, database: dict[str, Any], weaknesses: list[str]) -> None:
        use(database)

        reported = found("W002")

        assert len(messages()) == len(reported) == len(weaknesses)
        for weakness, message in zip(weaknesses, reported, strict=True):
            assert weakness in message

    @pytest.mark.parametrize(
        "database",
        [
            POSTGRES | {"OPTIONS": {"options": "-c synchronous_commit=off"}},
            POSTGRES | {"OPTIONS": {"options": "-c statement_timeout=5s --synchronous-commit=OFF"}},
            SQLITE | {"OPTIONS": GOOD_OPTIONS | {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous = OFF"}},
            SQLITE | {"OPTIONS": GOOD_OPTIONS | {"init_command": "PRAGMA synchronous=NORMAL;"}},
            SQLITE | {"OPTIONS": GOOD_OPTIONS | {"init_command": "PRAGMA synchronous=0"}},
        ],
    )
    def test_that_forget_commits(self, use: Any, database: dict[str, Any]) -> None:
        use(database)

        [message] = messages()

        assert (message.id, message.level) == ("medusa_payments.W003", checks.WARNING)

    def test_that_nobody_tried(self, use: Any) -> None:
        use({"ENGINE": "django.db.backends.dummy"})

        assert found("W004") == [
            "DATABASES['default'] uses django.db.backends.dummy, on which nothing that is promised about money was "
            "ever tested."
        ]

    def test_the_one_that_payments_are_written_to_counts(self, use: Any, settings: Any) -> None:
        settings.DATABASE_ROUTERS = [f"{HERE}.PaymentsElsewhere"]

        use(SQLITE, payments=POSTGRES)

        assert messages() == []


class PaymentsElsewhere:
    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "payments" if model._meta.app_label == "medusa_payments" else None


def urlconf(*patterns: URLPattern | URLResolver) -> ModuleType:
    module = ModuleType("urls_of_a_shop")
    module.urlpatterns = list(patterns)  # type: ignore[attr-defined]
    return module


def payments(prefix: str) -> URLResolver:
    return path(prefix, include("medusa_payments.urls"))


def django_admin(prefix: str) -> URLResolver:
    return path(prefix, admin.site.urls)


class TestURLs:
    @pytest.mark.parametrize("prefix", ["", "medusa/"])
    def test_django_admin_in_front_of_the_admin_api(self, settings: Any, prefix: str) -> None:
        settings.ROOT_URLCONF = urlconf(django_admin(f"{prefix}admin/"), payments(prefix))

        [message] = messages()

        assert (message.id, message.level) == ("medusa_payments.E008", checks.ERROR)
        assert message.msg.startswith(f"/{prefix}admin/payments is answered by Django admin")

    def test_django_admin_in_a_namespace(self, settings: Any) -> None:
        site = path("", include(([django_admin("admin/")], "site")))
        settings.ROOT_URLCONF = urlconf(site, payments(""))

        assert [message.id for message in messages()] == ["medusa_payments.E008"]

    def test_django_admin_over_everything(self, settings: Any) -> None:
        settings.ROOT_URLCONF = urlconf(django_admin(""), payments("medusa/"))

        assert [message.id for message in messages()] == ["medusa_payments.E008"]

    def test_django_admin_behind_the_admin_api(self, settings: Any) -> None:
        settings.ROOT_URLCONF = urlconf(payments(""), django_admin("admin/"))

        [message] = messages()

        assert (message.id, message.level) == ("medusa_payments.W009", checks.WARNING)
        assert "/admin/" in message.msg

    @pytest.mark.parametrize(
        "patterns",
        [
            [payments(""), django_admin("django-admin/")],
            [django_admin("admin/"), payments("medusa/")],
            [path("<slug:tenant>/", include([django_admin("admin/"), payments("")]))],
            [django_admin("admin/")],
            [path("admin/", page)],
            [re_path("(?i:pay)/", include("medusa_payments.urls"))],
            [re_path("pay+/", include("medusa_payments.urls"))],
            [re_path("pays?/", include("medusa_payments.urls"))],
            [re_path("pa{1}y/|[m]/", include("medusa_payments.urls"))],
        ],
        ids=["apart", "under a prefix", "under a parameter", "no payments", "neither", *["under a pattern"] * 4],
    )
    def test_no_clash(self, settings: Any, patterns: list[Any]) -> None:
        settings.ROOT_URLCONF = urlconf(*patterns)

        assert messages() == []

    def test_a_project_without_urls(self, settings: Any) -> None:
        del settings.ROOT_URLCONF

        assert messages() == []


def test_times_without_zones(settings: Any) -> None:
    settings.USE_TZ = False

    [message] = messages()

    assert (message.id, message.level) == ("medusa_payments.E009", checks.ERROR)


TAKES_MONEY = {"BACKEND": f"{HERE}.MoneyProvider"}
SENDS_AWAY = {"BACKEND": f"{HERE}.RedirectingProvider"}
OPENED = SYSTEM | {"STOREFRONT": True}


class MoneyProvider(SystemProvider):
    capabilities = Capabilities(is_local=True)


class RedirectingProvider(MoneyProvider):
    client_data_keys = frozenset({"cancel_url"})
    url_data_keys = frozenset({"cancel_url"})


class TestStorefronts:
    @pytest.mark.parametrize(
        ("providers", "regions", "named"),
        [
            ({"pp_a": OPENED, "pp_m": TAKES_MONEY}, None, ["pp_a"]),
            ({"pp_a": OPENED, "pp_b": OPENED, "pp_m": TAKES_MONEY}, None, ["pp_a", "pp_b"]),
            ({"pp_a": SYSTEM, "pp_m": TAKES_MONEY}, None, []),
            ({"pp_a": OPENED}, None, []),
            ({"pp_a": OPENED, "pp_m": TAKES_MONEY | {"STOREFRONT": False}}, None, []),
            ({"pp_a": SYSTEM, "pp_m": TAKES_MONEY}, {"reg_eu": ["pp_a", "pp_m"]}, ["pp_a"]),
            ({"pp_a": SYSTEM, "pp_m": TAKES_MONEY}, {"reg_eu": ["pp_a", "pp_m"], "reg_us": ["pp_m"]}, []),
            ({"pp_a": SYSTEM | {"STOREFRONT": False}, "pp_m": TAKES_MONEY}, {"reg_eu": ["pp_a", "pp_m"]}, []),
            ({"pp_a": SYSTEM, "pp_m": TAKES_MONEY}, {}, []),
            ({"pp_a": SYSTEM, "pp_m": TAKES_MONEY}, f"{HERE}.resolver", []),
        ],
    )
    def test_one_that_takes_no_money_is_open_beside_one_that_does(
        self, configure: Any, providers: Any, regions: Any, named: list[str]
    ) -> None:
        configure(PROVIDERS=providers, REGION_PROVIDERS=regions)

        warnings, errors = found("W015"), found("E012", deploy=True)

        assert [re.findall(r"'(pp_.)'", text) for text in warnings] == [[alias] for alias in named]
        assert errors == warnings
        assert found("E012") == []

    def test_a_fake_provider_is_reported_once(self, configure: Any, tmp_path: Path) -> None:
        fake = {"BACKEND": FAKE, "OPTIONS": {"ledger_path": str(tmp_path / "ledger")}, "STOREFRONT": True}
        configure(PROVIDERS={"pp_fake_fake": fake, "pp_m": TAKES_MONEY})

        reported = {message.id for message in messages(deploy=True) if message.level >= checks.ERROR}

        assert reported == {"medusa_payments.E012"}
        assert found("W007", deploy=True) == []

    @pytest.mark.parametrize("value", ["yes", 1, None])
    def test_what_the_key_holds(self, configure: Any, value: Any) -> None:
        configure(PROVIDERS={"pp_a": SYSTEM | {"STOREFRONT": value}})

        [text] = found("E011")
        assert text.startswith("MEDUSA_PAYMENTS['PROVIDERS']['pp_a']['STOREFRONT'] must be True or False")

    @pytest.mark.parametrize(
        ("providers", "origins", "is_named"),
        [
            ({"pp_r": SENDS_AWAY}, None, True),
            ({"pp_r": SENDS_AWAY}, ["https://shop.example"], False),
            ({"pp_r": SENDS_AWAY}, [], False),
            ({"pp_a": SYSTEM, "pp_m": TAKES_MONEY}, None, False),
        ],
    )
    def test_nobody_said_where_customers_may_be_sent(
        self, configure: Any, providers: Any, origins: Any, is_named: bool
    ) -> None:
        configure(PROVIDERS=providers, RETURN_URL_ORIGINS=origins)

        assert ["pp_r" in text for text in found("W016")] == [True] * is_named

    @pytest.mark.parametrize("value", ["shop.example", ["https://shop.example/"], ["javascript://"], [7], 7])
    def test_origins_that_are_none(self, configure: Any, value: Any) -> None:
        configure(RETURN_URL_ORIGINS=value)

        assert len(found("E011")) == 1

    @pytest.mark.parametrize(
        ("value", "is_fine"),
        [
            ([], True),
            (["https://dashboard.example", "http://localhost:9000", "http://[::1]:9000"], True),
            ("https://dashboard.example", False),
            (None, False),
            (["null"], False),
            ([""], False),
            (["*"], False),
            (["dashboard.example"], False),
            (["https://*.dashboard.example"], False),
            (["http://localhost:*"], False),
            (["https://dashboard.example/"], False),
            (["https://dashboard.example:443"], False),
            (["https://Dashboard.example"], False),
            (["myapp://"], False),
        ],
    )
    def test_origins_of_dashboards_are_written_as_browsers_send_them(
        self, configure: Any, value: Any, is_fine: bool
    ) -> None:
        configure(ADMIN_COOKIE_ORIGINS=value)

        assert len(found("E011")) == (not is_fine)

    @pytest.mark.parametrize("key", ["MAX_PROVIDER_OBJECTS_PER_COLLECTION", "MAX_FAILED_AUTHORIZATIONS_PER_HOUR"])
    @pytest.mark.parametrize(("value", "is_fine"), [(1, True), (None, True), (0, False), ("20", False), (1.5, False)])
    def test_bounds(self, configure: Any, key: str, value: Any, is_fine: bool) -> None:
        configure(**{key: value})

        assert len(found("E011")) == (not is_fine)


class TestThrottleClasses:
    @pytest.mark.parametrize("key", ["STORE_THROTTLE_CLASSES", "ADMIN_THROTTLE_CLASSES", "HOOKS_THROTTLE_CLASSES"])
    @pytest.mark.parametrize(
        ("value", "check_id"),
        [
            ("rest_framework.throttling.ScopedRateThrottle", "E002"),
            (None, "E002"),
            (["rest_framework.throttling.NoSuchThrottle"], "E004"),
            (["rest_framework.parsers.JSONParser"], "E004"),
            (["rest_framework.throttling.AnonRateThrottle"], "E004"),
        ],
    )
    def test_wrong_ones(self, configure: Any, key: str, value: Any, check_id: str) -> None:
        configure(**{key: value})

        [text] = found(check_id)
        assert key in text

    @pytest.mark.parametrize("value", [(), [], ["rest_framework.throttling.ScopedRateThrottle"]])
    def test_right_ones(self, configure: Any, value: Any) -> None:
        configure(STORE_THROTTLE_CLASSES=value)

        assert messages() == []
