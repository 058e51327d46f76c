"""One instance per alias, made on first use, anew when the settings change."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from medusa_payments.exceptions import InvalidData
from medusa_payments.providers.registry import providers
from medusa_payments.providers.system import SystemProvider

SYSTEM = {"BACKEND": "medusa_payments.providers.system.SystemProvider"}


class SlowProvider(SystemProvider):
    """Takes its time to be made, and counts."""

    option_names = None
    made = 0

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        type(self).made += 1
        self.options = options
        time.sleep(0.05)


class PickyProvider(SystemProvider):
    option_names = None

    def __init__(self, alias: str, options: Mapping[str, Any]) -> None:
        super().__init__(alias, options)
        raise options["error"]


SLOW = {"BACKEND": f"{__name__}.SlowProvider"}
PICKY = f"{__name__}.PickyProvider"


@pytest.fixture(autouse=True)
def _count_from_zero(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SlowProvider, "made", 0)


def configure(settings: Any, **configured: Any) -> None:
    settings.MEDUSA_PAYMENTS = {"PROVIDERS": configured}


def test_makes_the_configured_provider(settings: Any) -> None:
    configure(settings, pp_slow_a=SLOW | {"OPTIONS": {"key": "value"}}, pp_slow_b=SLOW)

    first, second = providers["pp_slow_a"], providers["pp_slow_b"]

    assert isinstance(first, SlowProvider)
    assert isinstance(second, SlowProvider)
    assert (first.alias, first.options) == ("pp_slow_a", {"key": "value"})
    assert (second.alias, second.options) == ("pp_slow_b", {})


def test_makes_none_before_it_is_asked_for(settings: Any) -> None:
    configure(settings, pp_slow_a=SLOW, pp_system_default=SYSTEM)

    assert providers["pp_system_default"].account == "system"
    assert SlowProvider.made == 0


def test_makes_one_for_all_threads(settings: Any) -> None:
    configure(settings, pp_slow_a=SLOW)
    barrier = Barrier(8)

    def get(_: int) -> object:
        barrier.wait()
        return providers["pp_slow_a"]

    with ThreadPoolExecutor(8) as pool:
        instances = set(pool.map(get, range(8)))

    assert len(instances) == SlowProvider.made == 1


def test_follows_the_settings(settings: Any) -> None:
    configure(settings, pp_slow_a=SLOW)
    before = providers["pp_slow_a"]

    configure(settings, pp_slow_a=SYSTEM)

    assert type(providers["pp_slow_a"]) is SystemProvider
    assert providers["pp_slow_a"] is not before


def test_clear_makes_it_anew(settings: Any) -> None:
    configure(settings, pp_slow_a=SLOW)
    before = providers["pp_slow_a"]

    providers.clear()

    assert providers["pp_slow_a"] is not before


def test_lists_aliases_without_making_them(settings: Any) -> None:
    configure(settings, pp_slow_a=SLOW, pp_system_default=SYSTEM)

    assert list(providers) == ["pp_slow_a", "pp_system_default"]
    assert "pp_slow_a" in providers
    assert "pp_slow_b" not in providers
    assert SlowProvider.made == 0


def test_an_alias_that_is_not_configured(settings: Any) -> None:
    configure(settings, pp_system_default=SYSTEM)

    with pytest.raises(InvalidData, match=r"^Payment provider pp_x is not configured\.$"):
        providers["pp_x"]


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        ({}, "BACKEND"),
        ({"BACKEND": None}, "rsplit"),
        ({"BACKEND": "nowhere.Provider"}, "nowhere"),
        ({"BACKEND": "medusa_payments.providers.system.Missing"}, "Missing"),
        ({"BACKEND": PICKY, "OPTIONS": {"error": ValueError("the option a is missing")}}, "the option a is missing"),
        ({"BACKEND": PICKY, "OPTIONS": {"error": TypeError("a must be text")}}, "a must be text"),
        ({"BACKEND": PICKY, "OPTIONS": {"error": OSError("a can't be read")}}, "a can't be read"),
    ],
)
def test_a_wrong_configuration_names_the_setting(settings: Any, configuration: dict[str, Any], reason: str) -> None:
    configure(settings, pp_wrong=configuration)

    with pytest.raises(
        ImproperlyConfigured, match=rf"^MEDUSA_PAYMENTS\['PROVIDERS'\]\['pp_wrong'\] is wrong: .*{reason}"
    ):
        providers["pp_wrong"]


@pytest.mark.parametrize("backend", ["nowhere.Provider", None, PICKY])
def test_one_that_can_not_be_made_hides_no_other(settings: Any, backend: Any) -> None:
    wrong = {"BACKEND": backend, "OPTIONS": {"error": OSError("a can't be read")}}
    configure(settings, pp_wrong=wrong, pp_system_default=SYSTEM)

    assert [provider.alias for provider in providers.on_account("system")] == ["pp_system_default"]


def test_a_failed_start_is_tried_again(settings: Any) -> None:
    configuration = {"BACKEND": "nowhere.Provider"}
    configure(settings, pp_wrong=configuration)
    with pytest.raises(ImproperlyConfigured):
        providers["pp_wrong"]

    configuration["BACKEND"] = SYSTEM["BACKEND"]

    assert providers["pp_wrong"].account == "system"
