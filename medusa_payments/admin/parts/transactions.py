"""Services commit their own transactions, so the views that call them must not be inside one."""

from itertools import product

from django.db import connections, transaction
from django.urls import URLPattern


def without_transactions(patterns: list[URLPattern]) -> list[URLPattern]:
    """Take views out of the transactions that `ATOMIC_REQUESTS` opens on any database."""
    for pattern, alias in product(patterns, connections):
        transaction.non_atomic_requests(using=alias)(pattern.callback)
    return patterns
