"""Run the whole suite, once per database engine: `python -m tests.suite [pytest arguments]`.

With `--proof-only`: the long proofs and the tests of the tools instead.

SQLite first, then the PostgreSQL at `DATABASE_URL`, or else an embedded one. What did not run is said last,
with the reason. The exit status is 1 when a suite failed; with `STRICT=1` also when anything was skipped.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres import PostgresUnavailable, embedded_postgres

POSTGRES_SCHEMES = ("postgres://", "postgresql://")
PROOF = "--proof-only"

TOOLS = [
    "tests/acceptance/browser",
    "tests/acceptance/clients",
    "tests/acceptance/docs",
    "tests/acceptance/hosts",
    "tests/acceptance/storefront",
    "tests/api/test_schema.py",
    "tests/conformance",
    "tests/proofs/upgrade",
    "tests/providers/stripe",
    "tests/stripe_twin",
]
"""The tests of what is beside the payments: schema, demo shop and page, clients, kit, Stripe and its twin, upgrades, and
what installs the app as the documents say. No database engine matters to them, but to upgrades, which are proofs, too."""

BY_HAND = ["tests/acceptance/dashboard"]
"""What takes minutes to install and to build: only `make dashboard` runs it."""

PAYMENTS = [f"--ignore={room}" for room in (*TOOLS, *BY_HAND, "tests/acceptance/museum")]
PROVEN = ["tests/acceptance/attacks", "tests/core/reconciliation"]
"""The scenarios. `make proof` plays them on PostgreSQL, so that `make test` does it on the first engine only."""

PROOFS = [
    "--proof",
    *PROVEN,
    "tests/proofs/crashes",
    "tests/proofs/races",
    "tests/proofs/upgrade",
    "tests/acceptance/museum",
    "tests/admin/test_pages.py",
    "tests/api/test_every_currency.py",
    "tests/api/test_filters.py",
    "tests/api/test_filters_agreement.py",
    "tests/api/test_schemathesis.py",
    "tests/api/test_shopper_messages.py",
    "tests/management/test_keys.py",
    "tests/acceptance/storefront/test_completion_race.py",
]
"""The tests that take long, with all others of their kind, on the engine that promises everything."""

ON_STRIPE = [
    "--proof",
    "--on-stripe",
    "tests/proofs/crashes/test_anywhere.py",
    "tests/proofs/races",
    "tests/acceptance/attacks",
]
"""The same with the Stripe provider, on its twin, in the fake provider's place."""

INSTALLATION_LOG = Path(sys.prefix) / "embedded-postgres.log"


@dataclass
class Leg:
    """One engine's run: its closing line, and what it left out."""

    engine: str
    closing: str = ""
    skipped: list[str] = field(default_factory=list)
    failed: bool = False

    def read(self, line: str) -> None:
        if line.startswith("SKIPPED ["):
            self.skipped.append(line.removeprefix("SKIPPED "))
        elif line:
            self.closing = line.strip("= ")


def main(arguments: Sequence[str]) -> int:
    # A terminated run must still stop the server it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if PROOF in arguments:
        rest = [argument for argument in arguments if argument != PROOF]
        legs = [run_on_sqlite(["--proof", *TOOLS, *rest])]
        legs += [run_on_postgres([*tests, *rest]) for tests in (PROOFS, ON_STRIPE)]
    else:
        # What says nothing of an engine has run on SQLite already: there always is one.
        legs = [run_on_sqlite([*PAYMENTS, *arguments])]
        proven = [f"--ignore={room}" for room in PROVEN]
        legs += [run_on_postgres([*PAYMENTS, *proven, "-m", "not any_engine", *arguments])]
    print()
    for leg in legs:
        print(f"{leg.engine}: {leg.closing}")
    skipped = [f"  {leg.engine}: {reason}" for leg in legs for reason in leg.skipped]
    print("\n".join(["Skipped:", *skipped]) if skipped else "Skipped: nothing.")
    is_strict = os.environ.get("STRICT") == "1"
    return int(any(leg.failed for leg in legs) or (is_strict and bool(skipped)))


def run_on_sqlite(arguments: Sequence[str]) -> Leg:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    # The other run has these tests, so here they are left out rather than skipped.
    return _run("SQLite", environment, ["-m", "not postgres", *arguments])


def run_on_postgres(arguments: Sequence[str]) -> Leg:
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith(POSTGRES_SCHEMES):
        return _run("PostgreSQL at DATABASE_URL", os.environ, arguments)
    try:
        with embedded_postgres() as embedded_url:
            return _run("PostgreSQL, embedded", {**os.environ, "DATABASE_URL": embedded_url}, arguments)
    except PostgresUnavailable as error:
        reason = f"{error}{_installation_error()}. Set DATABASE_URL to a PostgreSQL to run on that."
        return Leg("PostgreSQL", closing="did not run", skipped=[reason])


def _run(engine: str, environment: Mapping[str, str], arguments: Sequence[str]) -> Leg:
    command = [sys.executable, "-m", "pytest", "-n", "auto", "--maxprocesses", "4", *arguments]
    print(f"\n{engine}: {' '.join(command[1:])}", flush=True)
    leg = Leg(engine)
    environment = {**environment, "PYTHONUNBUFFERED": "1"}
    # Hundreds of processes are started: they needn't compile what another one has.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                leg.read(line.rstrip())
        except BaseException:
            process.send_signal(signal.SIGINT)
            raise
    leg.failed = process.returncode != 0
    return leg


def _installation_error() -> str:
    lines = INSTALLATION_LOG.read_text().splitlines() if INSTALLATION_LOG.exists() else []
    errors = [line for line in lines if line.startswith("ERROR")]
    return f"; pip said: {errors[-1]}" if errors else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
