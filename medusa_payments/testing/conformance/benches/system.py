"""The bench of the system provider: payment by hand."""

from collections.abc import Mapping
from typing import Any

from medusa_payments.providers.system import SystemProvider
from medusa_payments.testing.conformance.bench import Customer, ProviderBench


class SystemBench(ProviderBench):
    """Nothing to configure, nobody to call, and nobody who counts but the ledger."""

    backend = SystemProvider
    name = "System (by hand)"
    keeps_books = False
    never = frozenset(Customer) - {Customer.AUTHORIZES}

    def options(self) -> dict[str, Any]:
        return {}

    def wrong_options(self) -> Mapping[str, Mapping[str, Any]]:
        return {}
