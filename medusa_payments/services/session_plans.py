"""What a wanted set of sessions consists of: which live ones stay, which change, which are new. Decided in the lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from medusa_payments.core import shoppers
from medusa_payments.exceptions import InvalidData, NotFound
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.money import to_major_units, to_minor_units
from medusa_payments.services import amounts, session_choice
from medusa_payments.services.session_choice import Choice
from medusa_payments.states import MONEY_HOLDING_STATUSES, SessionStatus

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
class Tender:
    """A `SessionChoice` whose provider and data were checked before the lock."""

    choice: Choice
    amount: Decimal
    payment_session_id: str | None = None
    keeps_data: bool = False


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


def chosen(collection: PaymentCollection, *, tenders: Sequence[Tender]) -> list[Entry]:
    """Plan a set from the customer's choices, in their order.

    Raises `InvalidData` when they don't add up to what is to be paid, `NotAllowed` when money is held by a session that
    isn't kept as it is.
    """
    live = {session.pk: session for session in session_choice.live_sessions(collection)}
    entries = [_entry(collection, tender, live.get(tender.payment_session_id or "")) for tender in tenders]
    kept = [entry.session.pk for entry in entries if entry.session and not entry.choice]
    session_choice.refuse_if_money_is_held(collection, except_by=kept)
    _refuse_unless_they_add_up(collection, tenders, entries)
    return entries


def refreshed(collection: PaymentCollection, *, payment_session_id: str, choice: Choice) -> list[Entry]:
    """Plan the live set with one session made anew. Raises `NotFound`, and `NotAllowed` when that one holds money."""
    live = session_choice.live_sessions(collection)
    if payment_session_id not in {session.pk for session in live}:
        raise NotFound(f"PaymentSession id not found: {payment_session_id}")
    choice.permission.refuse_unless_it_covers(next(each.amount for each in live if each.pk == payment_session_id))
    others = [session.pk for session in live if session.pk != payment_session_id]
    session_choice.refuse_if_money_is_held(collection, except_by=others)
    return [
        Entry(minor_units=session.amount, choice=choice)
        if session.pk == payment_session_id
        else Entry(minor_units=session.amount, session=session)
        for session in live
    ]


def covers(collection: PaymentCollection, session: PaymentSession) -> bool:
    """Say whether a live session, together with the other live ones, comes to what is to be paid."""
    if session.currency_code != collection.currency_code:
        return False
    provider_ids = [session.provider_id]
    if session.amount == _total(collection, provider_ids):
        return True
    live = [each for each in session_choice.live_sessions(collection) if each.status != SessionStatus.CANCELED]
    return sum(each.amount for each in live) == _total(collection, [each.provider_id for each in live])


def _entry(collection: PaymentCollection, tender: Tender, session: PaymentSession | None) -> Entry:
    choice, minor_units = tender.choice, to_minor_units(tender.amount, collection.currency_code)
    _refuse_no_amount(collection, choice, minor_units)
    if session is not None and tender.keeps_data and session.customer_id == choice.customer_id:
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
    if session is None or not session_choice.can_be_updated(session, collection, choice):
        return Entry(minor_units=stepped, choice=choice)
    is_unchanged = (session.amount, session.client_data) == (stepped, dict(choice.data))
    return Entry(minor_units=stepped, session=session, choice=None if is_unchanged else choice)


def _refuse_no_amount(collection: PaymentCollection, choice: Choice, minor_units: int) -> None:
    is_free = collection.amount == 0 and choice.provider.capabilities.supports_zero_amount
    if minor_units < 0 or (minor_units == 0 and not is_free):
        raise InvalidData("The amount of a payment session must be greater than 0.")


def _refuse_unless_they_add_up(
    collection: PaymentCollection, tenders: Sequence[Tender], entries: Sequence[Entry]
) -> None:
    """The sum is exact. Only where no provider of the set has steps as fine as the amount may one session be brought up
    to its provider's step, as a single one would be.
    """
    asked = sum(to_minor_units(tender.amount, collection.currency_code) for tender in tenders)
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
