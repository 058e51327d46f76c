"""Proving that what is stored for speed follows from the facts: counters from ledger lines, collections from both."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from medusa_payments.core.books import book as books
from medusa_payments.core.books.book import Book
from medusa_payments.models import Capture, Dispute, Operation, Payment, PaymentCollection, Refund, RefundReversal
from medusa_payments.money import MAX_MINOR_UNITS
from medusa_payments.queries.primary import primary
from medusa_payments.states import WITHHOLDING_STATES, OperationKind, OperationStatus

CHUNK = 500


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
    for payment in primary(Payment).order_by("pk").iterator(chunk_size=CHUNK):
        if any(_check_payment(payment)):
            yield from _check_payment_at_rest(payment)
    for pk in _collections():
        book = books.read(pk)
        if book is not None and any(_check_collection(book)):
            yield from _check_collection_at_rest(pk)


def rebuild() -> int:
    """Store status and totals of every collection anew; return how many were different.

    Counters of payments are not touched: a counter that differs from its ledger lines is for a person to explain.
    Raises `InsideTransaction`.
    """
    rebuilt = 0
    for pk in _collections():
        with books.opened(pk, include_deleted=True) as book:
            # Totals that differ are saved with the book.
            rebuilt += any(_check_collection(book))
    return rebuilt


def _check_payment_at_rest(payment: Payment) -> list[Difference]:
    with books.opened(payment.payment_collection_id, include_deleted=True, is_dry_run=True):
        return list(_check_payment(primary(Payment).get(pk=payment.pk)))


def _check_collection_at_rest(payment_collection_id: str) -> list[Difference]:
    with books.opened(payment_collection_id, include_deleted=True, is_dry_run=True) as book:
        return list(_check_collection(book))


def _collections() -> Iterator[str]:
    return primary(PaymentCollection).order_by("pk").values_list("pk", flat=True).iterator(chunk_size=CHUNK)


def _check_payment(payment: Payment) -> Iterator[Difference]:
    reversed_amount = _total(primary(RefundReversal).filter(payment=payment))
    computed = {
        "captured_amount": _total(primary(Capture).filter(payment=payment)),
        "refunded_amount": _total(primary(Refund).filter(payment=payment)) - reversed_amount,
        "capturing_amount": _in_flight(payment, OperationKind.CAPTURE),
        "releasing_amount": _in_flight(payment, OperationKind.CANCEL),
        "refunding_amount": _in_flight(payment, OperationKind.REFUND),
        "withheld_amount": _withheld(payment),
    }
    for column, value in computed.items():
        if getattr(payment, column) != value:
            yield Difference(row=payment.pk, column=column, stored=getattr(payment, column), computed=value)


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


def _withheld(payment: Payment) -> int:
    states = [state.value for state in WITHHOLDING_STATES]
    withheld = primary(Dispute).filter(payment=payment, state__in=states).aggregate(total=Sum("withheld_amount"))
    return min(withheld["total"] or 0, MAX_MINOR_UNITS)


def _in_flight(payment: Payment, kind: OperationKind) -> int:
    statuses = [OperationStatus.OPEN.value, OperationStatus.ACCEPTED.value]
    return _total(primary(Operation).filter(payment=payment, kind=kind.value, status__in=statuses))


def _total(rows: QuerySet[Capture] | QuerySet[Refund] | QuerySet[RefundReversal] | QuerySet[Operation]) -> int:
    return rows.aggregate(total=Sum("amount"))["total"] or 0
