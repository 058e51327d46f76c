"""The settings object reads late, fills in defaults and follows overrides."""

from typing import Any

import pytest

from medusa_payments.conf import DEFAULTS, payments_settings
from medusa_payments.money import exponent


def test_missing_keys_have_their_defaults(settings: Any) -> None:
    settings.MEDUSA_PAYMENTS = {"CART_RESOLVER": "shop.resolve_cart"}

    assert payments_settings.CART_RESOLVER == "shop.resolve_cart"
    assert payments_settings.REGION_PROVIDERS is None
    assert payments_settings.PROVIDERS == {
        "pp_system_default": {"BACKEND": "medusa_payments.providers.system.SystemProvider"}
    }


def test_works_without_the_setting(settings: Any) -> None:
    del settings.MEDUSA_PAYMENTS

    assert {key: getattr(payments_settings, key) for key in DEFAULTS} == DEFAULTS


def test_follows_overrides_and_back(settings: Any) -> None:
    settings.MEDUSA_PAYMENTS = {"REGION_PROVIDERS": {"reg_1": ["pp_1"]}}
    assert payments_settings.REGION_PROVIDERS == {"reg_1": ["pp_1"]}

    settings.MEDUSA_PAYMENTS = {"REGION_PROVIDERS": {"reg_2": []}}
    assert payments_settings.REGION_PROVIDERS == {"reg_2": []}


def test_an_unknown_key_is_an_error_of_the_caller() -> None:
    with pytest.raises(AttributeError, match="MEDUSA_PAYMENTS has no key CART_RESOLVR"):
        _ = payments_settings.CART_RESOLVR


def test_a_hook_is_a_dotted_path_or_the_thing_itself(settings: Any) -> None:
    regions = {"reg_1": ["pp_1"]}
    settings.MEDUSA_PAYMENTS = {"CART_RESOLVER": "medusa_payments.money.exponent", "REGION_PROVIDERS": regions}

    assert payments_settings.hook("CART_RESOLVER") is exponent
    assert payments_settings.hook("REGION_PROVIDERS") is regions


def test_a_hook_that_is_not_set_is_none(settings: Any) -> None:
    settings.MEDUSA_PAYMENTS = {}

    assert payments_settings.hook("CART_RESOLVER") is None


@pytest.mark.parametrize("path", ["nowhere.resolve_cart", "medusa_payments.money.nothing", "resolve_cart"])
def test_a_hook_that_leads_nowhere(settings: Any, path: str) -> None:
    settings.MEDUSA_PAYMENTS = {"CART_RESOLVER": path}

    with pytest.raises(ImportError):
        payments_settings.hook("CART_RESOLVER")
