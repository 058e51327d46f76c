"""Keep views out of transactions: services commit their own."""

from itertools import product

from django.db import connections, transaction
from django.urls import URLPattern


def without_transactions(patterns: list[URLPattern]) -> list[URLPattern]:
    """Exempt views from the transactions that `ATOMIC_REQUESTS` opens, on every database."""
    for pattern, alias in product(patterns, connections):
        transaction.non_atomic_requests(using=alias)(pattern.callback)
    return patterns
