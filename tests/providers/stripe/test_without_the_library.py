"""The app does without the `stripe` library until a provider needs it, and then says so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_engine

PROGRAM = """
import json, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name == "stripe" or name.startswith("stripe."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())

import django
from django.conf import settings
from medusa_payments.providers.stripe.configuration import stripe_providers

settings.configure(
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x.sqlite3"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "medusa_payments"],
    MEDUSA_PAYMENTS={"PROVIDERS": CONFIGURED},
)
django.setup()
from django.core.checks import run_checks

print(json.dumps({message.id: f"{message.msg} {message.hint}" for message in run_checks(tags=["medusa_payments"])}))
print(json.dumps([name for name in sys.modules if name == "stripe"]))
"""


def checked(configured: str) -> dict[str, str]:
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("CONFIGURED", configured)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        timeout=60,
    )
    messages, loaded = map(json.loads, finished.stdout.splitlines())
    assert loaded == []
    return messages


def test_a_shop_without_stripe_never_misses_it() -> None:
    system = "{'pp_system_default': {'BACKEND': 'medusa_payments.providers.system.SystemProvider'}}"
    assert not any(identifier.startswith("medusa_payments.E") for identifier in checked(system))


def test_a_configured_stripe_without_its_library_is_an_error_that_says_what_to_install() -> None:
    messages = checked("stripe_providers({'api_key': 'sk_test_51Nothing'}, services=['stripe'])")
    assert "stripe" in messages["medusa_payments.E006"]
    assert "pip install medusa-payments[stripe]" in messages["medusa_payments.E006"]
