"""Medusa's published clients, the JS SDK and v1's, unmodified, against a live server: from a server of their own, and
as a browser page.

By hand, against `make demo`: `npm ci && MEDUSA_BACKEND_URL=http://127.0.0.1:8000 node --test checkout.mjs`.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from medusa_payments.services import secret_keys

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
MODULES = HERE / "node_modules"
OLDEST_NODE = 20
SERVER = ""
"""No origin: what a storefront that renders on its own server sends."""


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=HERE, env={**os.environ, **environment}, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node, with the SDK installed beside the scripts. Skips where that can't be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("the JS SDK needs Node and npm")
    version = run(node, "--version").stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"the JS SDK needs Node {OLDEST_NODE}; this is {version}")
    # Several workers may want it at once; the first one installs.
    with LOCK.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install(npm, hashlib.sha256(lock.read()).hexdigest())
    return node


def install(npm: str, fingerprint: str) -> None:
    stamp = MODULES / ".installed"
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    installation = run(npm, "ci", "--prefer-offline")
    if installation.returncode:
        errors = [line for line in installation.stderr.splitlines() if line.startswith("npm error")]
        pytest.skip(f"npm could not install the JS SDK: {' '.join(errors)[:200]}")
    stamp.write_text(fingerprint)


@pytest.fixture
def shop(live_server: Any, fake_provider: Any) -> dict[str, str]:
    """A seeded shop, as the environment tells the scripts of it."""
    call_command("seed_demo", verbosity=0)
    staff = get_user_model().objects.get(is_superuser=True)
    secret_key = secret_keys.create(user=staff, title="JS SDK")
    return {"MEDUSA_BACKEND_URL": live_server.url, "MEDUSA_SECRET_KEY": secret_key.token}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("script", "browser_origin"),
    [
        ("checkout.mjs", SERVER),
        pytest.param("checkout.mjs", "http://localhost:3000", marks=pytest.mark.any_engine),
        ("outcomes.mjs", SERVER),
        ("v1.mjs", SERVER),
        ("back_office.mjs", "http://localhost:7001"),
        ("back_office_orders.mjs", "http://localhost:7001"),
        pytest.param("logins.mjs", "http://localhost:7001", marks=pytest.mark.any_engine),
        pytest.param("cors.mjs", SERVER, marks=pytest.mark.any_engine),
    ],
)
def test_script(node: str, shop: dict[str, str], script: str, browser_origin: str) -> None:
    result = run(node, "--test", "--test-reporter=spec", script, **shop, BROWSER_ORIGIN=browser_origin)

    assert result.returncode == 0, result.stdout + result.stderr


def test_the_client_is_the_published_one() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}

    assert installed["node_modules/@medusajs/js-sdk"]["version"] == "2.21.2"
    assert installed["node_modules/@medusajs/medusa-js"]["version"] == "6.1.10"
    assert all(package["integrity"].startswith("sha512-") for package in installed.values())
    assert not any("resolved" in package for package in installed.values())
