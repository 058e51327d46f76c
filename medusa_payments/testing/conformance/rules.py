"""What a rule of the contract is, and what can become of checking one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medusa_payments.testing.conformance.desk import Desk

Check = Callable[["Desk"], None]


class CheckStatus(StrEnum):
    """What became of a check.

    `blocked`: what it builds on failed already, which another check tells; it counts as a failure. `not_applicable`:
    the provider doesn't claim to do this. `not_checked`: the bench lacks the hook that would show it.
    """

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    NOT_APPLICABLE = "not_applicable"
    NOT_CHECKED = "not_checked"


class Violation(AssertionError):
    """The provider broke the rule; the message says what was seen."""


class Blocked(Exception):
    """The provider didn't get as far as the rule."""


class NotApplicable(Exception):
    """The rule isn't for this provider."""


class NotChecked(Exception):
    """The bench can't show whether the rule is kept."""


Need = Callable[["Desk"], None]
"""Raises `NotApplicable` or `NotChecked` where a rule can't be checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the contract. `change` is what the author of a provider that breaks it has to do, `stake` why."""

    id: str
    statement: str
    change: str
    stake: str
    check: Check = field(repr=False)
    needs: tuple[Need, ...] = ()

    def __str__(self) -> str:
        return self.id


_RULES: dict[str, Rule] = {}


def rule(
    rule_id: str, statement: str, *, change: str, stake: str, needs: Iterable[Need] = ()
) -> Callable[[Check], Check]:
    """Make a function the check of a rule. The same id twice is an error."""

    def register(check: Check) -> Check:
        if rule_id in _RULES:
            raise ValueError(f"there are two rules {rule_id}")
        _RULES[rule_id] = Rule(
            id=rule_id, statement=statement, change=change, stake=stake, check=check, needs=tuple(needs)
        )
        return check

    return register


def registered() -> tuple[Rule, ...]:
    """Return all rules whose modules have been imported, in the order of their definition."""
    return tuple(_RULES.values())
