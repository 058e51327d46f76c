"""What a run of the kit leaves behind: JSON, from which the documentation's matrix is made."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from medusa_payments.testing.conformance.rules import CheckStatus

PROPERTY = "medusa_payments.conformance"
"""The name of the user property that carries a check's result to the report."""

FORMAT = 1

Provider = dict[str, Any]


def merge(entries: Iterable[dict[str, Any]]) -> list[Provider]:
    """Return one entry for each provider, with all its checks."""
    providers: dict[str, Provider] = {}
    for entry in entries:
        name = entry["provider"]["name"]
        provider = providers.setdefault(name, {**entry["provider"], "checks": []})
        provider["checks"].append(entry["check"])
    for provider in providers.values():
        provider["checks"].sort(key=lambda check: check["id"])
    return [providers[name] for name in sorted(providers)]


def write(path: Path, providers: list[Provider]) -> None:
    """Write a report: readable, the same for the same results."""
    encoded = msgspec.json.encode({"format": FORMAT, "providers": providers}, order="sorted")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")


def read(path: Path) -> list[Provider]:
    """Return the providers of a report. Raises `ValueError` for one of another format."""
    content = msgspec.json.decode(path.read_bytes())
    if content.get("format") != FORMAT:
        raise ValueError(f"{path} is not a report of format {FORMAT}")
    providers: list[Provider] = content["providers"]
    return providers


def counts(provider: Provider) -> Counter[str]:
    """Return how many checks ended in each status."""
    return Counter(check["status"] for check in provider["checks"])


def summary(provider: Provider) -> str:
    """Return one line about a provider."""
    counted = counts(provider)
    told = [f"{counted[status]} {status.replace('_', ' ')}" for status in CheckStatus if counted[status]]
    return f"{provider['name']}: {', '.join(told)}"
