"""Balance transactions: what moved on the merchant's balance. The twin takes no fees."""

from medusa_payments.testing.stripe_twin.call import Call, new_id
from medusa_payments.testing.stripe_twin.wire import Document

KIND = "balance_transaction"


def record(call: Call, source: Document, amount: int, *, kind: str) -> str:
    """Write down money that came (or, less than zero, went), and return the transaction's id."""
    transaction = {
        "id": new_id("txn"),
        "object": KIND,
        "amount": amount,
        "available_on": call.now,
        "balance_type": "payments",
        "created": call.now,
        "currency": source["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": kind,
        "source": source["id"],
        "status": "available",
        "type": kind,
    }
    call.save(transaction)
    return str(transaction["id"])


def add(call: Call, transaction_id: str, amount: int) -> None:
    """Let a transaction count for more: another part of the same charge."""
    transaction = call.get(KIND, transaction_id)
    transaction["amount"] += amount
    transaction["net"] += amount
    call.save(transaction)
