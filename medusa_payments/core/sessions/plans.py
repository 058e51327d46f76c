"""What a wanted set of sessions consists of: which live ones stay, which change, which are new. Decided in the lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from medusa_payments.carts import CartSnapshot
from medusa_payments.core.base import amounts
from medusa_payments.core.books import placing
from medusa_payments.core.books.book import Book
from medusa_payments.core.books.facts import staying
from medusa_payments.core.policy.misfit import ChosenSplit
from medusa_payments.core.saga import slots
from medusa_payments.core.sessions import cart, shoppers
from medusa_payments.core.sessions.choice import (
    Choice,
    can_be_updated,
    money_for,
    refuse_if_money_is_held,
    stays_as_it_is,
)
from medusa_payments.exceptions import InvalidData, NotAllowed, NotFound
from medusa_payments.models import Payment, PaymentCollection, PaymentSession
from medusa_payments.money import to_major_units, to_minor_units
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
    book: Book,
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
        refuse_money_abroad(book, snapshot)
    live = {session.pk: session for session in book.live}
    entries = [
        _entry(book, each, choice, live.get(each.payment_session_id or ""))
        for each, choice in zip(wanted, choices, strict=True)
    ]
    kept = [entry.session.pk for entry in entries if entry.session and not entry.choice]
    refuse_if_money_is_held(book, except_by=kept)
    _refuse_unless_they_add_up(book.collection, wanted, entries)
    return entries


def refreshed(
    book: Book, *, payment_session_id: str, choice: Choice, rest_of: CartSnapshot | None = None
) -> list[Entry]:
    """Plan the live set with one session made anew; with `rest_of` for what that cart lacks beside money that stays,
    and without it where that is enough.

    Raises `NotFound`, `NotAllowed` when that one holds money, and with `rest_of` what `the_rest` raises.
    """
    live = book.live
    if payment_session_id not in {session.pk for session in live}:
        raise NotFound(f"PaymentSession id not found: {payment_session_id}")
    others = [session for session in live if session.pk != payment_session_id]
    refuse_if_money_is_held(book, except_by=[session.pk for session in others])
    session = book.session(payment_session_id)
    if rest_of is None:
        due = _amount_beside(book.collection, session, others, choice)
    else:
        waiting = sum(other.amount for other in others if other.authorized_at is None)
        lacking = _lacking(book, rest_of) - waiting
        due = amounts.step_up(max(lacking, 0), provider=choice.provider, currency_code=book.collection.currency_code)
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
        return money_for(collection, choice.provider).minor_units
    total = _total(collection, [choice.provider_id, *(other.provider_id for other in others)])
    due = total - sum(other.amount for other in others)
    return due if due > 0 else session.amount


def asks_for_a_rest(book: Book, snapshot: CartSnapshot) -> bool:
    """Say whether a choice of one provider is for what is lacking beside money that stays, in another amount than the
    cart's; or for nothing, where that is enough.
    """
    if cart.has_order(book.collection, snapshot):
        return False
    kept = staying(book)
    return bool(kept) and (cart.misfit_of(book, snapshot, kept) is not None or _has_session_for_a_rest(book))


def the_rest(book: Book, *, snapshot: CartSnapshot, choice: Choice) -> list[Entry]:
    """Plan a session for what is lacking beside the money that stays; without one where that is enough. Has the
    collection follow the cart.

    Raises `NotAllowed` when money in another currency stays, `InvalidData` for an amount that can't be stored.
    """
    lacking = _lacking(book, snapshot)
    entries = [Entry(minor_units=payment.amount, session=payment.payment_session) for payment in staying(book)]
    return [_entry_for_the_rest(book, choice, lacking), *entries] if lacking > 0 else entries


def money_abroad(book: Book, snapshot: CartSnapshot) -> list[Payment]:
    """Return the payments that keep a collection from following its cart into another currency: their money stays."""
    wanted = snapshot.currency_code.lower()
    if book.collection.currency_code == wanted or cart.has_order(book.collection, snapshot):
        return []
    return [each for each in staying(book) if each.held_amount and each.currency_code != wanted]


def refuse_money_abroad(book: Book, snapshot: CartSnapshot) -> None:
    """Raise `NotAllowed` when money in another currency than the cart's stays (`money_abroad`)."""
    abroad = money_abroad(book, snapshot)
    if abroad:
        raise NotAllowed(
            f"Payment collection {book.collection.pk} holds money in {abroad[0].currency_code.upper()}, which the shop "
            "has to decide about. Create a new payment collection for the cart.",
            details={"payment_id": abroad[0].pk},
        )


def leave_behind(book: Book, snapshot: CartSnapshot) -> None:
    """Take its cart from a collection whose money keeps it from following that cart (`money_abroad`), so that the cart
    can get another collection. The money stays, staff are told; the unpaid sessions are replaced by none. No-op while
    that money may be released, and while somebody may be authorizing.

    Raises `Conflict` while another request for a session is in progress.
    """
    abroad = money_abroad(book, snapshot)
    misfit = cart.misfit_of(book, snapshot, abroad)
    is_going = any(payment.releasing_amount for payment in abroad)
    if misfit is None or misfit.release or is_going or cart.is_authorizing(book):
        return
    for unfinished in slots.holders(book):
        slots.vacate(unfinished)
    cart.tell_of_kept_money(book, snapshot, misfit)
    placing.replace_unpaid(book)
    # What stays isn't returned because the rest of a split wasn't paid in time.
    book.collection.resolve_by = book.collection.live_cart_id = None


def _lacking(book: Book, snapshot: CartSnapshot) -> int:
    """Have a collection follow its cart beside the money that stays, and return what is lacking (minor units)."""
    refuse_money_abroad(book, snapshot)
    kept = staying(book)
    held = sum(payment.held_amount for payment in kept if payment.currency_code == snapshot.currency_code.lower())
    cart.follow_beside_money(book, snapshot, held=held)
    return book.collection.amount - held


def _entry_for_the_rest(book: Book, choice: Choice, lacking: int) -> Entry:
    """The session to be paid comes first: that is the one which clients look at that know of one only."""
    choice.permission.refuse_unless_it_covers(lacking)
    stepped = amounts.step_up(lacking, provider=choice.provider, currency_code=book.collection.currency_code)
    for session in _unpaid(book):
        if stays_as_it_is(book, session, choice, minor_units=stepped):
            return Entry(minor_units=stepped, session=session)
        if can_be_updated(book, session, choice):
            return Entry(minor_units=stepped, session=session, choice=choice)
    return Entry(minor_units=stepped, choice=choice)


def _has_session_for_a_rest(book: Book) -> bool:
    unpaid = {session.pk for session in _unpaid(book)}
    initiates = [each for each in book.operations if each.kind == OperationKind.INITIATE]
    return any(each.intent.get("rest") for each in initiates if each.payment_session_id in unpaid)


def _unpaid(book: Book) -> list[PaymentSession]:
    return [session for session in book.live if session.authorized_at is None]


def split_of(wanted: Sequence[SessionChoice], snapshot: CartSnapshot | None) -> ChosenSplit | None:
    """Return what a customer's choices come to in the cart's currency; None without a cart."""
    if snapshot is None:
        return None
    total = sum(to_minor_units(each.amount, snapshot.currency_code.lower()) for each in wanted)
    return ChosenSplit(kept=[each.payment_session_id or "" for each in wanted], total=total)


def covers(book: Book, session: PaymentSession) -> bool:
    """Say whether a live session, together with the other live ones, comes to what is to be paid."""
    collection = book.collection
    if session.currency_code != collection.currency_code:
        return False
    if session.amount == _total(collection, [session.provider_id]):
        return True
    live = [each for each in book.live if each.status != SessionStatus.CANCELED]
    total = _total(collection, [each.provider_id for each in live])
    if sum(each.amount for each in live) == total:
        return True
    # A rest that was chosen beside what is left of a payment.
    waiting = [each.amount for each in live if each.authorized_at is None]
    return book.held + sum(waiting) == total


def _entry(book: Book, wanted: SessionChoice, choice: Choice, session: PaymentSession | None) -> Entry:
    collection = book.collection
    minor_units = to_minor_units(wanted.amount, collection.currency_code)
    _refuse_no_amount(collection, choice, minor_units)
    if session is not None and wanted.data is None and session.customer_id == choice.customer_id:
        choice = replace(choice, data=session.client_data)
    if session is not None and session.status in MONEY_HOLDING_STATUSES:
        is_the_same = (session.provider_id, session.amount) == (choice.provider_id, minor_units)
        if not is_the_same or session.currency_code != collection.currency_code:
            refuse_if_money_is_held(book)
        return Entry(minor_units=session.amount, session=session)
    if session is not None:
        shoppers.refuse_session_of_another_customer(choice.permission.shopper, session)
    choice.permission.refuse_unless_it_covers(minor_units)
    stepped = amounts.step_up(minor_units, provider=choice.provider, currency_code=collection.currency_code)
    if session is not None and stays_as_it_is(book, session, choice, minor_units=stepped):
        return Entry(minor_units=stepped, session=session)
    if session is None or not can_be_updated(book, session, choice):
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
