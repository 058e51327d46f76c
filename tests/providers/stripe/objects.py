"""Objects as Stripe answers them, with what a test cares about changed."""

from typing import Any


def intent(**changes: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 10000,
        "amount_received": 0,
        "amount_capturable": 0,
        "currency": "eur",
        "status": "requires_payment_method",
        "client_secret": "pi_1_secret_x",
        "created": 1_790_000_000,
        "livemode": False,
        "metadata": {"session_id": "payses_1"},
        "payment_method": None,
        "latest_charge": None,
        "last_payment_error": None,
        "next_action": None,
    } | changes


def charge(**changes: Any) -> dict[str, Any]:
    return {
        "id": "ch_1",
        "object": "charge",
        "status": "succeeded",
        "disputed": False,
        "billing_details": {"name": "Ada Lovelace", "email": "ada@example.com"},
        "payment_method_details": {"card": {"brand": "visa", "last4": "4242"}},
        "refunds": {"data": [], "has_more": False},
    } | changes


def card(**changes: Any) -> dict[str, Any]:
    return {
        "id": "pm_1",
        "type": "card",
        "billing_details": {"name": "Ada Lovelace"},
        "card": {"brand": "visa", "last4": "4242", "fingerprint": "Xt5EWLLDS7FJjR1c", "exp_month": 1, "exp_year": 2030},
    } | changes


def refund(**changes: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 3000,
        "currency": "eur",
        "status": "succeeded",
        "balance_transaction": "txn_1",
        "failure_reason": None,
        "metadata": {},
    } | changes


def event(subject: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": 1_790_000_000,
        "livemode": False,
        "data": {"object": subject},
    } | changes
