"""How a refund is divided among the payments of a collection: pure arithmetic in minor units."""

from collections.abc import Sequence
from dataclasses import dataclass

from medusa_payments.exceptions import InvalidData
from medusa_payments.states import RefundStrategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one payment can give back at most, in multiples of `step`."""

    refundable: int
    step: int = 1

    def at_most(self, amount: int) -> int:
        return min(amount, self.refundable) // self.step * self.step


def allocate(amount: int, sources: Sequence[Source], strategy: RefundStrategy) -> list[int]:
    """Return each source's share, in their order; the shares come to `amount` exactly.

    `proportional` divides by what each can still give back. What rounding leaves goes one step each to those that lost
    most by it, the earlier one first. `in_order` takes all of the first before the next.

    Raises `InvalidData` when the steps of the providers don't allow it. The caller has checked that there is enough.
    """
    shares = _in_order(amount, sources) if strategy is RefundStrategy.IN_ORDER else _proportional(amount, sources)
    if sum(shares) != amount:
        raise InvalidData("The amount can't be divided among the payments: their providers refund in coarser steps.")
    return shares


def _in_order(amount: int, sources: Sequence[Source]) -> list[int]:
    shares = []
    for source in sources:
        shares.append(source.at_most(amount))
        amount -= shares[-1]
    return shares


def _proportional(amount: int, sources: Sequence[Source]) -> list[int]:
    """Those with coarser steps go first, so that the finest ones make the sum exact."""
    shares = [0] * len(sources)
    finest = min((source.step for source in sources), default=1)
    others = sum(source.refundable for source in sources)
    for index in sorted(range(len(sources)), key=lambda index: -sources[index].step):
        if sources[index].step == finest:
            break
        others -= sources[index].refundable
        shares[index] = _nearest_step(amount, sources[index], others)
        amount -= shares[index]
    fine = [index for index, source in enumerate(sources) if source.step == finest]
    for index, share in zip(fine, _by_largest_remainder(amount, [sources[index] for index in fine]), strict=True):
        shares[index] = share
    return shares


def _nearest_step(amount: int, source: Source, others: int) -> int:
    """Return the share nearest to the fair one that leaves no more than the others can give."""
    total = source.refundable + others
    fair = (2 * amount * source.refundable + source.step * total) // (2 * source.step * total) if total else 0
    least = -(-max(amount - others, 0) // source.step)
    return source.at_most(min(max(fair, least) * source.step, amount))


def _by_largest_remainder(amount: int, sources: Sequence[Source]) -> list[int]:
    """Divide among sources of one step."""
    total = sum(source.refundable for source in sources)
    exact = [amount * source.refundable for source in sources]
    shares = [source.at_most(part // total) if total else 0 for part, source in zip(exact, sources, strict=True)]
    for index in sorted(range(len(sources)), key=lambda index: shares[index] * total - exact[index]):
        room = min(sources[index].step, sources[index].refundable - shares[index], amount - sum(shares))
        shares[index] += sources[index].at_most(room)
    return shares
