"""A shop with a month of payments is upgraded while the previous release serves: nothing fails, every cent is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proofs.upgrade.old_shop import OldShop, old_shop

pytestmark = pytest.mark.timeout(600)

COLLECTIONS = 100


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[OldShop]:
    with old_shop(tmp_path) as made:
        made.fill(COLLECTIONS)
        yield made


def test_shop_migrates_while_the_previous_release_serves(shop: OldShop) -> None:
    """What the previous release writes before, during and after the migration is accepted and read by both."""
    with shop.serving() as serving:
        serving.wait_for_a_round()
        shop.manage("migrate", "--verbosity", "0")
        shop.work()
        serving.wait_for_a_round()
        serving.wait_for_a_round()

    assert serving.errors == []
    # The last process of the previous release has ended: docs/upgrading.md.
    shop.manage("payments_rebuild")
    report = shop.take_over()
    assert report.pop("was_open") > 0
    assert report == {"open": [], "differences": [], "drift": []}


def test_migrated_shop_adds_up_at_once(shop: OldShop) -> None:
    shop.manage("migrate", "--verbosity", "0")

    assert shop.manage("payments_rebuild", "--check").strip() == "0 differences."
