"""A shop's database of its own, brought to where the previous release left it, and processes of both releases on it."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import psycopg
from django.db import connection

from tests.proofs.upgrade.migrations import LAST_OF_THE_PREVIOUS_RELEASE

ROOT = Path(__file__).resolve().parents[3]


class Serving:
    """Processes of the previous release at work; `rounds` counts what they did so far, `errors` what failed."""

    def __init__(self, output: IO[str]) -> None:
        self._output = output
        self.rounds = 0
        self.errors: list[str] = []

    def wait_for_a_round(self) -> None:
        self._read(self._output.readline())

    def drain(self) -> None:
        for line in self._output:
            self._read(line)

    def _read(self, line: str) -> None:
        said = json.loads(line or '{"error": "It ended."}')
        self.rounds += 1
        self.errors += said.values()


@dataclass(frozen=True)
class OldShop:
    """`environment` is what processes on its database and on its provider's ledger are started with."""

    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        return self._run("manage.py", *arguments)

    def work(self) -> None:
        """Have the new release's worker run once; what it leaves for later doesn't matter."""
        self._run("manage.py", "payments_worker", "--once", ends_with={0, 1})

    def fill(self, collections: int) -> None:
        self._run("-m", "tests.proofs.upgrade.previous_release", "fill", str(collections))

    @contextmanager
    def serving(self) -> Iterator[Serving]:
        """The previous release serves until the block ends."""
        command = [sys.executable, "-m", "tests.proofs.upgrade.previous_release", "serve"]
        with subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            serving = Serving(process.stdout)
            try:
                yield serving
            finally:
                process.stdin.close()
                serving.drain()

    def take_over(self) -> dict[str, Any]:
        """Have the new release find out what is open and compare all books; return its report."""
        report: dict[str, Any] = json.loads(self._run("-m", "tests.proofs.upgrade.this_release").splitlines()[-1])
        return report

    def _run(self, *arguments: str, ends_with: Container[int] = (0,)) -> str:
        run = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        assert run.returncode in ends_with, run.stdout + run.stderr
        return run.stdout


@contextmanager
def old_shop(directory: Path) -> Iterator[OldShop]:
    """Make a database as the previous release has it; it is gone afterwards."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "MEDUSA_PAYMENTS_TEST_DIRECTORY": str(directory),
    }
    with _database(directory) as url:
        shop = OldShop({**environment, "DATABASE_URL": url})
        shop.manage("migrate", "medusa_payments", LAST_OF_THE_PREVIOUS_RELEASE, "--verbosity", "0")
        yield shop


@contextmanager
def _database(directory: Path) -> Iterator[str]:
    if connection.vendor == "sqlite":
        yield f"sqlite:///{directory / 'shop.sqlite3'}"
        return
    name = f"upgrade_{secrets.token_hex(6)}"
    url = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(url.geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield url._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
