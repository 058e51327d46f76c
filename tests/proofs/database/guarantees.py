"""What the database itself guarantees, engine by engine: the suite of attacks, and the table in the docs made of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

Rows = dict[type[models.Model], models.Model]
"""One row of every model, all of one story."""


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """`sentence` is what holds. `refused` lists values that an UPDATE of the model's row must not get in."""

    model: str
    constraint: str
    sentence: str
    refused: tuple[dict[str, Any], ...]

    @property
    def model_class(self) -> type[models.Model]:
        return apps.get_model("medusa_payments", self.model)


def check(model: str, constraint: str, sentence: str, *refused: dict[str, Any]) -> Guarantee:
    return Guarantee(model=model, constraint=constraint, sentence=sentence, refused=refused)


CHECKS = [
    check(
        "Payment",
        "mp_payment_captures_within_amount",
        "captured, being captured, released and being released are never more than the amount",
        {"captured_amount": 101},
        {"capturing_amount": 101},
        {"released_amount": 101},
        {"releasing_amount": 101},
        {"amount": 0},
    ),
    check(
        "Payment",
        "mp_payment_refunds_within_captures",
        "refunded and being refunded are never more than what was captured",
        {"refunded_amount": 99},
        {"refunding_amount": 99},
        {"captured_amount": 0},
    ),
    check(
        "Payment",
        "mp_payment_disputed",
        "no refund reaches into what is disputed: disputed is what disputes withhold, as far as it is captured and "
        "neither refunded nor being refunded",
        {"disputed_amount": 1},
        {"withheld_amount": 1},
        {"withheld_amount": 1, "disputed_amount": 1, "refunding_amount": 1},
    ),
    check(
        "Payment",
        "mp_payment_not_negative",
        "no amount of a payment is negative",
        {"amount": -1},
        {"captured_amount": -1},
        {"capturing_amount": -1},
        {"released_amount": -1},
        {"releasing_amount": -1},
        {"refunded_amount": -1},
        {"refunding_amount": -1},
    ),
    check("Capture", "mp_capture_amount", "a capture is more than nothing", {"amount": 0}, {"amount": -1}),
    check("Refund", "mp_refund_amount", "a refund is more than nothing", {"amount": 0}, {"amount": -1}),
    check("Release", "mp_release_amount", "a release is more than nothing", {"amount": 0}, {"amount": -1}),
    check("RefundReversal", "mp_refund_reversal_amount", "a reversal is more than nothing", {"amount": 0}),
    check(
        "Capture",
        "mp_capture_has_a_cause",
        "a capture names the operation or the provider's capture that caused it",
        {"operation_id": None, "provider_ref": None},
    ),
    check(
        "Refund",
        "mp_refund_has_a_cause",
        "a refund names the operation or the provider's refund that caused it",
        {"operation_id": None, "provider_ref": None},
    ),
    check(
        "Release",
        "mp_release_has_a_cause",
        "a release names the operation or the provider's release that caused it",
        {"operation_id": None, "provider_ref": None},
    ),
    check("PaymentCollection", "mp_collection_amount", "a collection's amount is never negative", {"amount": -1}),
    check(
        "PaymentCollection",
        "mp_collection_totals",
        "a collection's totals are never negative, and refunded <= captured <= authorized",
        {"refunded_amount": 1},
        {"captured_amount": 1},
        {"authorized_amount": -1},
    ),
    check("PaymentCollection", "mp_collection_status", "a status is one of the documented ones", {"status": "paid"}),
    check("PaymentCollection", "mp_collection_on_failure", "a failure policy is a documented one", {"on_failure": "x"}),
    check(
        "PaymentCollection",
        "mp_collection_live_cart",
        "a live collection is the one of its own cart, and not deleted",
        {"live_cart_id": "another"},
    ),
    check("PaymentSession", "mp_session_amount", "a session's amount is never negative", {"amount": -1}),
    check("PaymentSession", "mp_session_status", "a session's status is a documented one", {"status": "paid"}),
    check(
        "Dispute",
        "mp_dispute_amounts",
        "a dispute's amounts are never negative",
        {"amount": -1},
        {"withheld_amount": -1},
    ),
    check("Dispute", "mp_dispute_state", "a dispute's state is a documented one", {"state": "x", "closed_at": None}),
    check(
        "Dispute",
        "mp_dispute_withholds",
        "a dispute that was won or closed, and an inquiry, withhold nothing",
        {"withheld_amount": 1},
    ),
    check("Dispute", "mp_dispute_closed", "a dispute that has ended says since when", {"closed_at": None}),
    check("Operation", "mp_operation_kind", "an operation's kind is a documented one", {"kind": "steal"}),
    check("Operation", "mp_operation_status", "an operation's status is a documented one", {"status": "done"}),
    check(
        "Operation",
        "mp_operation_amounts",
        "an operation's amounts are never negative",
        {"amount": -1},
        {"requested_amount": 0},
    ),
    check(
        "Operation",
        "mp_operation_slot_only_while_open",
        "a closed operation keeps nobody else out",
        {"open_slot": "slot"},
    ),
    check("Operation", "mp_operation_refusal", "only a refused operation has a refusal", {"refusal": "declined"}),
    check("Operation", "mp_operation_settled", "a closed operation says since when", {"settled_at": None}),
    check("WebhookEvent", "mp_webhook_status", "a webhook event's status is a documented one", {"status": "x"}),
    check(
        "AccountHolder",
        "mp_account_holder_forgotten",
        "an account holder has a customer until it is forgotten",
        {"customer_id": None},
        {"forgotten_at": "2026-01-01 00:00:00+00:00"},
        {"erased_at": "2026-01-01 00:00:00+00:00"},
    ),
    check(
        "AccountHolder",
        "mp_account_holder_erased",
        "an erased account holder has no email address",
        {
            "customer_id": None,
            "forgotten_at": "2026-01-01 00:00:00+00:00",
            "erased_at": "2026-01-01 00:00:00+00:00",
            "email": "jane@example.com",
        },
    ),
    check("RefundReason", "mp_refund_reason_live_code", "a live code is the reason's own", {"live_code": "another"}),
]

UNIQUE = {
    "PaymentCollection.live_cart_id": "one live collection per cart",
    "PaymentCollection.mp_collection_idempotency_key": "one collection per order and idempotency key",
    "PaymentSession.mp_session_live_slot": "one live session per slot of a collection",
    "PaymentSession.mp_session_provider_ref": "one session per payment object of a provider account",
    "Payment.payment_session_id": "one payment per session",
    "Capture.operation_id": "one capture per operation",
    "Capture.mp_capture_provider_ref": "one capture per reference of the provider",
    "Refund.operation_id": "one refund per operation",
    "Refund.mp_refund_provider_ref": "one refund per reference of the provider",
    "Release.operation_id": "one release per operation",
    "Release.mp_release_provider_ref": "one release per reference of the provider",
    "RefundReversal.refund_id": "one reversal per refund",
    "Dispute.mp_dispute_provider_ref": "one dispute per reference of a provider account",
    "Operation.open_slot": "one open operation per slot",
    "Operation.line_id": "one operation per id that a refund was promised",
    "Operation.mp_operation_idempotency_key": "one operation per idempotency key, kind and target",
    "Event.mp_event_number": "no two events of a collection have the same number",
    "EventDelivery.event_id": "one delivery per event",
    "WebhookEvent.mp_webhook_event": "one row per event of a provider account",
    "WebhookRefusal.mp_webhook_refusal": "one count per provider, reason and day",
    "AccountHolder.mp_account_holder_customer": "one account holder per customer and provider account",
    "AccountHolder.mp_account_holder_external_id": "one account holder per customer of a provider account",
    "RefundReason.live_code": "one live refund reason per code",
    "PublishableKey.token": "one publishable key per token",
    "SecretKey.token_digest": "one secret key per token",
}

GUARDED = {
    "Capture": "a capture is never changed or deleted",
    "Refund": "a refund is never changed or deleted",
    "Release": "a release is never changed or deleted",
    "RefundReversal": "a reversal is never changed or deleted",
    "Dispute": "a dispute is never deleted",
    "Event": "an event is never changed or deleted",
    "Operation": "an operation is never deleted",
    "Payment": "a payment is never deleted",
    "PaymentSession": "a payment session is never deleted",
    "PaymentCollection": "a payment collection is never deleted",
}

REFERENCED = "a row that another one refers to is never deleted"


def constraints() -> Iterator[tuple[str, str]]:
    """Yield model and name of every check that the models declare."""
    for model in apps.get_app_config("medusa_payments").get_models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.CheckConstraint):
                yield model.__name__, constraint.name


def unique_keys() -> Iterator[tuple[str, type[models.Model], tuple[str, ...]]]:
    """Yield name, model and columns of every key that the models declare, but for the rows' own ids."""
    for model in apps.get_app_config("medusa_payments").get_models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                fields = [model._meta.get_field(name) for name in constraint.fields]
                columns = tuple(field.attname for field in fields)  # type: ignore[union-attr]
                yield f"{model.__name__}.{constraint.name}", model, columns
        for field in model._meta.concrete_fields:
            is_own_id = field.primary_key and field.remote_field is None
            if field.unique and not is_own_id:
                yield f"{model.__name__}.{field.attname}", model, (field.attname,)


YES, APP, NO = "refused by the database", "refused by the app", "possible"


def table() -> str:
    """Return the page of the docs."""
    rows = [(guarantee.sentence, YES, YES, YES) for guarantee in CHECKS]
    rows += [(sentence, YES, YES, YES) for sentence in UNIQUE.values()]
    rows += [(REFERENCED, YES, YES, YES), ("an amount is a whole number of minor units", YES, APP, YES)]
    rows += [(sentence, NO, NO, YES) for sentence in GUARDED.values()]
    lines = [
        "# What the database guarantees",
        "",
        "Made from the suite of attacks in `tests/proofs/database`; a test keeps it current. Each row was",
        "attacked by raw SQL, `update()` and `bulk_create()`, on each engine. The guard is the opt-in app",
        "`medusa_payments.contrib.postgres_guard`. What is only possible without it, no code of the app does.",
        "",
        "| Guarantee | PostgreSQL | SQLite | PostgreSQL with the guard |",
        "|---|---|---|---|",
        *(f"| {sentence} | {postgresql} | {sqlite} | {guard} |" for sentence, postgresql, sqlite, guard in rows),
        "",
        "SQLite stores text in a number column when raw SQL puts it there; through Django the column refuses it.",
        "",
    ]
    return "\n".join(lines)
