"""The one lock of the money core, and the database it is taken in."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from django.db import router, transaction
from django.db.models import Model, QuerySet

from medusa_payments.exceptions import InsideTransaction, NotFound
from medusa_payments.models import PaymentCollection

ModelT = TypeVar("ModelT", bound=Model)


def writable(model: type[ModelT]) -> QuerySet[ModelT]:
    """Return all rows of a model from the database that is written to, never from a replica."""
    return model._default_manager.using(router.db_for_write(model))


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
def locked_collection(payment_collection_id: str) -> Iterator[PaymentCollection]:
    """One short durable transaction that holds the collection's row, and nothing else, locked.

    Raises `NotFound` for an unknown or deleted collection.
    """
    with durable_transaction():
        collection = (
            writable(PaymentCollection)
            .select_for_update()
            .filter(pk=payment_collection_id, deleted_at__isnull=True)
            .first()
        )
        if collection is None:
            raise NotFound(f"PaymentCollection id not found: {payment_collection_id}")
        yield collection
