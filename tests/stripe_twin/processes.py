"""A process of its own that uses a twin: `python -m tests.stripe_twin.processes FILE KEY TIMES`."""

import sys
from typing import Any

import stripe

from medusa_payments.testing.stripe_twin.twin import SECRET_KEY, StripeTwin


def main(path: str, key: str, times: int) -> None:
    """Create one intent with one key, again and again, and say which."""
    # While the other process's request is being executed, this one is told to come again.
    client = stripe.StripeClient(SECRET_KEY, http_client=StripeTwin(path).http_client(), max_network_retries=2)
    params: Any = {"amount": 2000, "currency": "eur", "metadata": {"session_id": "payses_1"}}
    for _ in range(times):
        intent = client.v1.payment_intents.create(params, {"idempotency_key": key})
        sys.stdout.write(f"{intent.id}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
