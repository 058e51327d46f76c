"""Which money a collection holds that it should not: pure rules over small facts (minor units).

Nothing here reads the database, the clock or a provider. `tests/core/policy/test_surplus.py` is the rules in cases.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from medusa_payments.states import UndoPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFacts:
    """What is to be paid, and what its payments in that currency come to in all.

    `has_failed`: its order did, and `on_failure` says what follows.
    """

    amount: int
    currency_code: str
    authorized: int = 0
    captured: int = 0
    is_deleted: bool = False
    is_canceled: bool = False
    has_failed: bool = False
    on_failure: UndoPolicy = UndoPolicy.HOLD

    @property
    def is_given_up(self) -> bool:
        return self.is_deleted or self.is_canceled


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyFacts:
    """What was paid with one session (`amount`), and where it is.

    `held` is what the merchant has of it, captured or not; `kept` what is captured and neither refunded nor being
    refunded; `capturing` and `releasing` are in flight; `capturable` and `refundable` are what may still be moved.
    `is_preferred`: its session is of the customer's choice.
    """

    payment_id: str
    amount: int
    currency_code: str
    created_at: datetime
    canceled_at: datetime | None = None
    held: int = 0
    captured: int = 0
    kept: int = 0
    capturing: int = 0
    releasing: int = 0
    capturable: int = 0
    refundable: int = 0
    is_preferred: bool = True
    is_frozen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What is to be given back of one payment, as far as nothing is in flight that may still change it."""

    payment_id: str
    release: int = 0
    refund: int = 0


def undoes(collection: CollectionFacts, payments: Sequence[MoneyFacts], *, most: int) -> list[Undo]:
    """Return what is to be given back. What is frozen stays as it is until a person has looked.

    Of a deleted or canceled collection: everything. Of one whose order failed: what its policy says. Else what was paid
    in another currency, or with a session that isn't of the customer's choice and doesn't pay for it either; and the
    surplus: whole payments without which the others still cover the amount, those of the preferred sessions and
    captured ones last; what several have captured beyond `most`; and whatever is still held once enough was captured.
    """
    usable = [payment for payment in payments if not payment.is_frozen]
    if collection.is_given_up:
        return _found(_undo(payment, with_refund=True) for payment in usable)
    if collection.has_failed:
        return _of_failed(collection.on_failure, usable)
    strays = _strays(collection, payments)
    wanted = [payment for payment in usable if payment.payment_id not in strays]
    given_up = [_undo(payment, with_refund=True) for payment in usable if payment.payment_id in strays]
    return _found([*given_up, *_surplus(collection.amount, wanted, most)])


def may_follow_authorization(
    collection: CollectionFacts, *, paid: int, currency_code: str, asked: int, is_live: bool
) -> bool:
    """Say whether a new payment may have to be given back, or another one because of it.

    `asked` is what its session was for, and `is_live` that this is still of the customer's choice; `collection` has its
    totals from before.
    """
    is_covered_twice = collection.authorized + paid > max(collection.amount, asked)
    return is_covered_twice or not is_live or _is_given_back(collection, currency_code)


def may_follow_capture(collection: CollectionFacts, *, currency_code: str) -> bool:
    """Say whether money may have to be given back now that more of a payment is captured: what was being captured
    couldn't be until now, and the rest can be once enough is captured.
    """
    is_enough = collection.captured >= collection.amount
    is_surplus = is_enough and max(collection.captured, collection.authorized) > collection.amount
    return is_surplus or _is_given_back(collection, currency_code)


def may_be_stray(collection: CollectionFacts, *, paid: int) -> bool:
    """Say whether a payment of which more is captured now would have to be given back, had its session been replaced:
    it doesn't pay for the collection.
    """
    return collection.captured < collection.amount and paid < collection.amount


def _is_given_back(collection: CollectionFacts, currency_code: str) -> bool:
    return collection.is_given_up or collection.has_failed or currency_code != collection.currency_code


def _strays(collection: CollectionFacts, payments: Iterable[MoneyFacts]) -> set[str]:
    """Return the payments in another currency, and those of other sessions than the preferred ones, unless they came to
    the amount with what was there beside them, even if that was canceled later: an order may stand on both.

    The customer paid with a choice made before the last one, and as much as was due then. Kept, it would be in the way
    of the choice that pays for all.
    """
    payments = list(payments)
    domestic = [payment for payment in payments if payment.currency_code == collection.currency_code]
    others = [payment for payment in domestic if not payment.is_preferred]
    lacking = [payment for payment in others if _amount_with(payment, domestic) < collection.amount]
    foreign = [payment for payment in payments if payment.currency_code != collection.currency_code]
    return {payment.payment_id for payment in [*foreign, *lacking]}


def _amount_with(payment: MoneyFacts, payments: Iterable[MoneyFacts]) -> int:
    """Return what was paid in all, without what was canceled before this payment came."""
    return sum(
        other.amount for other in payments if other.canceled_at is None or other.canceled_at > payment.created_at
    )


def _of_failed(policy: UndoPolicy, payments: list[MoneyFacts]) -> list[Undo]:
    if policy is UndoPolicy.HOLD:
        return []
    return _found(_undo(payment, with_refund=policy is UndoPolicy.REFUND) for payment in payments)


def _surplus(amount: int, payments: Iterable[MoneyFacts], most: int) -> list[Undo]:
    kept = sorted((payment for payment in payments if payment.held), key=_rank)
    undoes: list[Undo] = []
    for payment in list(kept):
        others = sum(other.held for other in kept) - payment.held
        if not amount or (others >= amount and len(kept) > 1):
            kept.remove(payment)
            undoes.append(_undo(payment, with_refund=True))
    if amount and sum(payment.captured for payment in kept) >= amount:
        undoes += [_undo(payment, with_refund=False) for payment in kept]
    return undoes + list(_refunds_of_excess(kept, most) if len(kept) > 1 else [])


def _refunds_of_excess(kept: list[MoneyFacts], most: int) -> Iterable[Undo]:
    """None of several payments is too much as a whole, but a part of what they have captured may be."""
    excess = sum(payment.kept for payment in kept) - most
    for payment in kept:
        refund = max(min(excess, payment.refundable), 0)
        excess -= refund
        yield Undo(payment_id=payment.payment_id, refund=refund)


def _rank(payment: MoneyFacts) -> tuple[bool, bool, str]:
    """What is given up first: not captured, not one that the customer chose last, the younger one."""
    return payment.captured > 0, payment.is_preferred, _backwards(payment.payment_id)


def _backwards(text: str) -> str:
    return "".join(chr(0x10FFFF - ord(character)) for character in text)


def _undo(payment: MoneyFacts, *, with_refund: bool) -> Undo:
    is_in_flight = payment.capturing or payment.releasing
    release = 0 if is_in_flight or payment.canceled_at else payment.capturable
    return Undo(payment_id=payment.payment_id, release=release, refund=payment.refundable if with_refund else 0)


def _found(undoes: Iterable[Undo]) -> list[Undo]:
    return [undo for undo in undoes if undo.release or undo.refund]
