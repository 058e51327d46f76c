"""The one lock of the money core, and the transaction it is held in."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import connections, router, transaction

from medusa_payments.exceptions import InsideTransaction, NotFound
from medusa_payments.models import PaymentCollection
from medusa_payments.queries.primary import primary


@contextmanager
def durable_transaction() -> Iterator[None]:
    """A transaction that is committed for certain when the block ends.

    Raises `InsideTransaction` when the caller has a transaction open already, or has switched autocommit off, which
    comes to the same.
    """
    using = router.db_for_write(PaymentCollection)
    connection = connections[using]
    if not connection.in_atomic_block and not connection.get_autocommit():
        raise _inside_transaction()
    with ExitStack() as stack:
        try:
            stack.enter_context(transaction.atomic(using=using, durable=True))
        except RuntimeError as error:
            raise _inside_transaction() from error
        yield


@contextmanager
def undone_when_it_raises() -> Iterator[None]:
    """A block whose own changes to the database are taken back when it raises, and only those."""
    with transaction.atomic(using=router.db_for_write(PaymentCollection)):
        yield


def renew_connection() -> None:
    """Let go of a connection that an error has left unusable, so that the next statement opens a new one."""
    connection = connections[router.db_for_write(PaymentCollection)]
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


@contextmanager
def locked_collection(
    payment_collection_id: str, *, include_deleted: bool = False, is_dry_run: bool = False
) -> Iterator[PaymentCollection]:
    """One short durable transaction that holds the collection's row, and nothing else, locked.

    A dry run is rolled back at its end. Raises `NotFound` for an unknown collection, and for a deleted one unless they
    are included: what a provider did is booked on those too.
    """
    with durable_transaction():
        yield _lock(payment_collection_id, include_deleted=include_deleted)
        if is_dry_run:
            transaction.set_rollback(True, using=router.db_for_write(PaymentCollection))


@contextmanager
def collection_locked_for_caller(payment_collection_id: str) -> Iterator[PaymentCollection]:
    """Hold the collection's row locked until the caller's own transaction ends; what is written is the caller's to
    commit.

    Raises `NotFound` for an unknown collection.
    """
    with transaction.atomic(using=router.db_for_write(PaymentCollection)):
        yield _lock(payment_collection_id, include_deleted=True)


def _lock(payment_collection_id: str, *, include_deleted: bool) -> PaymentCollection:
    collection = primary(PaymentCollection).select_for_update().filter(pk=payment_collection_id).first()
    if collection is None or (collection.deleted_at is not None and not include_deleted):
        raise NotFound(f"PaymentCollection id not found: {payment_collection_id}")
    return collection


def _inside_transaction() -> InsideTransaction:
    return InsideTransaction(
        "Payments can't be changed inside an open transaction: the reservation must be committed before the "
        "provider is called. Call it after commit, with transaction.on_commit() or outside atomic()."
    )
