"""Makes the documentation's page about providers from a report: `python -m medusa_payments.testing.conformance.matrix`.

Takes the report and the page to write: `docs/providers.json docs/providers.md`.
"""

import sys
from pathlib import Path

from medusa_payments.testing.conformance import report
from medusa_payments.testing.conformance.catalogue import RULES
from medusa_payments.testing.conformance.report import Provider
from medusa_payments.testing.conformance.rules import CheckStatus

_HEAD = """# Providers

Made from [`providers.json`](providers.json), which the [conformance kit](guides/writing-a-provider.md) wrote: `make
providers` makes both anew. Nothing here is claimed by hand.

"""

_TIERS = """
*Verified*: every rule that applies was checked and is kept. *Partly verified*: all that was checked is kept, and some
could not be. *Failing*: at least one rule is broken.

"""

_MARKS = {
    CheckStatus.PASSED: "yes",
    CheckStatus.FAILED: "**broken**",
    CheckStatus.BLOCKED: "**broken**",
    CheckStatus.NOT_APPLICABLE: "n/a",
    CheckStatus.NOT_CHECKED: "not checked",
}

_CAPABILITIES = {
    "supports_partial_capture": "Captures a part",
    "supports_multiple_captures": "Captures several times",
    "supports_partial_refund": "Refunds a part",
    "supports_update": "Changes a payment in place",
    "supports_zero_amount": "Takes an amount of 0",
    "is_local": "Nothing leaves the process",
    "key_window_seconds": "Remembers idempotency keys",
    "can_retrieve": "Can be asked what it has",
    "finds_by_session": "Finds payments by our session",
    "reports_keys": "Names the key of each movement",
    "can_list": "Can be reconciled",
    "has_webhooks": "Webhooks",
    "has_unsigned_webhooks": "Webhooks that nobody signs",
    "has_account_holders": "Keeps customers",
    "has_saved_methods": "Keeps payment methods",
    "has_disputes": "Tells of disputes",
}

_HOUR = 3_600


def page(providers: list[Provider]) -> str:
    """Return the page: tiers, capabilities, and every rule by provider."""
    names = [provider["name"] for provider in providers]
    tiers = [["Support", *map(tier, providers)], ["Rules", *map(_counted, providers)]]
    can = [[label, *[_ability(provider, name) for provider in providers]] for name, label in _CAPABILITIES.items()]
    rules = [[f"`{rule.id}` {rule.statement}", *[_mark(provider, rule.id) for provider in providers]] for rule in RULES]
    return "".join(
        (
            _HEAD,
            _table("", names, tiers),
            _TIERS,
            "## What they can do\n\n",
            _table("Capability", names, can),
            "\n## What is checked\n\n",
            "n/a: the rule isn't for this provider. The report says why, for each.\n\n",
            _table("Rule", names, rules),
            _notes(providers),
        )
    )


def tier(provider: Provider) -> str:
    """Return how well a provider is supported, by what was checked."""
    counted = report.counts(provider)
    if counted[CheckStatus.FAILED] or counted[CheckStatus.BLOCKED]:
        return "Failing"
    return "Partly verified" if counted[CheckStatus.NOT_CHECKED] else "Verified"


def _counted(provider: Provider) -> str:
    counted = report.counts(provider)
    told = [f"{counted[status]} {status.replace('_', ' ')}" for status in CheckStatus if counted[status]]
    return ", ".join(told)


def _ability(provider: Provider, name: str) -> str:
    value = provider["capabilities"][name]
    if name == "key_window_seconds":
        return "for ever" if value is None else f"{value // _HOUR} hours"
    return "yes" if value else "no"


def _mark(provider: Provider, rule_id: str) -> str:
    found = [check["status"] for check in provider["checks"] if check["id"] == rule_id]
    return _MARKS[CheckStatus(found[0])] if found else "not run"


def _notes(providers: list[Provider]) -> str:
    notes = [
        f"- {provider['name']}, `{check['id']}`: {note}\n"
        for provider in providers
        for check in provider["checks"]
        for note in check["notes"]
    ]
    return "".join(("\n## Notes\n\n", *notes)) if notes else ""


def _table(title: str, names: list[str], rows: list[list[str]]) -> str:
    lines = [[title, *names], ["---"] * (1 + len(names)), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: list[str]) -> int:
    """Write the page of a report."""
    source, target = map(Path, arguments)
    target.write_text(page(report.read(source)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
