"""Prove that what is stored for speed follows from the facts.

The amount of a payment from its events; its counters from its ledger lines, operations and disputes; the status and
totals of a collection from its payments and sessions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from medusa_payments.core.books import book as books
from medusa_payments.core.books.book import Book
from medusa_payments.core.reconciliation.counters import counters_of
from medusa_payments.models import Payment, PaymentCollection
from medusa_payments.queries.primary import primary

__all__ = ["Difference", "check", "rebuild"]

CHUNK = 500

_COUNTED = ("captured", "capturing", "released", "releasing", "refunded", "refunding", "withheld")

_PROVEN = {"amount": "amount"} | {f"{name}_amount": name for name in _COUNTED}
"""Columns of a payment, each with the counter that it stores. The database itself holds `disputed_amount` to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One stored value that doesn't follow from the facts (amounts in minor units)."""

    row: str
    column: str
    stored: object
    computed: object


def check() -> Iterator[Difference]:
    """Yield every stored value that differs from what its facts say. Changes nothing.

    What differs at first sight is read again with its collection locked, so that a payment that moves meanwhile is no
    false alarm. Raises `InsideTransaction`.
    """
    payments = primary(Payment).defer("provider_data", "metadata").order_by("pk")
    for batch in _batches(payments.iterator(chunk_size=CHUNK)):
        suspects = {difference.row for difference in _check_payments(batch)}
        for payment in batch:
            if payment.pk in suspects:
                yield from _check_payment_at_rest(payment)
    for pk in _collections():
        book = books.read(pk)
        if book is not None and any(_check_collection(book)):
            yield from _check_collection_at_rest(pk)


def rebuild() -> int:
    """Store status and totals of every collection anew; return how many were different.

    Counters of payments are not touched: a counter that differs from its ledger lines is for staff to explain. Raises
    `InsideTransaction`.
    """
    rebuilt = 0
    for pk in _collections():
        with books.opened(pk, include_deleted=True) as book:
            # Totals that differ are saved with the book.
            rebuilt += any(_check_collection(book))
    return rebuilt


def _check_payments(payments: Sequence[Payment]) -> Iterator[Difference]:
    counters = counters_of(payments)
    for payment in payments:
        for column, name in _PROVEN.items():
            stored, computed = getattr(payment, column), getattr(counters[payment.pk], name)
            if stored != computed:
                yield Difference(row=payment.pk, column=column, stored=stored, computed=computed)


def _check_payment_at_rest(payment: Payment) -> list[Difference]:
    with books.opened(payment.payment_collection_id, include_deleted=True, is_dry_run=True) as book:
        return list(_check_payments([book.payment(payment.pk)]))


def _check_collection_at_rest(payment_collection_id: str) -> list[Difference]:
    with books.opened(payment_collection_id, include_deleted=True, is_dry_run=True) as book:
        return list(_check_collection(book))


def _check_collection(book: Book) -> Iterator[Difference]:
    state, collection = book.state(), book.collection
    computed = {
        "status": state.status.value,
        "authorized_amount": state.authorized_amount,
        "captured_amount": state.captured_amount,
        "refunded_amount": state.refunded_amount,
    }
    for column, value in computed.items():
        if getattr(collection, column) != value:
            yield Difference(row=collection.pk, column=column, stored=getattr(collection, column), computed=value)


def _collections() -> Iterator[str]:
    return primary(PaymentCollection).order_by("pk").values_list("pk", flat=True).iterator(chunk_size=CHUNK)


def _batches(rows: Iterator[Payment]) -> Iterator[list[Payment]]:
    while batch := list(islice(rows, CHUNK)):
        yield batch
