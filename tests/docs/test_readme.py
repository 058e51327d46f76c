"""What the README tells people to type is typed here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()

BASE_SETTINGS = """
SECRET_KEY = "readme"
ROOT_URLCONF = "shop.urls"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "shop.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30},
    }
}
"""

MANAGE = """
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
execute_from_command_line(sys.argv)
"""


def blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", README, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


def run(command: list[str], **options: Any) -> str:
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="needs curl and bash")
@pytest.mark.parametrize(
    ("region", "refund", "captured", "wire", "refunded"),
    [
        ("reg_eu", "4.99", 3999, "39.99", 499),
        ("reg_jp", "999", 3999, "3999", 999),
        ("reg_kw", "4.125", 10251, "10.251", 4125),
    ],
)
def test_the_first_payment(
    live_server: Any, fake_provider: Any, region: str, refund: str, captured: int, wire: str, refunded: int
) -> None:
    call_command("seed_demo", verbosity=0)
    environment = {**os.environ, "BASE": live_server.url, "REGION": region, "REFUND": refund}

    output = run(["bash", "-euo", "pipefail", "-c", blocks("bash")[0]], env=environment)

    assert f'"amount":{wire},' in output
    assert f'"captured_amount":{wire},' in output
    assert f'"refunded_amount":{refund}' in output
    moved = {entry["verb"]: entry["amount"] for entry in fake_provider.ledger_entries()}
    assert moved == {"initiate": captured, "authorize": captured, "capture": captured, "refund": refunded}
    assert len(fake_provider.ledger_entries()) == len(moved)


def test_adding_the_app_to_a_shop(tmp_path: Path) -> None:
    settings, resolver, urls, services = blocks("python")
    (tmp_path / "shop").mkdir()
    for name, code in {
        "shop/__init__.py": "",
        "shop/settings.py": BASE_SETTINGS + settings,
        "shop/payments.py": resolver,
        "shop/urls.py": urls,
        "manage.py": MANAGE,
    }.items():
        (tmp_path / name).write_text(code)
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment["PYTHONPATH"] = str(ROOT)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"

    migrated = run(["bash", "-euo", "pipefail", "-c", blocks("bash")[1]], cwd=tmp_path, env=environment)
    run([sys.executable, "manage.py", "check"], cwd=tmp_path, env=environment)
    services += "\nprint(payment.captured_amount, payment.refunded_amount)\n"
    paid = run([sys.executable, "manage.py", "shell", "--command", services], cwd=tmp_path, env=environment)

    assert re.search(r"^pk_\w+$", migrated, flags=re.MULTILINE)
    assert "5997 499" in paid
