"""Which money a collection holds that it should not: pure decisions over its payments (minor units)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.states import UndoPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What is to be given back of one payment, as far as nothing is in flight that may still change it."""

    payment: Payment
    release: int = 0
    refund: int = 0


def undoes(
    collection: PaymentCollection, payments: Sequence[Payment], *, preferred: Collection[str], most: int
) -> list[Undo]:
    """Return what is to be given back.

    Of a deleted or canceled collection: everything. Of one whose order failed: what its policy says. Else what was paid
    in another currency, or with a session that isn't of the customer's choice (`preferred`) and doesn't pay for it
    either; and the surplus: whole payments without which the others still cover the amount, those of the sessions
    `preferred` and captured ones last; what several have captured beyond `most`; and whatever is still held once enough
    was captured.
    """
    usable = [payment for payment in payments if payment.frozen_at is None]
    if collection.deleted_at is not None or collection.canceled_at is not None:
        return _found(_undo(payment, with_refund=True) for payment in usable)
    if collection.failed_at is not None:
        return _of_failed(UndoPolicy(collection.on_failure), usable)
    strays = _strays(collection, payments, preferred)
    wanted = [payment for payment in usable if payment.pk not in strays]
    given_up = [_undo(payment, with_refund=True) for payment in usable if payment.pk in strays]
    return _found([*given_up, *_surplus(collection.amount, wanted, preferred, most)])


def may_follow_authorization(collection: PaymentCollection, session: PaymentSession, payment: Payment) -> bool:
    """Say whether a new payment may have to be given back, or another one because of it."""
    is_covered_twice = collection.authorized_amount + payment.amount > max(collection.amount, session.amount)
    return is_covered_twice or session.slot is None or _is_given_back(collection, payment)


def may_follow_capture(collection: PaymentCollection, payment: Payment) -> bool:
    """Say whether money may have to be given back now that more of a payment is captured: what was being captured
    couldn't be until now, and the rest can be once enough is captured.
    """
    is_enough = collection.captured_amount >= collection.amount
    is_surplus = is_enough and max(collection.captured_amount, collection.authorized_amount) > collection.amount
    is_stray = not is_enough and payment.amount < collection.amount and payment.payment_session.slot is None
    return is_surplus or is_stray or _is_given_back(collection, payment)


def _is_given_back(collection: PaymentCollection, payment: Payment) -> bool:
    is_over = any((collection.deleted_at, collection.canceled_at, collection.failed_at))
    return is_over or payment.currency_code != collection.currency_code


def _strays(collection: PaymentCollection, payments: Iterable[Payment], preferred: Collection[str]) -> set[str]:
    """Return the payments in another currency, and those of other sessions than the preferred ones, unless they came to
    the amount with what was there beside them, even if that was canceled later: an order may stand on both.

    The customer paid with a choice made before the last one, and as much as was due then. Kept, it would be in the way
    of the choice that pays for all.
    """
    domestic = [payment for payment in payments if payment.currency_code == collection.currency_code]
    others = [payment for payment in domestic if payment.payment_session_id not in preferred]
    lacking = [payment for payment in others if _amount_with(payment, domestic) < collection.amount]
    foreign = [payment for payment in payments if payment.currency_code != collection.currency_code]
    return {payment.pk for payment in [*foreign, *lacking]}


def _amount_with(payment: Payment, payments: Iterable[Payment]) -> int:
    """Return what was paid in all (minor units), without what was canceled before this payment came."""
    return sum(
        other.amount for other in payments if other.canceled_at is None or other.canceled_at > payment.created_at
    )


def _of_failed(policy: UndoPolicy, payments: list[Payment]) -> list[Undo]:
    if policy is UndoPolicy.HOLD:
        return []
    return _found(_undo(payment, with_refund=policy is UndoPolicy.REFUND) for payment in payments)


def _surplus(amount: int, payments: list[Payment], preferred: Collection[str], most: int) -> list[Undo]:
    kept = sorted(
        (payment for payment in payments if payment.held_amount), key=lambda payment: _rank(payment, preferred)
    )
    undoes: list[Undo] = []
    for payment in list(kept):
        others = sum(other.held_amount for other in kept) - payment.held_amount
        if not amount or (others >= amount and len(kept) > 1):
            kept.remove(payment)
            undoes.append(_undo(payment, with_refund=True))
    if amount and sum(payment.captured_amount for payment in kept) >= amount:
        undoes += [_undo(payment, with_refund=False) for payment in kept]
    return undoes + list(_refunds_of_excess(kept, most) if len(kept) > 1 else [])


def _refunds_of_excess(kept: list[Payment], most: int) -> Iterable[Undo]:
    """None of several payments is too much as a whole, but a part of what they have captured may be."""
    excess = (
        sum(payment.captured_amount - payment.refunded_amount - payment.refunding_amount for payment in kept) - most
    )
    for payment in kept:
        refund = max(min(excess, payment.refundable_amount), 0)
        excess -= refund
        yield Undo(payment=payment, refund=refund)


def _rank(payment: Payment, preferred: Collection[str]) -> tuple[bool, bool, str]:
    """What is given up first: not captured, not one that the customer chose last, the younger one."""
    is_preferred = payment.payment_session_id in preferred
    return payment.captured_amount > 0, is_preferred, _backwards(payment.pk)


def _backwards(text: str) -> str:
    return "".join(chr(0x10FFFF - ord(character)) for character in text)


def _undo(payment: Payment, *, with_refund: bool) -> Undo:
    is_capturing, is_releasing = payment.capturing_amount > 0, payment.releasing_amount > 0
    release = 0 if is_capturing or is_releasing or payment.canceled_at else payment.capturable_amount
    return Undo(payment=payment, release=release, refund=payment.refundable_amount if with_refund else 0)


def _found(undoes: Iterable[Undo]) -> list[Undo]:
    return [undo for undo in undoes if undo.release or undo.refund]
