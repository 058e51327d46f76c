"""What a customer asks for, made into a choice before anything is reserved, and carried out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from medusa_payments.carts import CartSnapshot
from medusa_payments.customers import Customer
from medusa_payments.exceptions import Conflict, InvalidData
from medusa_payments.models import AccountHolder, Operation, PaymentSession
from medusa_payments.providers.base import PaymentProvider
from medusa_payments.providers.errors import OBJECT_GONE
from medusa_payments.queries import payment_collections as queries
from medusa_payments.queries.primary import primary
from medusa_payments.services import (
    account_holders,
    convergence,
    execution,
    operations,
    payment_methods,
    session_choice,
)
from medusa_payments.services.operations import CallerKey
from medusa_payments.services.session_choice import CHOOSING, SLOT, Choice

Through = list[tuple[PaymentProvider, AccountHolder | None]]
"""The providers that a request is about to pay with, and the customer's accounts there."""

_ResultT = TypeVar("_ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all sessions of one request share."""

    snapshot: CartSnapshot | None
    customer: Customer | None
    caller: CallerKey | None
    created_by: str
    is_off_session: bool = False


def choose(provider_id: str, region_id: str, data: Mapping[str, Any], common: Common) -> Choice:
    """Check what can be checked before anything is reserved, and see to the customer's account with the provider.

    Raises `InvalidData` (provider not enabled or not configured, `data`, a payment method that isn't the customer's),
    `Conflict` (another request is opening the account), `ProviderNotReachable` (the saved payment methods can't be
    looked at now), `InsideTransaction`.
    """
    provider = session_choice.enabled_provider(provider_id, region_id)
    accepted = session_choice.client_data(provider, data)
    holder = account_holders.ensure(provider=provider, customer=common.customer)
    payment_methods.check(provider, holder, accepted, is_off_session=common.is_off_session)
    return Choice(
        provider_id=provider_id,
        provider=provider,
        data=accepted,
        snapshot=common.snapshot,
        customer_id=common.customer.id if common.customer else "",
        caller=common.caller,
        created_by=common.created_by,
        account_holder=holder,
        is_off_session=common.is_off_session,
    )


def until_it_stands(choose: Callable[[Through], _ResultT]) -> _ResultT:
    """Carry out a choice; once more where the session's object or the customer's account is gone at the provider, so
    that the same request makes another one. What is gone can be both.

    `choose` adds to its argument what it pays through. Raises what it raises.
    """
    for _ in range(_MOST_THAT_IS_GONE):
        through: Through = []
        try:
            return choose(through)
        except InvalidData as error:
            if not _makes_another(error, through):
                raise
    return choose([])


_MOST_THAT_IS_GONE = 2


def _makes_another(error: InvalidData, through: Through) -> bool:
    refused = primary(Operation).filter(pk=error.details.get("operation_id", ""), kind__in=CHOOSING).first()
    if refused is None:
        return False
    if refused.error_code == OBJECT_GONE:
        # It may be gone because it was paid: then that is booked before another object is made.
        convergence.look_at(refused.payment_session_id)
    elif not account_holders.reopen_what_is_gone(through):
        return False
    operations.let_go_of_key(refused)
    return True


def make_live(payment_collection_id: str, choice: Choice) -> None:
    """Have a choice's session be the live one, as `session_choice.reserve` says."""
    execute_until(
        payment_collection_id,
        partial(session_choice.reserve, choice=choice),
        is_done=partial(session_choice.fulfils, choice=choice),
    )


def live_session(payment_collection_id: str) -> PaymentSession:
    """Return the session that a collection is to be paid with next. Raises `Conflict` when there is none any more."""
    session = primary(PaymentSession).filter(payment_collection_id=payment_collection_id, slot=SLOT).first()
    if session is None:
        raise Conflict(
            f"The payment session of {queries.existing(payment_collection_id).pk} was given up by another request.",
            retry_after=operations.IN_PROGRESS_RETRY_SECONDS,
        )
    return session


_FEW_ROUNDS = 3


def execute_until(
    payment_collection_id: str, reserve: execution.Reserve, *, is_done: Callable[[Operation], bool]
) -> None:
    """Execute, first finishing what an earlier request left unknown on the same slot.

    Each round that meets such an operation resolves it and looks again. That one's refusal is no answer to this caller.
    """
    for _ in range(_FEW_ROUNDS):
        operation = execution.execute(payment_collection_id=payment_collection_id, reserve=reserve)
        if operation is None:
            return
        is_answer = is_done(operation)
        if is_answer or operation.is_open:
            execution.raise_unless_succeeded(operation)
        if is_answer:
            return
    raise Conflict(
        f"Other requests keep changing {payment_collection_id}.",
        retry_after=operations.IN_PROGRESS_RETRY_SECONDS,
    )
