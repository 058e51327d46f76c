"""All rules, in the order in which reports list them."""

from medusa_payments.testing.conformance.checks import (
    amounts,
    cancels,
    captures,
    construction,
    customers,
    declarations,
    errors,
    idempotency,
    reading,
    refunds,
    session_data,
    sessions,
    threads,
    webhooks,
)
from medusa_payments.testing.conformance.rules import Rule, registered

GROUPS = {
    "CON": construction,
    "ACC": construction,
    "DEC": declarations,
    "DAT": session_data,
    "PUB": session_data,
    "INI": sessions,
    "UPD": sessions,
    "AUT": sessions,
    "MON": amounts,
    "IDE": idempotency,
    "ERR": errors,
    "CAP": captures,
    "REF": refunds,
    "CAN": cancels,
    "RET": reading,
    "LST": reading,
    "WEB": webhooks,
    "HOL": customers,
    "SAV": customers,
    "DIS": customers,
    "THR": threads,
}
"""The module of the rules with each prefix."""

_ORDER = list(GROUPS)

RULES: tuple[Rule, ...] = tuple(sorted(registered(), key=lambda rule: (_ORDER.index(rule.id[:3]), rule.id)))
