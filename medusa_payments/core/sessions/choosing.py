"""What a customer asks for, made into a choice before anything is reserved, and carried out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from medusa_payments import customers
from medusa_payments.carts import CartSnapshot
from medusa_payments.core.accounts import paying
from medusa_payments.core.base import leases
from medusa_payments.core.saga import callers, comparing, operations, run
from medusa_payments.core.saga.operations import CallerKey
from medusa_payments.core.sessions import cart, shoppers
from medusa_payments.core.sessions import choice as choices
from medusa_payments.core.sessions.choice import CHOOSING, SLOT, Choice
from medusa_payments.core.sessions.plans import SessionChoice
from medusa_payments.customers import Customer, Shopper
from medusa_payments.exceptions import Conflict, InvalidData
from medusa_payments.models import Operation, PaymentCollection, PaymentSession
from medusa_payments.providers.errors import OBJECT_GONE
from medusa_payments.providers.registry import providers
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.primary import primary

_ResultT = TypeVar("_ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all sessions of one request share. `asked` tells it from others, `request` is the host's own."""

    collection: PaymentCollection
    snapshot: CartSnapshot | None
    request: object | None
    asked: Mapping[str, Any]
    caller: CallerKey | None
    created_by: str
    shopper: Shopper | None
    customer: Customer | None = None
    is_off_session: bool = False

    @property
    def due(self) -> int:
        """What is to be paid (minor units), as far as that is known before the lock."""
        return cart.rounded_total(self.snapshot).minor_units if self.snapshot else self.collection.amount


def begin(
    payment_collection_id: str,
    *,
    asked: Mapping[str, Any],
    request: object | None,
    idempotency_key: str | None,
    created_by: str,
    shopper: Shopper | None,
    customer: Customer | None = None,
    is_off_session: bool = False,
) -> Common:
    """Look at the collection and its cart. Raises `NotFound` for either, `InvalidData` for the key."""
    collection = queries.existing(payment_collection_id)
    return Common(
        collection=collection,
        snapshot=cart.snapshot_of(collection, request),
        request=request,
        asked=asked,
        caller=callers.caller_key(idempotency_key, **asked),
        created_by=created_by,
        shopper=shopper,
        customer=customer,
        is_off_session=is_off_session,
    )


def choose(
    provider_id: str,
    data: Mapping[str, Any],
    common: Common,
    *,
    minor_units: int | None,
    is_given: bool = True,
) -> Choice:
    """Check what can be checked before anything is reserved, and see to the customer's account with the provider.

    `minor_units` is what is to be paid with the provider, as far as that is known before the lock; None where only the
    lock can tell (a session that is kept isn't chosen anew). The lock asks again. `is_given` says that `data` comes
    with this request, not from an earlier one.

    Raises `InvalidData` (provider not enabled or not configured, `data`, a payment method that isn't the customer's),
    `Conflict` (another request is opening the account), `ProviderNotReachable` (the saved payment methods can't be
    looked at now), `InsideTransaction`.
    """
    region_id = cart.region_of(common.collection, common.snapshot)
    permission = shoppers.permission(provider_id, region_id, common.shopper)
    if minor_units is not None:
        permission.refuse_unless_it_covers(minor_units)
    provider = providers[provider_id]
    if is_given:
        shoppers.refuse_foreign_urls(common.shopper, provider, data)
    accepted = choices.client_data(provider, data)
    holder = paying.ensure(provider=provider, customer=common.customer)
    paying.check(provider, holder, accepted, is_off_session=common.is_off_session)
    return Choice(
        provider_id=provider_id,
        provider=provider,
        data=accepted,
        customer_id=common.customer.id if common.customer else "",
        caller=common.caller,
        created_by=common.created_by,
        permission=permission,
        account_holder=holder,
        is_off_session=common.is_off_session,
    )


def choose_again(session: PaymentSession, common: Common) -> Choice:
    """Return the choice that makes a session anew, for the same customer. That of a customer who was forgotten becomes
    nobody's.

    Raises `Unauthorized` or `Forbidden` (a shopper who isn't the customer), and what `choose` raises.
    """
    shoppers.refuse_session_of_another_customer(common.shopper, session)
    is_forgotten = session.account_holder is not None and session.account_holder.forgotten_at is not None
    payer = None if is_forgotten else customers.known(None, session.customer_id)
    # What is to be paid now only the lock can tell.
    return choose(
        session.provider_id, session.client_data, replace(common, customer=payer), minor_units=None, is_given=False
    )


def choose_part(wanted: SessionChoice, common: Common) -> Choice:
    """Return one choice of a set, checked. Raises what `choose` raises."""
    # Only the lock can tell whether a named session was paid with and stays.
    minor_units = int(wanted.amount != 0) if wanted.payment_session_id is None else None
    return choose(wanted.provider_id, wanted.data or {}, common, minor_units=minor_units)


def until_it_stands(check: Callable[[], list[Choice]], carry_out: Callable[[list[Choice]], _ResultT]) -> _ResultT:
    """Check what is chosen and carry it out; once more where the session's object or the customer's account is gone at
    the provider, so that the same request makes another one. What is gone can be both.

    Raises what the two raise.
    """
    for _ in range(_MOST_THAT_IS_GONE):
        chosen = check()
        try:
            return carry_out(chosen)
        except InvalidData as error:
            if not _makes_another(error, chosen):
                raise
    return carry_out(check())


_MOST_THAT_IS_GONE = 2


def _makes_another(error: InvalidData, chosen: list[Choice]) -> bool:
    refused = primary(Operation).filter(pk=error.details.get("operation_id", ""), kind__in=CHOOSING).first()
    if refused is None:
        return False
    if refused.error_code == OBJECT_GONE:
        # It may be gone because it was paid: then that is booked before another object is made.
        comparing.look_at(refused.payment_session_id)
    elif not paying.reopen_what_is_gone((each.provider, each.account_holder) for each in chosen):
        return False
    operations.free_key(refused)
    return True


def made_live(payment_collection_id: str, choice: Choice, snapshot: CartSnapshot | None) -> PaymentSession:
    """Have a choice's session be the live one, as `choices.reserve` says, and return it."""
    operation = run.execute_until(
        payment_collection_id,
        partial(choices.reserve, choice=choice, snapshot=snapshot),
        is_done=partial(choices.fulfils, choice=choice, snapshot=snapshot),
    )
    if operation is not None and operation.payment_session.slot == SLOT:
        return operation.payment_session
    return live_session(payment_collection_id)


def live_session(payment_collection_id: str) -> PaymentSession:
    """Return the session that a collection is to be paid with next. Raises `Conflict` when there is none any more."""
    session = primary(PaymentSession).filter(payment_collection_id=payment_collection_id, slot=SLOT).first()
    if session is None:
        raise Conflict(
            f"The payment session of {queries.existing(payment_collection_id).pk} was replaced by a newer request.",
            retry_after=leases.IN_PROGRESS_RETRY_SECONDS,
        )
    return session
