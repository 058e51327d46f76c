"""A customer's accounts with providers, and the payment methods saved there."""

from typing import Any

from medusa_payments.api.documents.keys import never_deleted, record, text, time
from medusa_payments.api.documents.sample import (
    ACCOUNT_HOLDER_ID,
    CARD_PROVIDER_ID,
    CREATED_AT,
    PAYMENT_METHOD_ID,
)
from medusa_payments.api.documents.shape import Shape


def _no_data(row: object) -> dict[str, Any]:
    """What the provider keeps of a customer never leaves the server."""
    return {}


ACCOUNT_HOLDER = Shape(
    "AccountHolder",
    text("id", ACCOUNT_HOLDER_ID),
    text(
        "provider_id",
        CARD_PROVIDER_ID,
        help_text="The provider that it was opened through; others on the same account share it.",
    ),
    text("external_id", "cus_ExampleCustomer", help_text="The provider's own id of the customer."),
    text("email", "jane@example.com", allow_null=True, help_text="As it was told to the provider."),
    record("data", {}, of=_no_data, help_text="Always empty: what the provider keeps stays on the server."),
    record("metadata", None, allow_null=True),
    time("created_at", CREATED_AT),
    time("updated_at", CREATED_AT),
    never_deleted(),
)
PAYMENT_METHOD = Shape(
    "PaymentMethod",
    text("id", PAYMENT_METHOD_ID, help_text="The provider's own id."),
    text("provider_id", CARD_PROVIDER_ID),
    record(
        "data",
        {"type": "card", "card": {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030}},
        help_text="What the provider lets the customer see, such as brand and last digits of a card.",
    ),
)
