"""How a refund is divided among the payments of a collection: pure arithmetic in minor units."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from medusa_payments.exceptions import InvalidData
from medusa_payments.states import RefundStrategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one payment can give back at most, in multiples of `step`."""

    refundable: int
    step: int = 1

    @property
    def usable(self) -> int:
        return self.at_most(self.refundable)

    def at_most(self, amount: int) -> int:
        return min(amount, self.refundable) // self.step * self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What the sources of one step can give together: any multiple of it, up to their capacity."""

    step: int
    capacity: int


def allocate(amount: int, sources: Sequence[Source], strategy: RefundStrategy) -> list[int]:
    """Return each source's share, in their order; the shares come to `amount` exactly.

    `proportional` divides by what each can still give back, to the nearest step. What rounding leaves goes one step
    each to those that lost most by it, the earlier one first. `in_order` takes all of the first before the next, unless
    the steps don't allow that: then it divides as `proportional` does.

    Raises `InvalidData` when no division comes to the amount. The caller has checked that there is enough.
    """
    groups = _groups(sources)
    if not _can_give(amount, groups):
        raise InvalidData("The amount can't be divided among the payments: their providers refund in coarser steps.")
    if strategy is RefundStrategy.IN_ORDER:
        shares = _in_order(amount, sources)
        if sum(shares) == amount:
            return shares
    return _proportional(amount, sources, groups)


def _groups(sources: Sequence[Source]) -> list[Group]:
    """The coarsest first, so that the finer ones make the sum exact."""
    capacities: Counter[int] = Counter()
    for source in sources:
        capacities[source.step] += source.usable
    return [Group(step=step, capacity=capacity) for step, capacity in sorted(capacities.items(), reverse=True)]


def _can_give(amount: int, groups: Sequence[Group]) -> bool:
    if not groups:
        return amount == 0
    if amount % gcd(*(group.step for group in groups)):
        return False
    group, *finer = groups
    return any(_can_give(amount - steps * group.step, finer) for steps in reversed(_possible(amount, group, finer)))


def _possible(amount: int, group: Group, finer: Sequence[Group]) -> range:
    """Return how many steps a group may give, so that what is left isn't more than the finer ones have."""
    least = max(amount - sum(each.capacity for each in finer), 0)
    return range(-(-least // group.step), min(amount, group.capacity) // group.step + 1)


def _in_order(amount: int, sources: Sequence[Source]) -> list[int]:
    shares = []
    for source in sources:
        shares.append(source.at_most(amount))
        amount -= shares[-1]
    return shares


def _proportional(amount: int, sources: Sequence[Source], groups: Sequence[Group]) -> list[int]:
    shares = [0] * len(sources)
    for number, group in enumerate(groups, start=1):
        of_group = _nearest_to_fair(amount, group, groups[number:])
        amount -= of_group
        indices = [index for index, source in enumerate(sources) if source.step == group.step]
        of_each = _by_largest_remainder(of_group, group, [sources[index] for index in indices])
        for index, share in zip(indices, of_each, strict=True):
            shares[index] = share
    return shares


def _nearest_to_fair(amount: int, group: Group, finer: Sequence[Group]) -> int:
    """Return the share nearest to the fair one that leaves what the finer ones can give."""
    total = group.capacity + sum(each.capacity for each in finer)
    fair = (2 * amount * group.capacity + group.step * total) // (2 * group.step * total) if total else 0
    nearest = _outward(_possible(amount, group, finer), fair)
    return next(steps * group.step for steps in nearest if _can_give(amount - steps * group.step, finer))


def _outward(numbers: range, start: int) -> Iterator[int]:
    start = min(max(start, numbers[0]), numbers[-1])
    for distance in range(len(numbers)):
        yield from (number for number in (start + distance, start - distance) if number in numbers)


def _by_largest_remainder(amount: int, group: Group, sources: Sequence[Source]) -> list[int]:
    """Divide what a group gives among its sources."""
    exact = [amount * source.usable for source in sources]
    shares = [source.at_most(part // (group.capacity or 1)) for part, source in zip(exact, sources, strict=True)]
    for index in sorted(range(len(sources)), key=lambda index: shares[index] * group.capacity - exact[index]):
        room = min(group.step, sources[index].usable - shares[index], amount - sum(shares))
        shares[index] += room
    return shares
