"""A typed Python client, generated from the committed OpenAPI document: it compiles, its types hold, and it pays."""

import compileall
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.acceptance.docs.projects import ROOT, run

pytestmark = pytest.mark.any_engine

PROGRAM = Path(__file__).parent / "first_payment.py"
GENERATOR_SETTINGS = "post_hooks: []\n"
"""Nobody reads the code, so it needn't be formatted."""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the package `demo_client`, generated without a warning."""
    directory = tmp_path_factory.mktemp("generated")
    settings = directory / "generator.yaml"
    settings.write_text(GENERATOR_SETTINGS)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    schema = ROOT / "docs" / "openapi.yaml"
    where = ["--path", str(schema), "--output-path", str(directory / "demo_client"), "--config", str(settings)]
    run([*command, *where])
    return directory


def test_it_compiles_and_its_types_hold(generated: Path) -> None:
    assert compileall.compile_dir(generated, quiet=1)

    empty = generated / "mypy.ini"
    empty.write_text("[mypy]\n")
    options = ["--strict", "--config-file", str(empty), "--cache-dir", str(generated / ".mypy_cache")]
    checked = run(
        [sys.executable, "-m", "mypy", *options, "demo_client", str(PROGRAM)],
        cwd=generated,
        env={**os.environ, "MYPYPATH": str(generated)},
    )

    assert "no issues found" in checked


def test_one_class_stands_for_all_records(generated: Path) -> None:
    """Records without a name of their own would each become a class, named after the place."""
    models = {path.stem for path in (generated / "demo_client" / "models").iterdir()}

    assert "payments_record" in models
    assert {name for name in models if "_type_" in name or name.endswith(("_metadata", "_data", "_details"))} == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("region", "back", "totals", "exact", "moved"),
    [
        ("reg_eu", "4.99", [39.99, 39.99, 4.99], "4.99", (3999, 499)),
        ("reg_jp", "999", [3999, 3999, 999], "999", (3999, 999)),
        ("reg_kw", "4.125", [10.251, 10.251, 4.125], "4.125", (10251, 4125)),
    ],
)
def test_it_makes_the_first_payment(
    generated: Path,
    live_server: Any,
    fake_provider: Any,
    region: str,
    back: str,
    totals: list[float],
    exact: str,
    moved: tuple[int, int],
) -> None:
    call_command("seed_demo", verbosity=0)
    environment = {**os.environ, "PYTHONPATH": str(generated)}

    output = run([sys.executable, str(PROGRAM), live_server.url, region, back], env=environment)

    captured, refunded = moved
    assert json.loads(output) == {
        "refusal": "Unauthorized",
        "is_completed": True,
        "totals": totals,
        "exact": exact,
        "time_zone": "UTC",
        "moved": [["initiate", captured], ["authorize", captured], ["capture", captured], ["refund", refunded]],
    }
