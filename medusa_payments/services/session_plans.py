"""What a wanted set of sessions consists of: which live ones stay, which change, which are new. Decided in the lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from medusa_payments.carts import CartSnapshot
from medusa_payments.core import shoppers
from medusa_payments.core.policy.misfit import ChosenSplit
from medusa_payments.core.saga import slots
from medusa_payments.exceptions import InvalidData, NotAllowed, NotFound
from medusa_payments.models import Operation, Payment, PaymentCollection, PaymentSession
from medusa_payments.money import to_major_units, to_minor_units
from medusa_payments.queries import held_money
from medusa_payments.queries.primary import primary
from medusa_payments.services import amounts, cart_amounts, duties, projections, session_choice
from medusa_payments.services.operations import Reservation
from medusa_payments.services.retirement import retire_unpaid
from medusa_payments.services.session_choice import Choice
from medusa_payments.states import MONEY_HOLDING_STATUSES, OperationKind, SessionStatus

DO_NOT_ADD_UP = "payment_sessions_do_not_add_up"
"""The code of the error that says: the sessions' amounts aren't what is to be paid."""

MAX_SESSIONS = 20
"""How many sessions a collection can be split among."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChoice:
    """One of several sessions: this provider, for this part of the amount (major units).

    `payment_session_id` names the live session that is to be kept or changed; one that isn't live in this collection is
    ignored, and a new session made. `data` is for the provider; None leaves those of the customer's own session as they
    are.
    """

    provider_id: str
    amount: Decimal
    data: Mapping[str, Any] | None = None
    payment_session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A session of the set (minor units): the live one as it is; with a choice what it becomes, or a new one."""

    minor_units: int
    session: PaymentSession | None = None
    choice: Choice | None = None

    @property
    def provider_id(self) -> str:
        return self.choice.provider_id if self.choice else self.session.provider_id if self.session else ""


def checked(sessions: Sequence[SessionChoice]) -> Sequence[SessionChoice]:
    """Return choices that can stand beside one another. Raises `InvalidData` for too many, or one session twice."""
    if len(sessions) > MAX_SESSIONS:
        raise InvalidData(f"A payment collection can be split among {MAX_SESSIONS} payment sessions at most.")
    named = [choice.payment_session_id for choice in sessions if choice.payment_session_id]
    if len(named) != len(set(named)):
        raise InvalidData("A payment session can be named only once.")
    return sessions


def chosen(
    collection: PaymentCollection,
    *,
    wanted: Sequence[SessionChoice],
    choices: Sequence[Choice],
    snapshot: CartSnapshot | None,
) -> list[Entry]:
    """Plan a set from what the customer wants, in that order; `choices` are the same, checked before the lock.

    Raises `InvalidData` when they don't add up to what is to be paid, `NotAllowed` when money is held by a session that
    isn't kept as it is, or stays in another currency than the cart's.
    """
    if snapshot is not None:
        refuse_money_abroad(collection, snapshot)
    live = {session.pk: session for session in session_choice.live_sessions(collection)}
    entries = [
        _entry(collection, each, choice, live.get(each.payment_session_id or ""))
        for each, choice in zip(wanted, choices, strict=True)
    ]
    kept = [entry.session.pk for entry in entries if entry.session and not entry.choice]
    session_choice.refuse_if_money_is_held(collection, except_by=kept)
    _refuse_unless_they_add_up(collection, wanted, entries)
    return entries


def refreshed(
    collection: PaymentCollection, *, payment_session_id: str, choice: Choice, rest_of: CartSnapshot | None = None
) -> list[Entry]:
    """Plan the live set with one session made anew; with `rest_of` for what that cart lacks beside money that stays,
    and without it where that is enough.

    Raises `NotFound`, `NotAllowed` when that one holds money, and with `rest_of` what `the_rest` raises.
    """
    live = session_choice.live_sessions(collection)
    if payment_session_id not in {session.pk for session in live}:
        raise NotFound(f"PaymentSession id not found: {payment_session_id}")
    others = [session for session in live if session.pk != payment_session_id]
    session_choice.refuse_if_money_is_held(collection, except_by=[session.pk for session in others])
    session = next(session for session in live if session.pk == payment_session_id)
    if rest_of is None:
        due = _amount_beside(collection, session, others, choice)
    else:
        waiting = sum(other.amount for other in others if other.authorized_at is None)
        lacking = _lacking(collection, rest_of) - waiting
        due = amounts.step_up(max(lacking, 0), provider=choice.provider, currency_code=collection.currency_code)
    choice.permission.refuse_unless_it_covers(due)
    anew = [Entry(minor_units=due, choice=choice)] if due or rest_of is None else []
    return [
        entry
        for each in live
        for entry in (anew if each.pk == session.pk else [Entry(minor_units=each.amount, session=each)])
    ]


def _amount_beside(
    collection: PaymentCollection, session: PaymentSession, others: Sequence[PaymentSession], choice: Choice
) -> int:
    """Return what a session is to be made anew for (minor units): what the others leave of what is due by now."""
    if not others:
        return session_choice.money_for(collection, choice.provider).minor_units
    total = _total(collection, [choice.provider_id, *(other.provider_id for other in others)])
    due = total - sum(other.amount for other in others)
    return due if due > 0 else session.amount


def asks_for_a_rest(collection: PaymentCollection, snapshot: CartSnapshot) -> bool:
    """Say whether a choice of one provider is for what is lacking beside money that stays, in another amount than the
    cart's; or for nothing, where that is enough.
    """
    if cart_amounts.has_order(collection, snapshot):
        return False
    kept = duties.staying(collection)
    return bool(kept) and (
        cart_amounts.misfit_of(collection, snapshot, kept) is not None or _has_session_for_a_rest(collection)
    )


def the_rest(collection: PaymentCollection, *, snapshot: CartSnapshot, choice: Choice) -> list[Entry]:
    """Plan a session for what is lacking beside the money that stays; without one where that is enough. Has the
    collection follow the cart.

    Raises `NotAllowed` when money in another currency stays, `InvalidData` for an amount that can't be stored.
    """
    lacking = _lacking(collection, snapshot)
    kept = duties.staying(collection)
    entries = [Entry(minor_units=payment.amount, session=payment.payment_session) for payment in kept]
    return [_entry_for_the_rest(collection, choice, lacking), *entries] if lacking > 0 else entries


def money_abroad(collection: PaymentCollection, snapshot: CartSnapshot) -> list[Payment]:
    """Return the payments that keep a collection from following its cart into another currency: their money stays."""
    wanted = snapshot.currency_code.lower()
    if collection.currency_code == wanted or cart_amounts.has_order(collection, snapshot):
        return []
    return [each for each in duties.staying(collection) if each.held_amount and each.currency_code != wanted]


def refuse_money_abroad(collection: PaymentCollection, snapshot: CartSnapshot) -> None:
    """Raise `NotAllowed` when money in another currency than the cart's stays (`money_abroad`)."""
    abroad = money_abroad(collection, snapshot)
    if abroad:
        raise NotAllowed(
            f"Payment collection {collection.pk} holds money in {abroad[0].currency_code.upper()}, which the shop has "
            "to decide about. Create a new payment collection for the cart.",
            details={"payment_id": abroad[0].pk},
        )


def leave_behind(collection: PaymentCollection, snapshot: CartSnapshot) -> list[Reservation]:
    """Take its cart from a locked collection whose money keeps it from following that cart (`money_abroad`), so that
    the cart can get another collection. The money stays, staff are told; the unpaid sessions are given up with what is
    returned. No-op while that money may be released, and while somebody may be authorizing.

    Raises `Conflict` while another request is at work on a session.
    """
    abroad = money_abroad(collection, snapshot)
    misfit = cart_amounts.misfit_of(collection, snapshot, abroad)
    is_going = any(payment.releasing_amount for payment in abroad)
    if misfit is None or misfit.release or is_going or cart_amounts.is_authorizing(collection):
        return []
    for unfinished in slots.holders(collection):
        slots.abandon(unfinished)
    cart_amounts.tell_of_kept_money(collection, snapshot, misfit)
    follow_ups = retire_unpaid(collection)
    # What stays isn't given back because the rest of a split wasn't paid in time.
    collection.resolve_by = collection.live_cart_id = None
    projections.store(collection)
    primary(PaymentCollection).filter(pk=collection.pk).update(live_cart_id=None)
    return follow_ups


def _lacking(collection: PaymentCollection, snapshot: CartSnapshot) -> int:
    """Have a collection follow its cart beside the money that stays, and return what is lacking (minor units)."""
    refuse_money_abroad(collection, snapshot)
    kept = duties.staying(collection)
    held = sum(payment.held_amount for payment in kept if payment.currency_code == snapshot.currency_code.lower())
    cart_amounts.follow_beside_money(collection, snapshot, held=held)
    return collection.amount - held


def _entry_for_the_rest(collection: PaymentCollection, choice: Choice, lacking: int) -> Entry:
    """The session to be paid comes first: that is the one which clients look at that know of one only."""
    choice.permission.refuse_unless_it_covers(lacking)
    stepped = amounts.step_up(lacking, provider=choice.provider, currency_code=collection.currency_code)
    unpaid = [session for session in session_choice.live_sessions(collection) if session.authorized_at is None]
    for session in unpaid:
        if session_choice.stays_as_it_is(session, collection, choice, minor_units=stepped):
            return Entry(minor_units=stepped, session=session)
        if session_choice.can_be_updated(session, collection, choice):
            return Entry(minor_units=stepped, session=session, choice=choice)
    return Entry(minor_units=stepped, choice=choice)


def _has_session_for_a_rest(collection: PaymentCollection) -> bool:
    unpaid = [session.pk for session in session_choice.live_sessions(collection) if session.authorized_at is None]
    initiates = primary(Operation).filter(payment_session__in=unpaid, kind=OperationKind.INITIATE.value)
    return bool(unpaid) and any(operation.intent.get("rest") for operation in initiates)


def split_of(wanted: Sequence[SessionChoice], snapshot: CartSnapshot | None) -> ChosenSplit | None:
    """Return what a customer's choices come to in the cart's currency; None without a cart."""
    if snapshot is None:
        return None
    total = sum(to_minor_units(each.amount, snapshot.currency_code.lower()) for each in wanted)
    return ChosenSplit(kept=[each.payment_session_id or "" for each in wanted], total=total)


def covers(collection: PaymentCollection, session: PaymentSession) -> bool:
    """Say whether a live session, together with the other live ones, comes to what is to be paid."""
    if session.currency_code != collection.currency_code:
        return False
    provider_ids = [session.provider_id]
    if session.amount == _total(collection, provider_ids):
        return True
    live = [each for each in session_choice.live_sessions(collection) if each.status != SessionStatus.CANCELED]
    total = _total(collection, [each.provider_id for each in live])
    if sum(each.amount for each in live) == total:
        return True
    # A rest that was chosen beside what is left of a payment.
    waiting = [each.amount for each in live if each.authorized_at is None]
    return held_money.amount_of(collection) + sum(waiting) == total


def _entry(
    collection: PaymentCollection, wanted: SessionChoice, choice: Choice, session: PaymentSession | None
) -> Entry:
    minor_units = to_minor_units(wanted.amount, collection.currency_code)
    _refuse_no_amount(collection, choice, minor_units)
    if session is not None and wanted.data is None and session.customer_id == choice.customer_id:
        choice = replace(choice, data=session.client_data)
    if session is not None and session.status in MONEY_HOLDING_STATUSES:
        is_the_same = (session.provider_id, session.amount) == (choice.provider_id, minor_units)
        if not is_the_same or session.currency_code != collection.currency_code:
            session_choice.refuse_if_money_is_held(collection)
        return Entry(minor_units=session.amount, session=session)
    if session is not None:
        shoppers.refuse_session_of_another_customer(choice.permission.shopper, session)
    choice.permission.refuse_unless_it_covers(minor_units)
    stepped = amounts.step_up(minor_units, provider=choice.provider, currency_code=collection.currency_code)
    if session is not None and session_choice.stays_as_it_is(session, collection, choice, minor_units=stepped):
        return Entry(minor_units=stepped, session=session)
    if session is None or not session_choice.can_be_updated(session, collection, choice):
        return Entry(minor_units=stepped, choice=choice)
    return Entry(minor_units=stepped, session=session, choice=choice)


def _refuse_no_amount(collection: PaymentCollection, choice: Choice, minor_units: int) -> None:
    is_free = collection.amount == 0 and choice.provider.capabilities.supports_zero_amount
    if minor_units < 0 or (minor_units == 0 and not is_free):
        raise InvalidData("The amount of a payment session must be greater than 0.")


def _refuse_unless_they_add_up(
    collection: PaymentCollection, wanted: Sequence[SessionChoice], entries: Sequence[Entry]
) -> None:
    """The sum is exact. Only where no provider of the set has steps as fine as the amount may one session be brought up
    to its provider's step, as a single one would be.
    """
    asked = sum(to_minor_units(each.amount, collection.currency_code) for each in wanted)
    stepped = sum(entry.minor_units for entry in entries)
    total = _total(collection, [entry.provider_id for entry in entries])
    if stepped != total or not collection.amount <= asked <= total:
        raise InvalidData(
            "The sum of sessions is not equal to "
            f"{to_major_units(collection.amount, collection.currency_code)} on Payment Collection",
            code=DO_NOT_ADD_UP,
            details={
                "amount": to_major_units(collection.amount, collection.currency_code),
                "sum": to_major_units(stepped, collection.currency_code),
            },
        )


def _total(collection: PaymentCollection, provider_ids: Sequence[str]) -> int:
    return amounts.cover(collection.amount, provider_ids=provider_ids, currency_code=collection.currency_code)
