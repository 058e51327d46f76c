from pathlib import Path

import pytest

from medusa_payments.testing.fake_provider import FakeProvider
from tests.providers.desk import Desk


@pytest.fixture
def ledger_path(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.sqlite3")


@pytest.fixture
def desk(ledger_path: str) -> Desk:
    return Desk(FakeProvider("pp_fake_fake", {"ledger_path": ledger_path}))
