"""A month of a shop's payments, written straight into the tables: rows in every state, as the services leave them.

    from medusa_payments.testing.month import make_month

    make_month(collections=500)

Counters follow from lines and operations, totals from payments, so `payments_rebuild --check` finds nothing. With the
fake provider's ledger its books fit as well: what is open can be found out, and reconciliation finds nothing else.

It is for tests of upgrades and for benchmarks. It writes many rows at a time and scales to millions; the same seed and
the same end make the same rows. In a migration's test, pass the migration's `apps`: models that don't exist yet are
left out.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from random import Random

from django.apps import apps as installed
from django.apps.registry import Apps
from django.utils import timezone

from medusa_payments.testing.fake_ledger import FakeLedger
from medusa_payments.testing.month.around import add_surroundings
from medusa_payments.testing.month.scenes import SCENES, Scene
from medusa_payments.testing.month.story import AT_REST, Story
from medusa_payments.testing.month.writer import Writer

LENGTH = timedelta(days=30)
LAST_HOUR = timedelta(hours=1)


def make_month(
    *,
    collections: int,
    seed: int = 1,
    ends_at: datetime | None = None,
    ledger: FakeLedger | None = None,
    apps: Apps = installed,
    using: str = "default",
    scenes: Sequence[Scene] = SCENES,
) -> None:
    """Write the rows of so many payment collections, and what surrounds them.

    Every scene is played once as long as there are collections for it, then as often as it happens in a shop. Without
    `ledger` the fake provider knows of nothing, which is enough for reading.
    """
    chance = Random(seed)  # noqa: S311 -- test data
    writer = Writer(apps, chance=chance, using=using, ledger=ledger)
    end = (ends_at or timezone.now()) - AT_REST
    add_surroundings(writer, end)
    for scene in islice(_endless(scenes, chance), collections):
        _play(scene, writer, end)
        writer.flush_if_many()
    writer.flush()


def _endless(scenes: Sequence[Scene], chance: Random) -> Iterator[Scene]:
    yield from scenes
    weights = [scene.weight for scene in scenes]
    while True:
        yield from chance.choices(scenes, weights, k=1_000)


def _play(scene: Scene, writer: Writer, end: datetime) -> None:
    chance = writer.chance
    begins = end - LAST_HOUR if scene.is_recent else end - LENGTH
    starts_at = begins + timedelta(seconds=chance.uniform(0, (end - begins).total_seconds()))
    amount = chance.randrange(500, 50_000)
    story = Story(writer, side=scene.side, amount=amount, starts_at=starts_at, ends_at=end)
    scene.play(story)
    story.end()
