"""Does a payment provider keep the contract that the core relies on? See `docs/guides/writing-a-provider.md`.

Inherit the tests:

    class TestAcme(ProviderConformance):
        bench = AcmeBench

or run them: `python -m pytest -p medusa_payments.testing.conformance.plugin --pyargs
medusa_payments.testing.conformance.test_provider --provider-bench acme.bench:AcmeBench`. Neither needs a database.
"""

from medusa_payments.testing.conformance.bench import Books, Customer, Fault, ProviderBench, SentWebhook
from medusa_payments.testing.conformance.suite import ProviderConformance

__all__ = ["Books", "Customer", "Fault", "ProviderBench", "ProviderConformance", "SentWebhook"]
