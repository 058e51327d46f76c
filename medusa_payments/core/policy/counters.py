"""The counters of a payment, computed from its facts: pure, so that a table of cases can say how they count.

`tests/core/policy/test_fold.py` is that table. Amounts are minor units of the payment's currency.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from medusa_payments.money import MAX_MINOR_UNITS
from medusa_payments.states import WITHHOLDING_STATES, OperationKind, OperationStatus

IN_FLIGHT_STATUSES = frozenset({OperationStatus.OPEN, OperationStatus.ACCEPTED})
"""Of operations whose outcome isn't booked: they reserve their amount. An accepted refund is one of them."""


class OperationFact(NamedTuple):
    """What an operation on the payment asks for, and how far it is."""

    kind: str
    status: str
    amount: int | None


class DisputeFact(NamedTuple):
    """How a dispute stands, and how much it withholds."""

    state: str
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What is authorized, what became of it, and what is in flight."""

    amount: int = 0
    captured: int = 0
    capturing: int = 0
    released: int = 0
    releasing: int = 0
    refunded: int = 0
    refunding: int = 0
    withheld: int = 0

    @property
    def disputed(self) -> int:
        """Return what is withheld of the captured money that is neither refunded nor being refunded."""
        return min(self.withheld, self.captured - self.refunded - self.refunding)


def fold(
    *,
    authorized: Iterable[int],
    captures: Iterable[int] = (),
    releases: Iterable[int] = (),
    refunds: Iterable[int] = (),
    reversals: Iterable[int] = (),
    operations: Iterable[OperationFact] = (),
    disputes: Iterable[DisputeFact] = (),
) -> Counters:
    """Return the counters that follow from a payment's facts, in whatever order they come.

    `authorized` is the amount that was authorized first, and each that the provider raised it to. `captures`,
    `releases`, `refunds` and `reversals` are the amounts of the payment's lines.
    """
    in_flight = dict.fromkeys((OperationKind.CAPTURE, OperationKind.CANCEL, OperationKind.REFUND), 0)
    for operation in operations:
        # An authorize or an update reserves nothing of a payment.
        if operation.status in IN_FLIGHT_STATUSES and operation.kind in in_flight:
            in_flight[OperationKind(operation.kind)] += operation.amount or 0
    withheld = sum(dispute.withheld for dispute in disputes if dispute.state in WITHHOLDING_STATES)
    return Counters(
        # The provider only ever raises an amount, so the largest is the latest.
        amount=max(authorized, default=0),
        captured=sum(captures),
        capturing=in_flight[OperationKind.CAPTURE],
        released=sum(releases),
        releasing=in_flight[OperationKind.CANCEL],
        refunded=sum(refunds) - sum(reversals),
        refunding=in_flight[OperationKind.REFUND],
        # Disputes may come to more than a column holds: the bank may ask for more than was paid.
        withheld=min(withheld, MAX_MINOR_UNITS),
    )
