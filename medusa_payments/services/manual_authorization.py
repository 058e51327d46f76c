"""Money that is to come by other means: the staff's word for it."""

from medusa_payments.core.books import book as books
from medusa_payments.core.sessions import choice
from medusa_payments.core.sessions.plans import SessionChoice
from medusa_payments.exceptions import Conflict, NotAllowed, NotFound
from medusa_payments.models import PaymentCollection, PaymentSession
from medusa_payments.money import to_major_units
from medusa_payments.queries import payment_collections as queries
from medusa_payments.services import payment_collections, payment_sessions
from medusa_payments.states import MONEY_HOLDING_STATUSES, CollectionStatus

__all__ = ["mark_as_authorized"]


def mark_as_authorized(
    *,
    payment_collection_id: str,
    created_by: str = "",
    request: object | None = None,
    idempotency_key: str | None = None,
) -> PaymentCollection:
    """Record that what is lacking of a collection will be paid by other means: authorize it with `pp_system_default`.

    No money is invented: the collection is authorized because a payment stands for it, which somebody has to capture
    once the money is there. What sessions hold already is kept; those that hold nothing are canceled. No-op when
    nothing is lacking.

    Raises `NotFound` (collection), `NotAllowed` when a part of what was paid went back or is disputed,
    `Conflict` when somebody else changes its sessions meanwhile, and what `payment_sessions.set_sessions` and
    `authorize` raise.
    """
    collection = payment_collections.refresh(payment_collection_id=payment_collection_id, request=request)
    if _lacks_nothing(collection):
        return collection
    try:
        _authorize_the_rest(collection, created_by=created_by, request=request, idempotency_key=idempotency_key)
    except (NotAllowed, NotFound) as error:
        overtaken = queries.existing(payment_collection_id)
        if _lacks_nothing(overtaken):
            return overtaken
        if isinstance(error, NotFound):
            raise Conflict("Another request has changed the payment sessions meanwhile.", retry_after=1) from error
        raise
    return queries.existing(payment_collection_id)


def _lacks_nothing(collection: PaymentCollection) -> bool:
    return collection.status in {CollectionStatus.AUTHORIZED, CollectionStatus.COMPLETED}


def _authorize_the_rest(
    collection: PaymentCollection, *, created_by: str, request: object | None, idempotency_key: str | None
) -> None:
    book = books.read(collection.pk)
    if book is None:
        raise NotFound(f"PaymentCollection id not found: {collection.pk}")
    choice.refuse_if_returned(book)
    held = [each for each in book.live if each.status in MONEY_HOLDING_STATUSES]
    lacking = collection.amount - sum(each.amount for each in held)
    sessions = payment_sessions.set_sessions(
        payment_collection_id=collection.pk,
        sessions=[
            *(_as_it_is(session) for session in held),
            SessionChoice(
                provider_id=payment_sessions.SYSTEM, amount=to_major_units(lacking, collection.currency_code)
            ),
        ],
        created_by=created_by,
        request=request,
        idempotency_key=idempotency_key,
    )
    payment_sessions.authorize(
        payment_collection_id=collection.pk,
        payment_session_id=sessions[-1].pk,
        created_by=created_by,
        request=request,
        idempotency_key=idempotency_key,
    )


def _as_it_is(session: PaymentSession) -> SessionChoice:
    return SessionChoice(
        provider_id=session.provider_id,
        amount=to_major_units(session.amount, session.currency_code),
        payment_session_id=session.pk,
    )
