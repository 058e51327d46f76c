"""The one lock of the money core, and the transaction it is held in."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import router, transaction

from medusa_payments.exceptions import InsideTransaction, NotFound
from medusa_payments.models import PaymentCollection
from medusa_payments.queries.primary import primary


@contextmanager
def durable_transaction() -> Iterator[None]:
    """A transaction that is committed for certain when the block ends.

    Raises `InsideTransaction` when the caller has a transaction open already.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(transaction.atomic(using=router.db_for_write(PaymentCollection), durable=True))
        except RuntimeError as error:
            raise InsideTransaction(
                "Payments can't be changed inside an open transaction: the reservation must be committed before the "
                "provider is called. Call it after commit, with transaction.on_commit() or outside atomic()."
            ) from error
        yield


@contextmanager
def locked_collection(payment_collection_id: str, *, include_deleted: bool = False) -> Iterator[PaymentCollection]:
    """One short durable transaction that holds the collection's row, and nothing else, locked.

    Raises `NotFound` for an unknown collection, and for a deleted one unless they are included: what a provider did is
    booked on those too.
    """
    with durable_transaction():
        collection = primary(PaymentCollection).select_for_update().filter(pk=payment_collection_id).first()
        if collection is None or (collection.deleted_at is not None and not include_deleted):
            raise NotFound(f"PaymentCollection id not found: {payment_collection_id}")
        yield collection
