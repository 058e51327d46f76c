"""Random histories of one cart. Whatever happened, in the end the books of both sides agree and nothing is left open.

`make proof` plays 1 000 of them, `make soak SEEDS=100000` as many as you like; `make soak SEED=17` plays one again.
"""

from collections.abc import Callable, Iterator

import pytest

from medusa_payments.models import Operation, Payment, PaymentSession
from medusa_payments.services import decisions, webhooks
from medusa_payments.states import UndoPolicy
from medusa_payments.testing.fake_ledger import KEY_WINDOW_SECONDS
from medusa_payments.testing.fake_provider import FakeProvider
from tests.audit import differences, recover
from tests.proofs.crashes.harness import Stage
from tests.proofs.races.at_the_shop import CLERK, AtTheShop
from tests.proofs.races.outside import Outside
from tests.proofs.races.scheduler import Actor, Scheduler, jump
from tests.split import FAKE
from tests.till import Till

pytestmark = [pytest.mark.django_db]

CHUNK = 50
CHUNKS = 20
ACTORS = 7


class History(AtTheShop, Outside):
    """One cart, and what may happen to it."""

    def play(self) -> list[str]:
        """Return what doesn't add up in the end."""
        self._begin(self.random.choice(["nothing", "session", "authorized", "captured"]))
        Scheduler(random=self.random, provider=self.provider).run(self.actors())
        jump(self.provider, 7_000)
        for body, headers in self.provider.webhooks():
            webhooks.receive(provider_id="fake_fake", body=body, headers=headers)
        left = recover()
        if Operation.objects.filter(status="open").exists() or Payment.objects.filter(frozen_at__isnull=False).exists():
            left = self._left_after_persons_have_decided()
        unfinished = [f"{left} left"] if left else []
        return [*differences(self.provider), *unfinished, *self._overcharged(), *self._done_too_often()]

    def actors(self) -> dict[str, Actor]:
        deeds = [self.choose, self.choose, self.split, self.authorize, self.authorize, self.capture, self.capture]
        deeds += [self.refund, self.refund, self.refund_across, self.cancel, self.enqueue, self.enqueue]
        deeds += [self.shop_changes, self.shop_changes, self.customer_pays, self.customer_pays, self.dashboard]
        deeds += [self.bank, self.bank_refunds, self.webhook, self.webhook, self.work, self.reconcile]
        deeds += [self.freeze, self.unfreeze, self.decide, self.time_is_up]
        chosen = [self.random.choice([self.choose, self.split]), self.authorize]
        chosen += [self.random.choice([self.work, self.webhook])]
        chosen += [self.random.choice(deeds) for _ in range(ACTORS)]
        return {f"{number} {deed.__name__}": deed() for number, deed in enumerate(chosen)}

    def _begin(self, state: str) -> None:
        if state != "nothing":
            {"session": self.till.session, "authorized": self.till.authorized, "captured": self.till.captured}[state]()

    def _left_after_persons_have_decided(self) -> int:
        """What nothing but a resend could tell waits for a person as soon as its key may be forgotten."""
        jump(self.provider, KEY_WINDOW_SECONDS)
        recover()
        for operation in Operation.objects.filter(needs_person_at__isnull=False, status="open"):
            self.decide_by_the_books(operation)
        for payment in Payment.objects.filter(frozen_at__isnull=False):
            decisions.unfreeze(payment_id=payment.pk, note="Seen.")
        return recover()

    def _overcharged(self) -> list[str]:
        """The customer never pays more than was asked for, except what the shop holds of an order that failed."""
        collection = self.collection
        if collection.failed_at is not None and collection.on_failure != UndoPolicy.REFUND:
            return []
        kept = sum(
            payment.captured_amount - payment.refunded_amount - payment.disputed_amount
            for payment in Payment.objects.all()
        )
        most = max(collection.amount, *PaymentSession.objects.values_list("amount", flat=True), 0)
        return [f"{kept} was kept of {most}"] if kept > most else []

    def _done_too_often(self) -> Iterator[str]:
        """Nothing is done more often than somebody asked for it, however often he repeated it."""
        moved = Operation.objects.filter(status__in=["succeeded", "accepted"], created_by=CLERK)
        for verb, asked in self.asked.items():
            times = moved.filter(kind=verb).count()
            if times > len(asked):
                yield f"{verb} was asked for {len(asked)} times and done {times} times"


@pytest.fixture
def replay(till: Till, fake_provider: FakeProvider, configure: Callable[..., None]) -> Callable[[int], None]:
    """Play the history of a seed. In every fourth the provider doesn't tell which call caused what it has."""
    stage = Stage(till=till, provider=fake_provider)
    may_be_keyless = isinstance(fake_provider, FakeProvider)

    def play(seed: int) -> None:
        stage.empty()
        if may_be_keyless:
            configure(FAKE, "Keyless" if seed % 4 == 3 else "Scripted")
        faults = History(seed, till, fake_provider).play()
        assert faults == [], f"Replay with: make soak SEED={seed}"

    return play


@pytest.mark.parametrize("seed", range(12))
def test_a_few(replay: Callable[[int], None], seed: int) -> None:
    replay(seed)


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_many(replay: Callable[[int], None], chunk: int) -> None:
    for seed in range(100 + chunk * CHUNK, 100 + (chunk + 1) * CHUNK):
        replay(seed)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_soak(replay: Callable[[int], None], request: pytest.FixtureRequest) -> None:
    only, many = request.config.getoption("--seed"), request.config.getoption("--seeds")
    for seed in [only] if only is not None else range(many):
        replay(seed)
