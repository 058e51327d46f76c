"""What the README tells people to type is typed here."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.acceptance.docs.projects import Project, blocks, run


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

    output = run(["bash", "-euo", "pipefail", "-c", blocks("README.md", "bash")[0]], env=environment)

    assert f'"amount":{wire},' in output
    assert f'"captured_amount":{wire},' in output
    assert f'"refunded_amount":{refund}' in output
    moved = {entry["verb"]: entry["amount"] for entry in fake_provider.ledger_entries()}
    assert moved == {"initiate": captured, "authorize": captured, "capture": captured, "refund": refunded}
    assert len(fake_provider.ledger_entries()) == len(moved)


@pytest.mark.any_engine
def test_adding_the_app_to_a_shop(tmp_path: Path) -> None:
    project = Project.of("README.md", tmp_path)
    services = blocks("README.md", "python")[-1] + "\nprint(payment.captured_amount, payment.refunded_amount)\n"

    migrated = project.run("bash", "-euo", "pipefail", "-c", blocks("README.md", "bash")[1])
    project.manage("check", "--fail-level", "WARNING")
    paid = project.manage("shell", "--command", services)

    assert re.search(r"^pk_\w+$", migrated, flags=re.MULTILINE)
    assert "5997 499" in paid
