"""Reads the facts of payments from the database, as `counters.fold` takes them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Model

from medusa_payments.core.policy.counters import IN_FLIGHT_STATUSES, Counters, DisputeFact, OperationFact, fold
from medusa_payments.models import Capture, Dispute, Event, Operation, Payment, Refund, RefundReversal, Release
from medusa_payments.queries.primary import primary

AUTHORIZED = "payment.authorized"
RAISED = "payment.amount_raised"


def counters_of(payments: Sequence[Payment]) -> dict[str, Counters]:
    """Return what the counters of payments must be, by payment, in one query for each kind of fact."""
    ids = [payment.pk for payment in payments]
    authorized = _authorized(payments)
    captures, releases, refunds, reversals = (
        _lines(model, ids) for model in (Capture, Release, Refund, RefundReversal)
    )
    in_flight = [status.value for status in IN_FLIGHT_STATUSES]
    asked = primary(Operation).filter(payment__in=ids, status__in=in_flight)
    operations = _by_payment(asked.values_list("payment_id", "kind", "status", "amount"))
    disputes = _by_payment(
        primary(Dispute).filter(payment__in=ids).values_list("payment_id", "state", "withheld_amount")
    )
    return {
        pk: fold(
            authorized=authorized[pk],
            captures=captures[pk],
            releases=releases[pk],
            refunds=refunds[pk],
            reversals=reversals[pk],
            operations=[OperationFact(*facts) for facts in operations[pk]],
            disputes=[DisputeFact(*facts) for facts in disputes[pk]],
        )
        for pk in ids
    }


def _authorized(payments: Sequence[Payment]) -> Mapping[str, list[int]]:
    """Return each amount that a payment's events say was authorized."""
    collection_ids = {payment.payment_collection_id for payment in payments}
    told = primary(Event).filter(payment_collection__in=collection_ids, name__in=(AUTHORIZED, RAISED))
    found: dict[str, list[int]] = defaultdict(list)
    for name, data in told.values_list("name", "data"):
        found[data["payment_id"]].append(data["amount"] if name == AUTHORIZED else data["after"]["amount"])
    return found


def _lines(model: type[Model], payment_ids: Iterable[str]) -> Mapping[str, list[int]]:
    rows = primary(model).filter(payment__in=payment_ids).values_list("payment_id", "amount")
    found: dict[str, list[int]] = defaultdict(list)
    for payment_id, amount in rows:
        found[payment_id].append(amount)
    return found


def _by_payment(rows: Iterable[tuple[Any, ...]]) -> Mapping[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for payment_id, *facts in rows:
        found[payment_id].append(tuple(facts))
    return found
