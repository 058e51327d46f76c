"""Collects rows of all models and writes them in bulk, in an order that keeps foreign keys whole."""

from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from django.apps.registry import Apps

from medusa_payments.ids import id_of
from medusa_payments.testing.fake_ledger import FakeDispute, FakeLedger, FakeMovement, FakePayment

if TYPE_CHECKING:
    from django.db.models import Model

ROWS_BEFORE_FLUSH = 20_000

_IN_ORDER = (
    *("PublishableKey", "RefundReason", "AccountHolder", "PaymentCollection", "PaymentSession", "Payment", "Operation"),
    *("Capture", "Refund", "RefundReversal", "Release", "Dispute", "Debt", "Event", "EventDelivery"),
    *("WebhookEvent", "WebhookRefusal"),
)


class Writer:
    """Makes ids and rows from one source of chance, so that the same seed makes the same month.

    `apps` are those of the project, or those of a migration: a model that they don't have yet is left out.
    """

    def __init__(self, apps: Apps, *, chance: Random, using: str, ledger: FakeLedger | None) -> None:
        known = {model.__name__: model for model in apps.get_app_config("medusa_payments").get_models()}
        self._models: dict[str, type[Model]] = {name: known[name] for name in _IN_ORDER if name in known}
        self._rows: dict[str, list[Any]] = {name: [] for name in self._models}
        self._at_provider: list[tuple[FakePayment, list[tuple[str, FakeMovement]], list[FakeDispute]]] = []
        self._using = using
        self._ledger = ledger
        self.chance = chance

    def new_id(self, prefix: str, at: datetime) -> str:
        return id_of(prefix, milliseconds=int(at.timestamp() * 1000), tail=self.chance.getrandbits(80))

    def token(self, prefix: str) -> str:
        """Return a reference as a provider makes them."""
        return f"{prefix}_{self.chance.getrandbits(96):024x}"

    def add(self, model: str, **columns: Any) -> Any:
        """Keep a row to be written; it may be changed until then. None for a model that isn't there yet."""
        if model not in self._models:
            return None
        row = self._models[model](**columns)
        self._rows[model].append(row)
        return row

    def add_at_provider(
        self, payment: FakePayment, movements: list[tuple[str, FakeMovement]], disputes: list[FakeDispute]
    ) -> None:
        """Keep a payment object of the fake provider, with its movements by their verb."""
        if self._ledger is not None:
            self._at_provider.append((payment, movements, disputes))

    def flush_if_many(self) -> None:
        if sum(map(len, self._rows.values())) >= ROWS_BEFORE_FLUSH:
            self.flush()

    def flush(self) -> None:
        """Write what was kept: the provider's side first, as it happens."""
        self._flush_at_provider()
        for name, rows in self._rows.items():
            self._models[name]._default_manager.using(self._using).bulk_create(rows, batch_size=2_000)
            rows.clear()

    def _flush_at_provider(self) -> None:
        if self._ledger is None:
            return
        with self._ledger.transaction() as books:
            for payment, movements, disputes in self._at_provider:
                books.save(payment)
                for verb, movement in movements:
                    if verb == "capture":
                        books.add_capture(payment, movement)
                    elif verb == "refund":
                        books.save_refund(payment.ref, movement)
                    books.enter(verb, payment, idempotency_key=movement.idempotency_key, amount=movement.amount)
                for dispute in disputes:
                    books.save_dispute(dispute)
        self._at_provider.clear()
