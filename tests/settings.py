"""Settings of the test host: the demo shop, on a database and a provider ledger of this run's own.

`DATABASE_URL` selects the engine, as it does for the demo; without it the tests run on SQLite.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# The tests play with the demo: its twin, its ledger, its passwords. Children inherit it.
os.environ.setdefault("DEBUG", "1")

from storefront_project.settings import *
from storefront_project.settings import DATABASES, MEDUSA_PAYMENTS

# Workers and child processes find the directory in the environment; only the process that made it removes it.
SCRATCH_VARIABLE = "MEDUSA_PAYMENTS_TEST_DIRECTORY"
if SCRATCH_VARIABLE not in os.environ:
    os.environ[SCRATCH_VARIABLE] = tempfile.mkdtemp(prefix="medusa-payments-")
    atexit.register(shutil.rmtree, os.environ[SCRATCH_VARIABLE], ignore_errors=True)
SCRATCH = Path(os.environ[SCRATCH_VARIABLE])
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

# A live server's threads would keep theirs open until after the test database is dropped.
DATABASES["default"]["CONN_MAX_AGE"] = 0

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, because threads race on it. pytest-django appends the name of the worker.
    DATABASES["default"]["TEST"] = {"NAME": str(SCRATCH / "test.sqlite3")}

# Tests log in as often as they like; those of the throttles bring a cache.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

STRIPE_TWIN_PATH = str(SCRATCH / f"stripe-twin-{WORKER}.sqlite3")

MEDUSA_PAYMENTS = {
    **MEDUSA_PAYMENTS,
    "PROVIDERS": {
        **MEDUSA_PAYMENTS["PROVIDERS"],
        # Most tests pay for carts without a region. What a shop has to say before its shoppers may, tests/shoppers try.
        "pp_system_default": {**MEDUSA_PAYMENTS["PROVIDERS"]["pp_system_default"], "STOREFRONT": True},
        "pp_fake_fake": {
            **MEDUSA_PAYMENTS["PROVIDERS"]["pp_fake_fake"],
            "STOREFRONT": True,
            "OPTIONS": {
                "ledger_path": str(SCRATCH / f"fake-provider-{WORKER}.sqlite3"),
                "webhook_secrets": ["whsec_new", "whsec_old"],
            },
        },
    },
}
