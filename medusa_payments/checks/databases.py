"""The database of the payments: read from its settings, never connected to."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.db import connections, router

from medusa_payments.checks.settings import TAG
from medusa_payments.models import PaymentCollection

SHORTEST_TIMEOUT_SECONDS = 10
_LOSES_COMMITS = {
    "postgresql": re.compile(r"synchronous[_-]commit\s*=\s*'?(off|false|no|0)\b", re.IGNORECASE),
    "sqlite": re.compile(r"synchronous\s*=\s*'?(off|normal|0|1)\b", re.IGNORECASE),
}
_HINT = (
    'Use a file with OPTIONS {"transaction_mode": "IMMEDIATE", "timeout": 30}, or PostgreSQL; '
    "docs/reference.md, Databases, says why."
)


@register(TAG)
def check_database(**_: Any) -> list[CheckMessage]:
    """`medusa_payments.W002`, `W003`, `W004` and `W011`: a database that weakens what is promised about money."""
    connection = connections[router.db_for_write(PaymentCollection)]
    options: dict[str, Any] = connection.settings_dict.get("OPTIONS") or {}
    if connection.vendor not in _LOSES_COMMITS:
        return [_unsupported(connection.alias, connection.settings_dict["ENGINE"])]
    found = [_lossy(connection.alias)] if _loses_commits(connection.vendor, options) else []
    if connection.vendor == "postgresql" and _isolates_too_much(options):
        found.append(_serialization_failures(connection.alias))
    if connection.vendor == "sqlite":
        found += [
            Warning(f"DATABASES['{connection.alias}']: {weakness}.", hint=_HINT, id="medusa_payments.W002")
            for weakness in _weaknesses_of_sqlite(str(connection.settings_dict["NAME"]), options)
        ]
    return found


def _weaknesses_of_sqlite(name: str, options: dict[str, Any]) -> Iterator[str]:
    # What Django's test runner makes in memory has a name of its own; nobody's money is in it.
    if name in {"", ":memory:"}:
        yield "payments in memory are gone when the process ends"
    if str(options.get("transaction_mode") or "").upper() not in {"IMMEDIATE", "EXCLUSIVE"}:
        yield "without the transaction_mode IMMEDIATE, payments made at the same time fail with 'database is locked'"
    if options.get("timeout", 5) < SHORTEST_TIMEOUT_SECONDS:
        yield f"with a timeout under {SHORTEST_TIMEOUT_SECONDS} seconds, payments that wait for each other fail"


def _loses_commits(vendor: str, options: dict[str, Any]) -> bool:
    text = f"{options.get('options') or ''} {options.get('init_command') or ''}"
    return _LOSES_COMMITS[vendor].search(text) is not None


def _isolates_too_much(options: dict[str, Any]) -> bool:
    level = options.get("isolation_level")
    return level is not None and str(getattr(level, "name", level)) in {"REPEATABLE_READ", "SERIALIZABLE", "3", "4"}


def _serialization_failures(alias: str) -> CheckMessage:
    return Warning(
        f"DATABASES['{alias}'] has an isolation level under which payments at the same time fail instead of queueing.",
        hint="Leave isolation_level at READ COMMITTED: the collection's row lock does the rest.",
        id="medusa_payments.W011",
    )


def _lossy(alias: str) -> CheckMessage:
    return Warning(
        f"DATABASES['{alias}'] acknowledges commits that a crash of the machine can undo: money may move twice.",
        hint="Leave synchronous_commit (PostgreSQL) at on, synchronous (SQLite) at FULL.",
        id="medusa_payments.W003",
    )


def _unsupported(alias: str, engine: str) -> CheckMessage:
    return Warning(
        f"DATABASES['{alias}'] uses {engine}, on which nothing that is promised about money was ever tested.",
        hint="Keep the payments' tables on PostgreSQL (a database router can do that), or on SQLite.",
        id="medusa_payments.W004",
    )
