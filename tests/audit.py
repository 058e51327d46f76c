"""An independent reading of the books: the provider's, the ledger's, the counters', the collections'."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import F, Sum
from django.db.models.functions import Now

from medusa_payments.core.books import book as books
from medusa_payments.models import (
    AccountHolder,
    Event,
    Operation,
    Payment,
    PaymentCollection,
    PaymentSession,
    WebhookEvent,
)
from medusa_payments.providers.types import operation_of
from medusa_payments.services import worker
from medusa_payments.states import SessionStatus
from medusa_payments.testing.fake_provider import FakeProvider

FEW_ROUNDS = 6

FAKE = "pp_fake_fake"


def recover() -> int:
    """Let every lease and every pause run out, as the clock would, and have the worker run until it changes nothing.

    Returns how much is left.
    """
    left = 0
    found = _rows()
    for _ in range(FEW_ROUNDS):
        long_ago = Now() - timedelta(seconds=1)
        before = F("created_at") - timedelta(seconds=1)
        Operation.objects.filter(status="open").update(
            lease_expires_at=before, in_flight_until=before, next_attempt_at=None
        )
        WebhookEvent.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=long_ago)
        PaymentCollection.objects.filter(attention_at__isnull=False).update(attention_at=long_ago)
        report = worker.run_once()
        left = report.left
        if {stage.name for stage in report.stages if stage.done} <= {"upkeep"} and found == (found := _rows()):
            break
    return left


def _rows() -> object:
    """What upkeep may change. A collection is looked after for as long as something may come of it: mostly nothing."""
    return (
        Event.objects.count(),
        list(Operation.objects.order_by("pk").values_list("pk", "status", "fence")),
        list(PaymentSession.objects.order_by("pk").values_list("pk", "status", "slot")),
    )


def differences(provider: FakeProvider) -> list[str]:
    """Return everything that does not add up; nothing when every cent can be explained."""
    return [
        *_open_ends(),
        *_counters(),
        *_collections(),
        *_provider_and_ledger(provider),
        *_disputes(provider),
        *_money_nobody_knows(provider),
        *_keys_used_twice(provider),
        *_customers_kept_twice(provider),
    ]


def _open_ends() -> Iterator[str]:
    for operation in Operation.objects.filter(status="open"):
        yield f"{operation.kind} {operation.pk} is open"
    for payment in Payment.objects.exclude(capturing_amount=0, releasing_amount=0, refunding_amount=0):
        accepted = payment.operations.filter(status="accepted").aggregate(sum=Sum("amount"))["sum"] or 0
        if (payment.capturing_amount, payment.releasing_amount, payment.refunding_amount) != (0, 0, accepted):
            yield f"{payment.pk} has money in flight that no operation explains"


def _counters() -> Iterator[str]:
    for payment in Payment.objects.all():
        captured = _total(payment.captures)
        refunded = _total(payment.refunds) - _total(payment.refund_reversals)
        counted = (payment.captured_amount, payment.released_amount, payment.refunded_amount)
        lines = (captured, _total(payment.releases), refunded)
        if counted != lines:
            yield f"{payment.pk} counts {counted} captured, released and refunded, its lines {lines}"


def _total(lines: object) -> int:
    return lines.aggregate(sum=Sum("amount"))["sum"] or 0  # type: ignore[attr-defined,no-any-return]


def _collections() -> Iterator[str]:
    for collection in PaymentCollection.objects.all():
        book = books.read(collection.pk)
        assert book is not None
        state = book.state()
        stored = (
            collection.status,
            collection.authorized_amount,
            collection.captured_amount,
            collection.refunded_amount,
        )
        decided = (state.status.value, state.authorized_amount, state.captured_amount, state.refunded_amount)
        if stored != decided:
            yield f"{collection.pk} says {stored}, its rows say {decided}"


def _provider_and_ledger(provider: FakeProvider) -> Iterator[str]:
    for payment in Payment.objects.filter(provider_id=FAKE):
        theirs = provider.payment(payment.provider_ref)
        if theirs is None:
            yield f"{payment.pk} is unknown to the provider"
            continue
        ours = (payment.captured_amount, payment.released_amount, payment.refunded_amount + payment.refunding_amount)
        if ours != (theirs.captured, theirs.released, theirs.refunded):
            yield f"{payment.pk}: ours {ours}, theirs {(theirs.captured, theirs.released, theirs.refunded)}"


def _disputes(provider: FakeProvider) -> Iterator[str]:
    for payment in Payment.objects.filter(provider_id=FAKE):
        rows = list(payment.disputes.all())
        ours = sorted((row.provider_ref, row.state, row.amount) for row in rows)
        theirs = sorted((row.ref, row.state, row.amount) for row in provider.dashboard.disputes(payment.provider_ref))
        if ours != theirs:
            yield f"{payment.pk}: our disputes {ours}, theirs {theirs}"
        withheld = sum(row.withheld_amount for row in rows)
        out_of_reach = min(withheld, payment.captured_amount - payment.refunded_amount - payment.refunding_amount)
        if (payment.withheld_amount, payment.disputed_amount) != (withheld, out_of_reach):
            counted = f"{payment.withheld_amount}/{payment.disputed_amount}"
            yield f"{payment.pk} counts {counted} disputed, its disputes {withheld}/{out_of_reach}"


def _money_nobody_knows(provider: FakeProvider) -> Iterator[str]:
    for snapshot in provider.list_payments():
        known = Payment.objects.filter(provider_ref=snapshot.provider_ref).exists()
        if snapshot.status.holds_money and not known:
            yield f"{snapshot.provider_ref} holds money that no payment stands for"
        session = PaymentSession.objects.filter(provider_ref=snapshot.provider_ref).first()
        is_over = snapshot.status == SessionStatus.CANCELED
        if (session is None or session.slot is None) and not is_over and not known:
            yield f"{snapshot.provider_ref} can still be paid, for no live session"


def _keys_used_twice(provider: FakeProvider) -> Iterator[str]:
    """Of one operation, under whichever of its keys."""
    keys = Counter(operation_of(entry["idempotency_key"]) for entry in provider.ledger_entries())
    keys.pop("", None)
    yield from (f"{key} moved something {times} times" for key, times in keys.items() if times > 1)


def _customers_kept_twice(provider: FakeProvider) -> Iterator[str]:
    kept = Counter((customer.account, customer.customer_id) for customer in provider.customers())
    yield from (f"{customer} is kept {times} times" for customer, times in kept.items() if times > 1)
    known = set(AccountHolder.objects.values_list("external_id", flat=True))
    yield from (f"{customer.ref} is unknown to us" for customer in provider.customers() if customer.ref not in known)
