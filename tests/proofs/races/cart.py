"""One cart, and how honest clients ask for something that concerns it."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

from medusa_payments.exceptions import Conflict, ProviderNotReachable
from medusa_payments.models import Payment, PaymentCollection
from medusa_payments.testing.fake_provider import FakeProvider
from tests.till import Till


class Cart:
    """A seed's own chance, the shop and the provider; what clients asked for about payments, by the verb."""

    def __init__(self, seed: int, till: Till, provider: FakeProvider) -> None:
        self.random = Random(seed)  # noqa: S311
        self.till, self.provider = till, provider
        till.carts.clear()
        self.collection_id = till.collection().pk
        self.asked: defaultdict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)

    @property
    def collection(self) -> PaymentCollection:
        return PaymentCollection.objects.get(pk=self.collection_id)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def on_payment(self, move: Callable[[Payment], Any], number: int) -> None:
        payment = next(iter(Payment.objects.order_by("pk")[number : number + 1]), None)
        if payment is not None:
            self.insist(lambda: move(payment))

    def insist(self, call: Callable[[], Any]) -> None:
        """Ask again a few times, as clients do when they are told to come again."""
        for _ in range(2):
            with suppress(Conflict, ProviderNotReachable):
                call()
                return
        call()

    def key(self) -> str | None:
        return self.random.choice([None, f"key{self.random.random()}"])

    def payment_number(self) -> int:
        return self.random.choice([0, 0, 0, 1])

    def amount(self) -> Decimal | None:
        return self.random.choice([None, Decimal(30), Decimal("12.34")])
