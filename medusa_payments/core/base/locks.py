"""The one lock of the money core, the transaction it is held in, and what the database says when it can't do it."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from medusa_payments.exceptions import InsideTransaction
from medusa_payments.models import PaymentCollection

logger = logging.getLogger(__name__)

A_TICK = timedelta(milliseconds=1)
"""SQLite's clock counts milliseconds. What ends now ends a tick earlier, so that the next statement sees it ended."""

_ROLLED_BACK = frozenset({"40001", "40P01"})
"""PostgreSQL's serialization failure and deadlock: all of the transaction is undone, for certain."""

_SESSION_TIMEOUTS_AND_STANDBYS = frozenset({"25P03", "25P04", "25006"})
"""What PostgreSQL says of a transaction that it ended for its length, and of a server that has become read-only."""

_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN")


@contextmanager
def durable_transaction() -> Iterator[None]:
    """A transaction that is committed for certain when the block ends, at the isolation level READ COMMITTED.

    The lock keeps the books right. With the snapshot of a stricter level, a host's own choice for its database, who
    waited for the lock would see what was there before the wait, or be sent away.

    Raises `InsideTransaction` when the caller has a transaction open already, or has switched autocommit off, which
    comes to the same.
    """
    using = router.db_for_write(PaymentCollection)
    connection = connections[using]
    if not connection.in_atomic_block and not connection.get_autocommit():
        raise _inside_transaction()
    with ExitStack() as stack:
        stack.enter_context(_beginning_at_read_committed(connection))
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


def was_rolled_back(error: BaseException) -> bool:
    """Say whether the database undid a transaction for the sake of another one: it may be done again at once."""
    return _sqlstate(error) in _ROLLED_BACK


def is_database_unavailable(error: BaseException) -> bool:
    """Say whether the database couldn't do now what it can do later: it was away, too slow, too busy, or locked.

    False for what is wrong with a statement or its data.
    """
    code = getattr(error.__cause__, "sqlite_errorname", None)
    if code is not None:
        return str(code).startswith(_BUSY)
    is_trouble = isinstance(error, OperationalError | InterfaceError)
    return is_trouble or (isinstance(error, DatabaseError) and _sqlstate(error) in _SESSION_TIMEOUTS_AND_STANDBYS)


def renew_connection() -> None:
    """Let go of a connection that an error has left unusable, so that the next statement opens a new one."""
    connection = connections[router.db_for_write(PaymentCollection)]
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


@contextmanager
def left_for_later(what: str) -> Iterator[None]:
    """Log the trouble that the database makes in this block, and go on: the worker comes by again.

    The collection may be locked by a long transaction of the host's; other collections don't wait for it.
    """
    try:
        yield
    except DatabaseError as error:
        logger.warning("%s: %s", what, type(error).__name__)
        renew_connection()


@contextmanager
def _beginning_at_read_committed(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let the transactions of this block begin at READ COMMITTED, whatever Django, the role or the server is set to.

    PostgreSQL's driver says it as it begins, so it costs no statement.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    from django.db.backends.postgresql.psycopg_any import IsolationLevel  # noqa: PLC0415

    driver: Any = connection.connection
    before, driver.isolation_level = driver.isolation_level, IsolationLevel.READ_COMMITTED
    try:
        yield
    finally:
        # A connection that was lost meanwhile takes no setting any more, and needs none.
        with suppress(Exception):
            driver.isolation_level = before


def _sqlstate(error: BaseException) -> str | None:
    """psycopg 3 calls it `sqlstate`, psycopg 2 `pgcode`."""
    cause = error.__cause__
    code: str | None = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return code


def _inside_transaction() -> InsideTransaction:
    return InsideTransaction(
        "Payments can't be changed inside an open transaction: the reservation must be committed before the "
        "provider is called. Call it after commit, with transaction.on_commit() or outside atomic()."
    )
