"""Another process at the same provider: `python -m tests.providers.child LEDGER_PATH VERB REQUESTS`.

Sends the requests (a JSON list) one after the other and prints how many were rejected.
"""

import sys
from typing import Any

import msgspec

from medusa_payments.providers.errors import ProviderRejected
from medusa_payments.states import OperationKind
from medusa_payments.testing.fake_provider import FakeProvider
from tests.providers.desk import REQUEST_TYPES


def main(ledger_path: str, verb: str, requests: str) -> int:
    provider = FakeProvider("pp_fake_fake", {"ledger_path": ledger_path})
    request_type: Any = REQUEST_TYPES[OperationKind(verb)]
    return sum(
        is_rejected(provider, verb, request) for request in msgspec.json.decode(requests, type=list[request_type])
    )


def is_rejected(provider: FakeProvider, verb: str, request: Any) -> bool:
    try:
        getattr(provider, verb)(request)
    except ProviderRejected:
        return True
    return False


if __name__ == "__main__":
    sys.stdout.write(str(main(*sys.argv[1:])))
